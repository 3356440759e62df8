//! Authorizations.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use kernel::IdempotencyKey;
use platform::error::REPLAYED;
use platform::http::{CallCtx, Json, Page, Path, Problem, Query, decode_cursor, encode_cursor, page_limit};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Shared;
use crate::authorization::{Authorization, AuthorizationFound, AuthorizationId, Authorize, FindAuthorization};
use crate::balance::{AskBalance, CardBalance};
use crate::card::CardId;
use crate::face::AuthorizationQuery;

const LIST: &str = "authorizations";

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct AuthorizationAt {
    /// The authorization's id.
    pub(super) authorization: AuthorizationId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct RequestAt {
    /// The caller's own name for the request.
    #[param(value_type = String)]
    request_id: IdempotencyKey,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AuthorizationsAsked {
    /// The card.
    #[param(value_type = String)]
    card: CardId,
    /// `next` of the previous page.
    cursor: Option<String>,
    /// 50 unless given, 500 at most.
    limit: Option<u32>,
}

/// Authorize a payment
///
/// Decides whether a card may pay, and holds the amount on the holder's account if it may. A decline is an answer with
/// status 200: act on `status`, `reason` and `response_code`. The same `request_id` with the same contents gets the same
/// answer, and holds nothing twice.
#[utoipa::path(
    post, path = "/cards/authorizations", tag = "Authorizations", request_body = Authorize,
    responses((status = 200, description = "The decision", body = Authorization))
)]
pub(super) async fn authorize_payment(
    State(cards): State<Shared>,
    CallCtx(ctx): CallCtx,
    Json(body): Json<Authorize>,
) -> Result<Response, Problem> {
    let answer = cards.authorize(&ctx, body).await?;
    let replayed = answer.replayed;
    let mut response = Json(answer).into_response();
    if replayed {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// Ask for a balance
///
/// What the card's account has available, for a card that may pay. Nothing is held or stored. A decline is an answer with
/// status 200.
#[utoipa::path(
    post, path = "/cards/balance-inquiries", tag = "Authorizations", request_body = AskBalance,
    responses((status = 200, description = "The balance, or the reason why there is none", body = CardBalance))
)]
pub(super) async fn ask_card_balance(
    State(cards): State<Shared>,
    CallCtx(ctx): CallCtx,
    Json(body): Json<AskBalance>,
) -> Result<Json<CardBalance>, Problem> {
    Ok(Json(cards.balance(&ctx, body).await?))
}

/// List a card's authorizations
///
/// The newest first, declined ones included.
#[utoipa::path(
    get, path = "/cards/authorizations", tag = "Authorizations", params(AuthorizationsAsked),
    responses((status = 200, description = "One page, the newest first", body = Page<Authorization>))
)]
pub(super) async fn list_authorizations(
    State(cards): State<Shared>,
    CallCtx(ctx): CallCtx,
    Query(asked): Query<AuthorizationsAsked>,
) -> Result<Json<Page<Authorization>>, Problem> {
    let limit = page_limit(asked.limit)?;
    let before = asked.cursor.map(|cursor| decode_cursor::<AuthorizationId>(LIST, &cursor)).transpose()?;
    let items = cards.authorizations(&ctx, AuthorizationQuery { card: asked.card, before, limit }).await?;
    let next = items.last().filter(|_| items.len() == limit).map(|last| encode_cursor(LIST, &last.id));
    Ok(Json(Page { items, next }))
}

/// Get an authorization
///
/// With its steps, the oldest first.
#[utoipa::path(
    get, path = "/cards/authorizations/{authorization}", tag = "Authorizations", params(AuthorizationAt),
    responses((status = 200, description = "The authorization as it is now", body = AuthorizationFound))
)]
pub(super) async fn get_authorization(
    State(cards): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<AuthorizationAt>,
) -> Result<Json<AuthorizationFound>, Problem> {
    Ok(Json(cards.authorization(&ctx, FindAuthorization::Id(at.authorization)).await?))
}

/// Find an authorization by request id
///
/// For callers whose request got no answer: their own request, and what became of it.
#[utoipa::path(
    get, path = "/cards/requests/{request_id}", tag = "Authorizations", params(RequestAt),
    responses((status = 200, description = "The authorization as it is now", body = AuthorizationFound))
)]
pub(super) async fn find_authorization(
    State(cards): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<RequestAt>,
) -> Result<Json<AuthorizationFound>, Problem> {
    Ok(Json(cards.authorization(&ctx, FindAuthorization::RequestId(at.request_id)).await?))
}
