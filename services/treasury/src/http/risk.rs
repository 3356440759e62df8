//! Exposures, factors, value at risk and its back-test.

use axum::extract::State;
use http::StatusCode;
use platform::http::{CallCtx, Json, Path, Problem, Repeatable};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Shared;
use crate::face::*;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct RunAt {
    /// The calculation's id.
    #[param(value_type = String)]
    id: RunId,
}

/// Put exposures
///
/// All of them at once, in the reporting currency. Foreign cash is an exposure by itself and need not be here.
#[utoipa::path(
    put, path = "/exposures", tag = "Market risk",
    request_body(content = PutExposures, example = json!({
        "items": [{ "name": "euro-receivables", "factor": "EUR/USD", "amount": { "amount": "250000.00", "currency": "USD" } }]
    })),
    responses((status = 200, description = "As they are now", body = ExposureList))
)]
pub(super) async fn put_exposures(
    State(treasury): State<Shared>,
    CallCtx(ctx): CallCtx,
    Json(command): Json<PutExposures>,
) -> Result<Json<ExposureList>, Problem> {
    Ok(Json(treasury.put_exposures(&ctx, command).await?))
}

/// List exposures
///
/// By name.
#[utoipa::path(
    get, path = "/exposures", tag = "Market risk",
    responses((status = 200, description = "All of them", body = ExposureList))
)]
pub(super) async fn list_exposures(
    State(treasury): State<Shared>,
    CallCtx(ctx): CallCtx,
) -> Result<Json<ExposureList>, Problem> {
    Ok(Json(treasury.exposures(&ctx).await?))
}

/// Put the history of a factor
///
/// Levels or returns by day, the oldest first, instead of the history before. Calculations that were kept name the version that
/// they used.
#[utoipa::path(
    put, path = "/factors", tag = "Market risk",
    request_body(content = PutFactor, example = json!({
        "name": "EUR/USD", "kind": "log", "measure": "levels",
        "csv": "date,value\n2026-01-28,1.0790\n2026-01-29,1.0812\n2026-01-30,1.0834\n"
    })),
    responses((status = 200, description = "The factor", body = Factor))
)]
pub(super) async fn put_factor(
    State(treasury): State<Shared>,
    CallCtx(ctx): CallCtx,
    Json(command): Json<PutFactor>,
) -> Result<Json<Factor>, Problem> {
    Ok(Json(treasury.put_factor(&ctx, command).await?))
}

/// List factors
///
/// By name, without their days.
#[utoipa::path(
    get, path = "/factors", tag = "Market risk",
    responses((status = 200, description = "All of them", body = FactorList))
)]
pub(super) async fn list_factors(
    State(treasury): State<Shared>,
    CallCtx(ctx): CallCtx,
) -> Result<Json<FactorList>, Problem> {
    Ok(Json(treasury.factors(&ctx).await?))
}

/// Calculate value at risk
///
/// With expected shortfall and the share of each factor. A covariance that no variables can have is repaired, and `repaired` says
/// so. The same data, seed and version give the same bits.
#[utoipa::path(
    post, path = "/risk/var", tag = "Market risk", params(Repeatable),
    request_body(content = AskValueAtRisk, example = json!({
        "method": { "monte_carlo": { "paths": 10000, "seed": 7, "shocks": "normal" } }, "confidence": 0.95, "horizon_days": 10
    })),
    responses((status = 201, description = "The calculation", body = Run))
)]
pub(super) async fn ask_value_at_risk(
    State(treasury): State<Shared>,
    CallCtx(ctx): CallCtx,
    Json(question): Json<AskValueAtRisk>,
) -> Result<(StatusCode, Json<Run>), Problem> {
    Ok((StatusCode::CREATED, Json(treasury.value_at_risk(&ctx, question).await?)))
}

/// Test value at risk against the past
///
/// What would have been told for each day of the history after the window, against what the day brought to today's exposures.
#[utoipa::path(
    post, path = "/risk/backtest", tag = "Market risk", params(Repeatable),
    request_body(content = AskBacktest, example = json!({ "method": "historical", "confidence": 0.95, "window_days": 250 })),
    responses((status = 201, description = "The calculation", body = Run))
)]
pub(super) async fn ask_backtest(
    State(treasury): State<Shared>,
    CallCtx(ctx): CallCtx,
    Json(question): Json<AskBacktest>,
) -> Result<(StatusCode, Json<Run>), Problem> {
    Ok((StatusCode::CREATED, Json(treasury.backtest(&ctx, question).await?)))
}

/// Get a calculation
///
/// As it was made, with all that it was made from.
#[utoipa::path(
    get, path = "/risk/runs/{id}", tag = "Market risk", params(RunAt),
    responses((status = 200, description = "The calculation", body = Run))
)]
pub(super) async fn get_risk_run(
    State(treasury): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<RunAt>,
) -> Result<Json<Run>, Problem> {
    Ok(Json(treasury.run(&ctx, at.id).await?))
}
