//! Payments compared with the ledger.

use axum::extract::State;
use platform::http::{CallCtx, Json, Problem, Query, decode_cursor, encode_cursor, page_limit};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Shared;
use crate::face::*;

const LIST: &str = "payment-checks";

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ChecksAsked {
    /// `next` of the previous page.
    cursor: Option<String>,
    /// 50 unless given, 500 at most.
    limit: Option<u32>,
}

/// What is wrong with a page of payments.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Checks {
    /// Payments that were looked at.
    checked: u64,
    /// Empty in a healthy house.
    wrong: Vec<Wrong>,
    /// Send this back as `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Check payments
///
/// Compares each payment with its transactions in the ledger, the oldest first. Payments that are being booked at this moment are
/// passed over.
#[utoipa::path(
    get, path = "/payments/checks", tag = "Payments", params(ChecksAsked),
    responses((status = 200, description = "What is wrong with one page", body = Checks))
)]
pub(super) async fn check_payments(
    State(payments): State<Shared>,
    CallCtx(ctx): CallCtx,
    Query(asked): Query<ChecksAsked>,
) -> Result<Json<Checks>, Problem> {
    let after = asked.cursor.map(|cursor| decode_cursor::<PaymentId>(LIST, &cursor)).transpose()?;
    let query = ChecksQuery { after, limit: page_limit(asked.limit)? };
    let ChecksPage { checked, wrong, next } = payments.checks(&ctx, query).await?;
    Ok(Json(Checks { checked, wrong, next: next.map(|next| encode_cursor(LIST, &next)) }))
}
