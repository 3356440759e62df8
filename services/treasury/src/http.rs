//! Treasury over HTTP: the routes, and the document that describes them.
//!
//! Handlers parse, call the trait and map the reply; nothing is decided here.

mod cash;
mod operations;
mod outlook;
mod pools;
mod risk;

use std::sync::Arc;

use axum::Router;
use platform::error;
use platform::http::document::Part;
use platform::room::Routes;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::face::{Refusal, SERVICE, Treasury};

pub(crate) use operations::OPERATIONS;

pub(crate) const TAGS: &[(&str, &str)] = &[
    ("Positions", "Entities, the accounts that are linked to them, rates, and what is where."),
    (
        "Forecasts",
        "Flows that are expected, and what comes in and goes out in the next days, weeks or months, with bands.",
    ),
    ("Sweeps", "Pools of accounts, and moves between them: proposed by rules or a plan, approved by a second person."),
    ("Market risk", "Exposures, histories of factors, value at risk and its back-test. Calculations are kept forever."),
];

type Shared = Arc<dyn Treasury>;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PageParams {
    /// `next` of the previous page.
    cursor: Option<String>,
    /// 50 unless given, 500 at most.
    limit: Option<u32>,
}

pub(crate) fn routes(treasury: Shared) -> Routes {
    Routes::under_v1(Router::from(router()).with_state(treasury))
}

pub(crate) fn document() -> OpenApi {
    let part = Part {
        room: SERVICE,
        tags: TAGS,
        samples: error::samples::<Refusal>(),
        operations: OPERATIONS,
        story: include_str!("../story.json"),
    };
    part.finish(router().into_openapi())
}

fn router() -> OpenApiRouter<Shared> {
    let all = OpenApiRouter::new()
        .routes(routes!(cash::list_treasury_entities))
        .routes(routes!(cash::put_treasury_entity))
        .routes(routes!(cash::add_treasury_account, cash::list_treasury_accounts))
        .routes(routes!(cash::change_treasury_account))
        .routes(routes!(cash::get_positions))
        .routes(routes!(cash::put_treasury_rates, cash::list_treasury_rates))
        .routes(routes!(outlook::add_flows, outlook::list_flows))
        .routes(routes!(outlook::cancel_flow))
        .routes(routes!(outlook::list_recurring_flows))
        .routes(routes!(outlook::put_recurring_flow))
        .routes(routes!(outlook::get_forecast))
        .routes(routes!(outlook::train_forecasts))
        .routes(routes!(outlook::get_forecast_accuracy))
        .routes(routes!(pools::list_pools))
        .routes(routes!(pools::put_pool))
        .routes(routes!(pools::propose_sweep, pools::list_sweeps))
        .routes(routes!(pools::get_sweep))
        .routes(routes!(pools::approve_sweep))
        .routes(routes!(pools::reject_sweep))
        .routes(routes!(pools::finish_sweep))
        .routes(routes!(risk::put_exposures, risk::list_exposures))
        .routes(routes!(risk::put_factor, risk::list_factors))
        .routes(routes!(risk::ask_value_at_risk))
        .routes(routes!(risk::ask_backtest))
        .routes(routes!(risk::get_risk_run));
    OpenApiRouter::new().nest("/treasury", all)
}
