//! Expected flows and forecasts.

use axum::extract::State;
use http::StatusCode;
use jiff::civil::Date;
use kernel::Currency;
use platform::http::{
    CallCtx, Json, Nothing, Page, Path, Problem, Query, Repeatable, decode_cursor, encode_cursor, page_limit,
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Shared;
use crate::face::*;

const LIST: &str = "treasury-flows";

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct FlowAt {
    /// The flow's id.
    #[param(value_type = String)]
    id: FlowId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct RecurringAt {
    /// The recurring flow's name.
    #[param(example = "office-rent")]
    name: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct FlowParams {
    /// Of one account only.
    #[param(value_type = Option<String>)]
    account: Option<AccountId>,
    /// Due on this day or later.
    #[param(value_type = Option<String>, format = Date)]
    from: Option<Date>,
    /// Due on this day or earlier.
    #[param(value_type = Option<String>, format = Date)]
    to: Option<Date>,
    /// `next` of the previous page.
    cursor: Option<String>,
    /// 50 unless given, 500 at most.
    limit: Option<u32>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ForecastParams {
    /// Of one account.
    #[param(value_type = Option<String>)]
    account: Option<AccountId>,
    /// With a currency.
    entity: Option<String>,
    /// Of an entity's accounts in it, or of all accounts in it.
    #[param(value_type = Option<String>, example = "USD")]
    currency: Option<Currency>,
    /// `day` for 14 days, `week` for 13 weeks, `month` for 12 months.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    step: Step,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AccuracyParams {
    /// The account.
    #[param(value_type = String)]
    account: AccountId,
}

/// Add flows
///
/// One by one or as a table. A flow is matched by its reference, or by its amount within five days, and counts for ten days
/// after it was due.
#[utoipa::path(
    post, path = "/flows", tag = "Forecasts", params(Repeatable),
    request_body(content = AddFlows, example = json!({
        "items": [{
            "account": "tacc_01kppyzd5gfmra2qsx5rkvr8wb", "amount": { "amount": "-1200.00", "currency": "USD" },
            "due": "2026-02-10", "category": "rent", "reference": "INV-2026-118"
        }]
    })),
    responses((status = 201, description = "Added", body = FlowList))
)]
pub(super) async fn add_flows(
    State(treasury): State<Shared>,
    CallCtx(ctx): CallCtx,
    Json(command): Json<AddFlows>,
) -> Result<(StatusCode, Json<FlowList>), Problem> {
    Ok((StatusCode::CREATED, Json(treasury.add_flows(&ctx, command).await?)))
}

/// List flows
///
/// By the days on which they are due, those that have come or were cancelled included.
#[utoipa::path(
    get, path = "/flows", tag = "Forecasts", params(FlowParams),
    responses((status = 200, description = "One page", body = Page<Flow>))
)]
pub(super) async fn list_flows(
    State(treasury): State<Shared>,
    CallCtx(ctx): CallCtx,
    Query(FlowParams { account, from, to, cursor, limit }): Query<FlowParams>,
) -> Result<Json<Page<Flow>>, Problem> {
    let after = cursor.map(|cursor| decode_cursor::<(Date, FlowId)>(LIST, &cursor)).transpose()?;
    let query = FlowQuery { account, from, to, after, limit: page_limit(limit)? };
    let FlowPage { items, next } = treasury.flows(&ctx, query).await?;
    Ok(Json(Page { items, next: next.map(|next| encode_cursor(LIST, &next)) }))
}

/// Cancel a flow
///
/// It no longer counts.
#[utoipa::path(
    post, path = "/flows/{id}/cancel", tag = "Forecasts", params(FlowAt, Repeatable), request_body = Option<Nothing>,
    responses((status = 200, description = "As it is now", body = Flow))
)]
pub(super) async fn cancel_flow(
    State(treasury): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<FlowAt>,
    _: Json<Nothing>,
) -> Result<Json<Flow>, Problem> {
    Ok(Json(treasury.cancel_flow(&ctx, at.id).await?))
}

/// Put a recurring flow
///
/// Makes a flow for each of its days, moved to business days of the entity's calendar, for a year ahead; what other terms made
/// for days to come is made again.
#[utoipa::path(
    put, path = "/recurring/{name}", tag = "Forecasts", params(RecurringAt),
    request_body(content = RecurringTerms, example = json!({
        "account": "tacc_01kppyzd5gfmra2qsx5rkvr8wb", "amount": { "amount": "-1200.00", "currency": "USD" },
        "category": "rent", "start": "2026-02-01",
        "every": { "months": { "months": 1, "on": { "day": 1 } } }, "rule": "following"
    })),
    responses((status = 200, description = "As it is now", body = Recurring))
)]
pub(super) async fn put_recurring_flow(
    State(treasury): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<RecurringAt>,
    Json(terms): Json<RecurringTerms>,
) -> Result<Json<Recurring>, Problem> {
    Ok(Json(treasury.put_recurring(&ctx, PutRecurring { name: at.name, terms }).await?))
}

/// List recurring flows
///
/// By name.
#[utoipa::path(
    get, path = "/recurring", tag = "Forecasts",
    responses((status = 200, description = "All of them", body = RecurringList))
)]
pub(super) async fn list_recurring_flows(
    State(treasury): State<Shared>,
    CallCtx(ctx): CallCtx,
) -> Result<Json<RecurringList>, Problem> {
    Ok(Json(treasury.recurring(&ctx).await?))
}

/// Read a forecast
///
/// Of an account, of an entity in a currency, or of everything in a currency. What is known and what is expected never overlap:
/// a category is forecast after the last of its known flows.
#[utoipa::path(
    get, path = "/forecasts", tag = "Forecasts", params(ForecastParams),
    responses((status = 200, description = "Periods with bands", body = Forecast))
)]
pub(super) async fn get_forecast(
    State(treasury): State<Shared>,
    CallCtx(ctx): CallCtx,
    Query(ForecastParams { account, entity, currency, step }): Query<ForecastParams>,
) -> Result<Json<Forecast>, Problem> {
    Ok(Json(treasury.forecast(&ctx, ForecastQuery { account, entity, currency, step }).await?))
}

/// Train the forecasts
///
/// Now, and not only by the schedule. Keeps the forecasts of today.
#[utoipa::path(
    post, path = "/forecasts/train", tag = "Forecasts", request_body = Option<Nothing>,
    responses((status = 200, description = "What was trained", body = Trained))
)]
pub(super) async fn train_forecasts(
    State(treasury): State<Shared>,
    CallCtx(ctx): CallCtx,
    _: Json<Nothing>,
) -> Result<Json<Trained>, Problem> {
    Ok(Json(treasury.train(&ctx).await?))
}

/// Read how forecasts did
///
/// Daily forecasts of one account that were kept, against what came, by lead.
#[utoipa::path(
    get, path = "/forecasts/actual", tag = "Forecasts", params(AccuracyParams),
    responses((status = 200, description = "By lead", body = AccuracyList))
)]
pub(super) async fn get_forecast_accuracy(
    State(treasury): State<Shared>,
    CallCtx(ctx): CallCtx,
    Query(AccuracyParams { account }): Query<AccuracyParams>,
) -> Result<Json<AccuracyList>, Problem> {
    Ok(Json(treasury.accuracy(&ctx, AccuracyQuery { account }).await?))
}
