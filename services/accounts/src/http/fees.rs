//! Fees of an account.

use accounts_api::{AccountId, ChangeCharge, Charge, ChargeChange, ChargeFee, ChargeList};
use axum::extract::State;
use http::StatusCode;
use platform::http::{CallCtx, Json, Path, Problem, Repeatable};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::accounts::AccountAt;
use super::{Desk, Nothing};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct ChargeAt {
    /// The account's id.
    #[param(value_type = String)]
    id: AccountId,
    /// The fee's code.
    #[param(example = "account_fee")]
    fee: String,
    /// What it was charged for.
    #[param(example = "2027-01")]
    occasion: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChargeBody {
    /// A fee of the account's product that is charged for an occasion.
    fee: String,
    /// The same occasion is charged once.
    occasion: String,
}

/// List fees of an account
///
/// The newest first: what was charged, is open, or was waived.
#[utoipa::path(
    get, path = "/accounts/{id}/fees", tag = "Fees", params(AccountAt),
    responses((status = 200, description = "Up to 500 of them", body = ChargeList))
)]
pub(super) async fn list_account_fees(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<AccountAt>,
) -> Result<Json<ChargeList>, Problem> {
    Ok(Json(desk.charges(&ctx, at.id()).await?))
}

/// Charge a fee
///
/// What is available is taken at once; each end of day tries the rest.
#[utoipa::path(
    post, path = "/accounts/{id}/fees", tag = "Fees", params(AccountAt, Repeatable),
    request_body(content = ChargeBody, example = json!({ "fee": "letter", "occasion": "reminder of 3 May" })),
    responses((status = 201, description = "The charge", body = Charge))
)]
pub(super) async fn charge_account_fee(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<AccountAt>,
    Json(ChargeBody { fee, occasion }): Json<ChargeBody>,
) -> Result<(StatusCode, Json<Charge>), Problem> {
    let command = ChargeFee { account: at.id(), fee, occasion };
    Ok((StatusCode::CREATED, Json(desk.charge_fee(&ctx, command).await?)))
}

/// Waive a fee
///
/// What is open is not taken any more.
#[utoipa::path(
    post, path = "/accounts/{id}/fees/{fee}/{occasion}/waive", tag = "Fees", params(ChargeAt),
    request_body = Nothing,
    responses((status = 200, description = "The charge", body = Charge))
)]
pub(super) async fn waive_account_fee(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(ChargeAt { id, fee, occasion }): Path<ChargeAt>,
    _: Json<Option<Nothing>>,
) -> Result<Json<Charge>, Problem> {
    let command = ChangeCharge { account: id, fee, occasion, change: ChargeChange::Waive };
    Ok(Json(desk.change_charge(&ctx, command).await?))
}

/// Refund a fee
///
/// What was taken is given back, once.
#[utoipa::path(
    post, path = "/accounts/{id}/fees/{fee}/{occasion}/refund", tag = "Fees", params(ChargeAt),
    request_body = Nothing,
    responses((status = 200, description = "The charge", body = Charge))
)]
pub(super) async fn refund_account_fee(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(ChargeAt { id, fee, occasion }): Path<ChargeAt>,
    _: Json<Option<Nothing>>,
) -> Result<Json<Charge>, Problem> {
    let command = ChangeCharge { account: id, fee, occasion, change: ChargeChange::Refund };
    Ok(Json(desk.change_charge(&ctx, command).await?))
}
