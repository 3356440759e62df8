//! Plans and their versions.

use axum::extract::State;
use http::StatusCode;
use planning_api::*;
use platform::http::{CallCtx, Json, Path, Problem, Query, Repeatable};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{Desk, OfHouseholdParams};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct PlanAt {
    /// The plan's id.
    #[param(value_type = String)]
    id: PlanId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct VersionParams {
    /// The latest if it is left out.
    #[serde(default)]
    version: Option<u32>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReviseBody {
    /// The version that was read; another one since is a conflict.
    version: u32,
    terms: PlanTerms,
}

/// Add a plan
///
/// A scenario that is kept. With `from_assets` it starts with what the household has on the day of each simulation.
#[utoipa::path(
    post, path = "/plans", tag = "Plans", params(Repeatable),
    request_body(content = AddPlan, example = json!({
        "terms": {
            "name": "Retirement", "scenario": {
                "years": 30, "start": { "amount": "600000.00", "currency": "USD" },
                "weights": { "stocks": 0.6, "bonds": 0.4 }, "policy": { "kind": "guardrails", "rate": 0.045 }
            }
        }
    })),
    responses((status = 201, description = "Added", body = Plan))
)]
pub(super) async fn add_plan(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Json(command): Json<AddPlan>,
) -> Result<(StatusCode, Json<Plan>), Problem> {
    Ok((StatusCode::CREATED, Json(desk.add_plan(&ctx, command).await?)))
}

/// List plans
///
/// The latest version of each.
#[utoipa::path(
    get, path = "/plans", tag = "Plans", params(OfHouseholdParams),
    responses((status = 200, description = "All of them", body = PlanList))
)]
pub(super) async fn list_plans(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Query(OfHouseholdParams { household }): Query<OfHouseholdParams>,
) -> Result<Json<PlanList>, Problem> {
    Ok(Json(desk.plans(&ctx, OfHousehold { household }).await?))
}

/// Read a plan
///
/// The latest version, or another one, with what it assumes in words.
#[utoipa::path(
    get, path = "/plans/{id}", tag = "Plans", params(PlanAt, VersionParams),
    responses((status = 200, description = "The version", body = Plan))
)]
pub(super) async fn get_plan(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<PlanAt>,
    Query(VersionParams { version }): Query<VersionParams>,
) -> Result<Json<Plan>, Problem> {
    Ok(Json(desk.plan(&ctx, FindPlan { id: at.id, version }).await?))
}

/// Revise a plan
///
/// Adds a version; those before stay as they were.
#[utoipa::path(
    put, path = "/plans/{id}", tag = "Plans", params(PlanAt, Repeatable),
    request_body(content = ReviseBody, example = json!({
        "version": 1, "terms": {
            "name": "Retirement", "scenario": {
                "years": 35, "start": { "amount": "600000.00", "currency": "USD" },
                "weights": { "stocks": 0.6, "bonds": 0.4 }, "policy": { "kind": "guardrails", "rate": 0.04 }
            }
        }
    })),
    responses((status = 200, description = "The new version", body = Plan))
)]
pub(super) async fn revise_plan(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<PlanAt>,
    Json(ReviseBody { version, terms }): Json<ReviseBody>,
) -> Result<Json<Plan>, Problem> {
    Ok(Json(desk.revise_plan(&ctx, RevisePlan { id: at.id, version, terms }).await?))
}

/// List versions of a plan
///
/// The latest first.
#[utoipa::path(
    get, path = "/plans/{id}/versions", tag = "Plans", params(PlanAt),
    responses((status = 200, description = "All of them", body = VersionList))
)]
pub(super) async fn list_plan_versions(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<PlanAt>,
) -> Result<Json<VersionList>, Problem> {
    Ok(Json(desk.versions(&ctx, at.id).await?))
}
