//! The end of a day.

use accounts_api::DayRun;
use axum::extract::State;
use jiff::civil::Date;
use platform::http::{CallCtx, Json, Path, Problem};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{Desk, Nothing};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct DayAt {
    /// The day, in the house's time zone.
    #[param(value_type = String, format = Date, example = "2026-12-31")]
    date: Date,
}

/// Read the run of a day
///
/// How far it is, its sums by product, and accounts that were left out, with the reason.
#[utoipa::path(
    get, path = "/accounts/days/{date}", tag = "Days", params(DayAt),
    responses((status = 200, description = "The run", body = DayRun))
)]
pub(super) async fn get_day(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<DayAt>,
) -> Result<Json<DayRun>, Problem> {
    Ok(Json(desk.day(&ctx, at.date).await?))
}

/// Close a day
///
/// A timer does so after midnight. Days before it that are not closed come first. If the answer's phase is not `done`,
/// the time of the request was over: the run goes on later, or with the same request again.
#[utoipa::path(
    post, path = "/accounts/days/{date}/close", tag = "Days", params(DayAt), request_body = Nothing,
    responses((status = 200, description = "The run", body = DayRun))
)]
pub(super) async fn close_day(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<DayAt>,
    _: Json<Option<Nothing>>,
) -> Result<Json<DayRun>, Problem> {
    Ok(Json(desk.close_day(&ctx, at.date).await?))
}
