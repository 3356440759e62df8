//! Payees and standing orders.

use axum::extract::State;
use http::StatusCode;
use platform::http::{CallCtx, Json, Path, Problem, Repeatable};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Shared;
use crate::face::*;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct PayeeAt {
    /// The payee's id.
    #[param(value_type = String)]
    payee: PayeeId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct StandingAt {
    /// The standing order's id.
    #[param(value_type = String)]
    standing: StandingId,
}

/// Add a payee
///
/// `name_check` says whether the name belongs to the account; a payment to another name is not refused. In the first 24
/// hours a payee gets at most what `payments.new_payee_max` says.
#[utoipa::path(
    post, path = "/payments/payees", tag = "Payees", params(Repeatable), request_body = AddPayee,
    responses((status = 201, description = "Added", body = Payee))
)]
pub(super) async fn add_payee(
    State(payments): State<Shared>,
    CallCtx(ctx): CallCtx,
    Json(body): Json<AddPayee>,
) -> Result<(StatusCode, Json<Payee>), Problem> {
    Ok((StatusCode::CREATED, Json(payments.add_payee(&ctx, body).await?)))
}

/// List payees
///
/// The caller's own, in the order in which they were added.
#[utoipa::path(
    get, path = "/payments/payees", tag = "Payees",
    responses((status = 200, description = "All of them", body = PayeePage))
)]
pub(super) async fn list_payees(
    State(payments): State<Shared>,
    CallCtx(ctx): CallCtx,
) -> Result<Json<PayeePage>, Problem> {
    Ok(Json(payments.payees(&ctx).await?))
}

/// Remove a payee
///
/// Payments that were made stay as they are; standing orders to the payee go on.
#[utoipa::path(
    delete, path = "/payments/payees/{payee}", tag = "Payees", params(PayeeAt, Repeatable),
    responses((status = 204, description = "Removed"))
)]
pub(super) async fn remove_payee(
    State(payments): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<PayeeAt>,
) -> Result<StatusCode, Problem> {
    payments.remove_payee(&ctx, at.payee).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Add a standing order
///
/// One payment is made on each of its days, whatever is repeated or restarted. A day on which no process ran is made up
/// for, or skipped if `missed` says so.
#[utoipa::path(
    post, path = "/payments/standing-orders", tag = "Payees", params(Repeatable),
    request_body(content = AddStanding, example = json!({
        "from": { "path": "customers:ann" }, "to": { "path": "customers:bob" },
        "amount": { "amount": "850.00", "currency": "USD" }, "text": "rent", "every": "monthly", "first": "2027-01-31"
    })),
    responses((status = 201, description = "Added", body = Standing))
)]
pub(super) async fn add_standing_order(
    State(payments): State<Shared>,
    CallCtx(ctx): CallCtx,
    Json(body): Json<AddStanding>,
) -> Result<(StatusCode, Json<Standing>), Problem> {
    Ok((StatusCode::CREATED, Json(payments.add_standing(&ctx, body).await?)))
}

/// List standing orders
///
/// The caller's own, in the order in which they were added.
#[utoipa::path(
    get, path = "/payments/standing-orders", tag = "Payees",
    responses((status = 200, description = "All of them", body = StandingList))
)]
pub(super) async fn list_standing_orders(
    State(payments): State<Shared>,
    CallCtx(ctx): CallCtx,
) -> Result<Json<StandingList>, Problem> {
    Ok(Json(payments.standing_orders(&ctx).await?))
}

/// End a standing order
///
/// It makes no further payment. What has ended stays as it is.
#[utoipa::path(
    delete, path = "/payments/standing-orders/{standing}", tag = "Payees", params(StandingAt),
    responses((status = 200, description = "The standing order as it is now", body = Standing))
)]
pub(super) async fn end_standing_order(
    State(payments): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<StandingAt>,
) -> Result<Json<Standing>, Problem> {
    Ok(Json(payments.end_standing(&ctx, at.standing).await?))
}
