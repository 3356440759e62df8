//! Payments.

use axum::extract::State;
use http::StatusCode;
use ledger_api::AccountPath;
use platform::http::{CallCtx, Json, Page, Path, Problem, Query, Repeatable, decode_cursor, encode_cursor, page_limit};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::Shared;
use crate::face::*;

const LIST: &str = "payments";

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct PaymentAt {
    /// The payment's id.
    #[param(value_type = String)]
    payment: PaymentId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PaymentsAsked {
    /// The paying account.
    #[param(value_type = Option<String>, example = "customers:ann")]
    from: Option<AccountPath>,
    /// Payments in this state only.
    #[param(value_type = Option<String>)]
    state: Option<PaymentState>,
    /// `next` of the previous page.
    cursor: Option<String>,
    /// 50 unless given, 500 at most.
    limit: Option<u32>,
}

/// Why, for people. Everything in it may be left out.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Why {
    /// At most 140 characters.
    #[schema(example = "Wrong amount")]
    reason: Option<String>,
}

/// Create a payment
///
/// Pays at once unless it is dated or needs approvals. A payment that is refused for want of funds, by a limit or for the
/// state of an account is answered with `rejected` and its `reason`. A payment for which the ledger did not answer in time
/// is `processing`, and ends by itself. It needs an `Idempotency-Key`, so that a repeat pays nothing twice; with `dry_run`
/// nothing is written and no key is needed.
#[utoipa::path(
    post, path = "/payments", tag = "Payments", params(Repeatable),
    request_body(content = CreatePayment, example = json!({
        "from": { "path": "customers:ann" }, "to": { "path": "customers:bob" },
        "amount": { "amount": "25.00", "currency": "USD" }, "text": "rent"
    })),
    responses((status = 201, description = "The payment as it is now", body = Payment))
)]
pub(super) async fn create_payment(
    State(payments): State<Shared>,
    CallCtx(ctx): CallCtx,
    Json(body): Json<CreatePayment>,
) -> Result<(StatusCode, Json<Payment>), Problem> {
    Ok((StatusCode::CREATED, Json(payments.create(&ctx, body).await?)))
}

/// List payments
///
/// The newest first. A page can have fewer payments than `limit`; `next` says whether there are more.
#[utoipa::path(
    get, path = "/payments", tag = "Payments", params(PaymentsAsked),
    responses((status = 200, description = "One page", body = Page<Payment>))
)]
pub(super) async fn list_payments(
    State(payments): State<Shared>,
    CallCtx(ctx): CallCtx,
    Query(asked): Query<PaymentsAsked>,
) -> Result<Json<Page<Payment>>, Problem> {
    let PaymentsAsked { from, state, cursor, limit } = asked;
    let before = cursor.map(|cursor| decode_cursor::<PaymentId>(LIST, &cursor)).transpose()?;
    let query = PaymentQuery { from, state, before, limit: page_limit(limit)? };
    let PaymentPage { items, next } = payments.payments(&ctx, query).await?;
    Ok(Json(Page { items, next: next.map(|next| encode_cursor(LIST, &next)) }))
}

/// Get a payment
///
/// With each step that it took, the oldest first.
#[utoipa::path(
    get, path = "/payments/{payment}", tag = "Payments", params(PaymentAt),
    responses((status = 200, description = "The payment and its steps", body = PaymentFound))
)]
pub(super) async fn get_payment(
    State(payments): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<PaymentAt>,
) -> Result<Json<PaymentFound>, Problem> {
    Ok(Json(payments.payment(&ctx, at.payment).await?))
}

/// Approve a payment
///
/// By a person who did not make it and has authenticated in the last five minutes. The last approval that it needs carries
/// it out.
#[utoipa::path(
    post, path = "/payments/{payment}/approve", tag = "Payments", params(PaymentAt, Repeatable),
    request_body = Option<Why>,
    responses((status = 200, description = "The payment as it is now", body = Payment))
)]
pub(super) async fn approve_payment(
    State(payments): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<PaymentAt>,
    Json(why): Json<Why>,
) -> Result<Json<Payment>, Problem> {
    let command = DecidePayment { payment: at.payment, verdict: Verdict::Approve, reason: why.reason };
    Ok(Json(payments.decide(&ctx, command).await?))
}

/// Refuse to approve a payment
///
/// It ends as `rejected`.
#[utoipa::path(
    post, path = "/payments/{payment}/reject", tag = "Payments", params(PaymentAt, Repeatable),
    request_body = Option<Why>,
    responses((status = 200, description = "The payment as it is now", body = Payment))
)]
pub(super) async fn reject_payment(
    State(payments): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<PaymentAt>,
    Json(why): Json<Why>,
) -> Result<Json<Payment>, Problem> {
    let command = DecidePayment { payment: at.payment, verdict: Verdict::Reject, reason: why.reason };
    Ok(Json(payments.decide(&ctx, command).await?))
}

/// Cancel a payment
///
/// While it waits for its approvals or its day.
#[utoipa::path(
    post, path = "/payments/{payment}/cancel", tag = "Payments", params(PaymentAt, Repeatable),
    request_body = Option<Why>,
    responses((status = 200, description = "The payment as it is now", body = Payment))
)]
pub(super) async fn cancel_payment(
    State(payments): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<PaymentAt>,
    Json(why): Json<Why>,
) -> Result<Json<Payment>, Problem> {
    let command = CancelPayment { payment: at.payment, reason: why.reason };
    Ok(Json(payments.cancel(&ctx, command).await?))
}
