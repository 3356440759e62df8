//! Goals.

use axum::extract::State;
use http::StatusCode;
use planning_api::*;
use platform::http::{CallCtx, Json, Path, Problem, Query, Repeatable};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{Desk, Nothing, OfHouseholdParams};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct GoalAt {
    /// The goal's id.
    #[param(value_type = String)]
    id: GoalId,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FundBody {
    sources: Vec<Share>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StateBody {
    /// `spent`, `abandoned` or `active`.
    state: GoalState,
}

/// Add a goal
///
/// An amount in the money of a year, due in a month, with shares of assets that are for it.
#[utoipa::path(
    post, path = "/goals", tag = "Goals", params(Repeatable),
    request_body(content = AddGoal, example = json!({
        "terms": {
            "name": "New roof", "kind": "purchase", "amount": { "amount": "18000.00", "currency": "USD" },
            "due": "2029-06", "monthly": { "amount": "250.00", "currency": "USD" }
        }
    })),
    responses((status = 201, description = "Added", body = Goal))
)]
pub(super) async fn add_goal(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Json(command): Json<AddGoal>,
) -> Result<(StatusCode, Json<Goal>), Problem> {
    Ok((StatusCode::CREATED, Json(desk.add_goal(&ctx, command).await?)))
}

/// List goals
///
/// Of one household, in the order in which they were added.
#[utoipa::path(
    get, path = "/goals", tag = "Goals", params(OfHouseholdParams),
    responses((status = 200, description = "All of them", body = GoalList))
)]
pub(super) async fn list_goals(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Query(OfHouseholdParams { household }): Query<OfHouseholdParams>,
) -> Result<Json<GoalList>, Problem> {
    Ok(Json(desk.goals(&ctx, OfHousehold { household }).await?))
}

/// Read a goal
///
/// With the state that was measured last.
#[utoipa::path(
    get, path = "/goals/{id}", tag = "Goals", params(GoalAt),
    responses((status = 200, description = "The goal", body = Goal))
)]
pub(super) async fn get_goal(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<GoalAt>,
) -> Result<Json<Goal>, Problem> {
    Ok(Json(desk.goal(&ctx, at.id).await?))
}

/// Change a goal
///
/// All its terms at once.
#[utoipa::path(
    put, path = "/goals/{id}", tag = "Goals", params(GoalAt, Repeatable),
    request_body(content = GoalTerms, example = json!({
        "name": "New roof", "kind": "purchase", "amount": { "amount": "19000.00", "currency": "USD" }, "due": "2029-09"
    })),
    responses((status = 200, description = "As it is now", body = Goal))
)]
pub(super) async fn change_goal(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<GoalAt>,
    Json(terms): Json<GoalTerms>,
) -> Result<Json<Goal>, Problem> {
    Ok(Json(desk.change_goal(&ctx, ChangeGoal { id: at.id, change: GoalChange::Terms(terms) }).await?))
}

/// Fund a goal
///
/// Shares of assets, instead of those before. All goals together take at most 100 % of an asset.
#[utoipa::path(
    put, path = "/goals/{id}/fund", tag = "Goals", params(GoalAt, Repeatable),
    request_body(content = FundBody, example = json!({
        "sources": [{ "asset": "ast_01kppyzd5gfmra2qsx5rkvr8wb", "percent": "50" }]
    })),
    responses((status = 200, description = "As it is now", body = Goal))
)]
pub(super) async fn fund_goal(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<GoalAt>,
    Json(FundBody { sources }): Json<FundBody>,
) -> Result<Json<Goal>, Problem> {
    Ok(Json(desk.change_goal(&ctx, ChangeGoal { id: at.id, change: GoalChange::Fund(sources) }).await?))
}

/// Set the state of a goal
///
/// A reached one is spent, an active one abandoned, and an abandoned one active again. That a goal is reached follows from its
/// figures.
#[utoipa::path(
    put, path = "/goals/{id}/state", tag = "Goals", params(GoalAt, Repeatable),
    request_body(content = StateBody, example = json!({ "state": "abandoned" })),
    responses((status = 200, description = "As it is now", body = Goal))
)]
pub(super) async fn set_goal_state(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<GoalAt>,
    Json(StateBody { state }): Json<StateBody>,
) -> Result<Json<Goal>, Problem> {
    Ok(Json(desk.change_goal(&ctx, ChangeGoal { id: at.id, change: GoalChange::Become(state) }).await?))
}

/// Read the progress of a goal
///
/// As of now: how much is there, what has to be saved each month, when it is there, the chance that it is there in time, and
/// the state that follows.
#[utoipa::path(
    get, path = "/goals/{id}/progress", tag = "Goals", params(GoalAt),
    responses((status = 200, description = "The figures", body = Progress))
)]
pub(super) async fn get_goal_progress(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<GoalAt>,
) -> Result<Json<Progress>, Problem> {
    Ok(Json(desk.progress(&ctx, at.id).await?))
}

/// Measure a goal
///
/// The same, kept: a goal that is reached says so once, and one that goes off track says so too. Every goal is measured daily.
#[utoipa::path(
    post, path = "/goals/{id}/measure", tag = "Goals", params(GoalAt),
    request_body(content = Nothing, example = json!({})),
    responses((status = 200, description = "The figures", body = Progress))
)]
pub(super) async fn measure_goal(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<GoalAt>,
    Json(Nothing {}): Json<Nothing>,
) -> Result<Json<Progress>, Problem> {
    Ok(Json(desk.measure_goal(&ctx, at.id).await?))
}
