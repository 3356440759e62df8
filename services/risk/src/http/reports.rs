//! The daily report, as JSON and as a page.

use axum::extract::State;
use axum::response::Html;
use platform::http::{CallCtx, Json, Problem, Query};
use risk_api::{DailyReport, ReportQuery, SubjectKind};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{Shared, page};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct DayQuery {
    /// The kind of subject.
    #[param(inline)]
    kind: SubjectKind,
    /// A UTC day. Defaults to today.
    #[param(example = "2026-01-31")]
    day: Option<String>,
}

/// Read the daily report
///
/// Decisions by outcome, hits of each rule, and the quality of the model on the labelled decisions of 30 days: precision and recall,
/// calibration, drift. Accuracy is never shown alone.
#[utoipa::path(
    get, path = "/risk/reports", tag = "Risk reports", params(DayQuery),
    responses((status = 200, description = "The report", body = DailyReport))
)]
pub(super) async fn get_report(
    State(risk): State<Shared>,
    CallCtx(ctx): CallCtx,
    Query(query): Query<DayQuery>,
) -> Result<Json<DailyReport>, Problem> {
    Ok(Json(risk.report(&ctx, ReportQuery { kind: query.kind, day: query.day }).await?))
}

/// Show the daily report
///
/// As a page, with plots.
#[utoipa::path(
    get, path = "/risk/reports/page", tag = "Risk reports", params(DayQuery),
    responses((status = 200, description = "The page", body = String, content_type = "text/html"))
)]
pub(super) async fn show_report(
    State(risk): State<Shared>,
    CallCtx(ctx): CallCtx,
    Query(query): Query<DayQuery>,
) -> Result<Html<String>, Problem> {
    let report = risk.report(&ctx, ReportQuery { kind: query.kind, day: query.day }).await?;
    Ok(Html(page::page(&report).into_string()))
}
