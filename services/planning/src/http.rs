//! Planning's routes, and the document that describes them.

mod assets;
mod goals;
mod households;
mod plans;

use std::sync::Arc;

use axum::Router;
use planning_api::{HouseholdId, Planning, Refusal, SERVICE};
use platform::error;
use platform::http::Nothing;
use platform::http::document::Part;
use platform::room::{Operation, Routes, Word, needs};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

type Desk = Arc<dyn Planning>;

pub(crate) const TAGS: [(&str, &str); 4] = [
    ("Households", "Households, whose lives they plan, and who may see and change them."),
    ("Net worth", "What a household has and owes, by hand or linked to accounts, and what that was worth on each day."),
    ("Goals", "What a household saves for: progress, what has to be saved, when it is there, and with which chance."),
    ("Plans", "Scenarios that are kept, with all their versions."),
];

const HOUSEHOLD: Word = needs("households", "change");
const READ_ASSETS: Word = needs("household-assets", "read");
const ASSETS: Word = needs("household-assets", "change");
const READ_GOALS: Word = needs("goals", "read");
const GOALS: Word = needs("goals", "change");
const READ_PLANS: Word = needs("plans", "read");
const PLANS: Word = needs("plans", "change");
const OF_HOUSEHOLD: &[&str] = &["household_unknown", "field_invalid"];

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "create_household",
        word: needs("households", "create"),
        refusals: &["field_invalid", "born_later", "age_invalid", "too_many"],
    },
    Operation { name: "list_households", word: needs("households", "read"), refusals: &[] },
    Operation { name: "get_household", word: needs("households", "read"), refusals: &["household_unknown"] },
    Operation {
        name: "put_household_persons",
        word: HOUSEHOLD,
        refusals: &["household_unknown", "role_forbids", "field_invalid", "born_later", "age_invalid", "too_many"],
    },
    Operation {
        name: "invite_household_member",
        word: HOUSEHOLD,
        refusals: &["household_unknown", "role_forbids", "field_invalid", "member_known", "too_many"],
    },
    Operation {
        name: "accept_invitation",
        word: needs("households", "join"),
        refusals: &["household_unknown", "member_known"],
    },
    Operation {
        name: "remove_household_member",
        word: HOUSEHOLD,
        refusals: &["household_unknown", "role_forbids", "member_unknown", "last_owner"],
    },
    Operation { name: "erase_subject", word: needs("households", "erase"), refusals: &["field_invalid"] },
    Operation { name: "put_rate", word: ASSETS, refusals: &["household_unknown", "role_forbids", "field_invalid"] },
    Operation {
        name: "add_asset",
        word: ASSETS,
        refusals: &[
            "household_unknown",
            "role_forbids",
            "field_invalid",
            "account_unknown",
            "asset_double",
            "currency_differs",
            "too_many",
        ],
    },
    Operation { name: "list_household_assets", word: READ_ASSETS, refusals: OF_HOUSEHOLD },
    Operation { name: "get_asset", word: READ_ASSETS, refusals: &["asset_unknown"] },
    Operation { name: "change_asset", word: ASSETS, refusals: &["asset_unknown", "role_forbids", "field_invalid"] },
    Operation { name: "list_asset_values", word: READ_ASSETS, refusals: &["asset_unknown"] },
    Operation {
        name: "put_asset_values",
        word: ASSETS,
        refusals: &["asset_unknown", "role_forbids", "field_invalid", "asset_linked", "currency_differs"],
    },
    Operation { name: "get_net_worth", word: READ_ASSETS, refusals: OF_HOUSEHOLD },
    Operation {
        name: "add_goal",
        word: GOALS,
        refusals: &[
            "household_unknown",
            "role_forbids",
            "field_invalid",
            "scenario_invalid",
            "currency_differs",
            "goal_in_past",
            "asset_unknown",
            "shares_above_whole",
            "too_many",
        ],
    },
    Operation { name: "list_goals", word: READ_GOALS, refusals: OF_HOUSEHOLD },
    Operation { name: "get_goal", word: READ_GOALS, refusals: &["goal_unknown"] },
    Operation {
        name: "change_goal",
        word: GOALS,
        refusals: &[
            "goal_unknown",
            "role_forbids",
            "field_invalid",
            "scenario_invalid",
            "currency_differs",
            "goal_in_past",
            "goal_state",
        ],
    },
    Operation {
        name: "fund_goal",
        word: GOALS,
        refusals: &[
            "goal_unknown",
            "role_forbids",
            "field_invalid",
            "asset_unknown",
            "shares_above_whole",
            "goal_state",
        ],
    },
    Operation {
        name: "set_goal_state",
        word: GOALS,
        refusals: &["goal_unknown", "role_forbids", "goal_state", "shares_above_whole"],
    },
    Operation { name: "get_goal_progress", word: READ_GOALS, refusals: &["goal_unknown"] },
    Operation { name: "measure_goal", word: GOALS, refusals: &["goal_unknown", "role_forbids"] },
    Operation {
        name: "add_plan",
        word: PLANS,
        refusals: &[
            "household_unknown",
            "role_forbids",
            "field_invalid",
            "scenario_invalid",
            "currency_differs",
            "too_many",
        ],
    },
    Operation { name: "list_plans", word: READ_PLANS, refusals: OF_HOUSEHOLD },
    Operation { name: "get_plan", word: READ_PLANS, refusals: &["plan_unknown"] },
    Operation {
        name: "revise_plan",
        word: PLANS,
        refusals: &[
            "plan_unknown",
            "role_forbids",
            "field_invalid",
            "scenario_invalid",
            "currency_differs",
            "plan_version",
            "too_many",
        ],
    },
    Operation { name: "list_plan_versions", word: READ_PLANS, refusals: &["plan_unknown"] },
];

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct OfHouseholdParams {
    /// The caller's only household if it is left out.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    household: Option<HouseholdId>,
}

pub(crate) fn routes(planning: Desk) -> Routes {
    Routes::under_v1(Router::from(router()).with_state(planning))
}

pub(crate) fn document() -> OpenApi {
    let part = Part {
        room: SERVICE,
        tags: &TAGS,
        samples: error::samples::<Refusal>(),
        operations: OPERATIONS,
        story: include_str!("../story.json"),
    };
    part.finish(router().into_openapi())
}

fn router() -> OpenApiRouter<Desk> {
    let households = OpenApiRouter::new()
        .routes(routes!(households::create_household, households::list_households))
        .routes(routes!(households::get_household))
        .routes(routes!(households::put_household_persons))
        .routes(routes!(households::invite_household_member))
        .routes(routes!(households::accept_invitation))
        .routes(routes!(households::remove_household_member))
        .routes(routes!(households::erase_subject))
        .routes(routes!(assets::put_rate))
        .routes(routes!(assets::add_asset, assets::list_household_assets))
        .routes(routes!(assets::get_asset, assets::change_asset))
        .routes(routes!(assets::list_asset_values, assets::put_asset_values))
        .routes(routes!(assets::get_net_worth));
    let all = households
        .routes(routes!(goals::add_goal, goals::list_goals))
        .routes(routes!(goals::get_goal, goals::change_goal))
        .routes(routes!(goals::fund_goal))
        .routes(routes!(goals::set_goal_state))
        .routes(routes!(goals::get_goal_progress))
        .routes(routes!(goals::measure_goal))
        .routes(routes!(plans::add_plan, plans::list_plans))
        .routes(routes!(plans::get_plan, plans::revise_plan))
        .routes(routes!(plans::list_plan_versions));
    OpenApiRouter::new().nest("/planning", all)
}
