//! Cards.

use axum::extract::State;
use http::StatusCode;
use platform::http::{CallCtx, Json, Page, Path, Problem, Query, decode_cursor, encode_cursor, page_limit};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use vault_api::Expiry;

use super::{Nothing, Shared};
use crate::card::{Card, CardChange, CardId};
use crate::controls::Controls;
use crate::face::{CardQuery, Change, ChangeCard, IssueCard};

const LIST: &str = "cards";

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct CardAt {
    /// The card's id.
    card: CardId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct CardsAsked {
    /// Only cards of this owner.
    owner: Option<String>,
    /// `next` of the previous page.
    cursor: Option<String>,
    /// 50 unless given, 500 at most.
    limit: Option<u32>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeBody {
    /// What happens to the card.
    change: StatusChange,
}

/// A change of a card's status by an operator.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum StatusChange {
    Activate,
    ReportLost,
    ReportStolen,
    Expire,
    /// Permanent.
    Close,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RenewBody {
    /// As YYMM, not before the present one.
    expiry: Expiry,
}

/// Issue a card
///
/// It is inactive at first. With `replaces` an old card is closed and this one pays from the same account. Needs an
/// Idempotency-Key: the same command issues one card.
#[utoipa::path(
    post, path = "/cards", tag = "Cards", request_body = IssueCard,
    params(("Idempotency-Key" = String, Header, description = "Names the command; a repeat issues nothing twice")),
    responses(
        (status = 201, description = "Issued", body = Card),
        (status = 200, description = "Issued before, by the same command", body = Card)
    )
)]
pub(super) async fn issue_card(
    State(cards): State<Shared>,
    CallCtx(ctx): CallCtx,
    Json(body): Json<IssueCard>,
) -> Result<(StatusCode, Json<Card>), Problem> {
    let card = cards.issue(&ctx, body).await?;
    Ok((if card.replayed { StatusCode::OK } else { StatusCode::CREATED }, Json(card)))
}

/// List cards
///
/// Holders see their own cards only.
#[utoipa::path(
    get, path = "/cards", tag = "Cards", params(CardsAsked),
    responses((status = 200, description = "One page, by id", body = Page<Card>))
)]
pub(super) async fn list_cards(
    State(cards): State<Shared>,
    CallCtx(ctx): CallCtx,
    Query(asked): Query<CardsAsked>,
) -> Result<Json<Page<Card>>, Problem> {
    let limit = page_limit(asked.limit)?;
    let after = asked.cursor.map(|cursor| decode_cursor::<CardId>(LIST, &cursor)).transpose()?;
    let items = cards.cards(&ctx, CardQuery { owner: asked.owner, after, limit }).await?;
    let next = items.last().filter(|_| items.len() == limit).map(|card| encode_cursor(LIST, &card.id));
    Ok(Json(Page { items, next }))
}

/// Get a card
///
/// With its status and controls, without its number.
#[utoipa::path(
    get, path = "/cards/{card}", tag = "Cards", params(CardAt),
    responses((status = 200, description = "The card", body = Card))
)]
pub(super) async fn get_card(
    State(cards): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<CardAt>,
) -> Result<Json<Card>, Problem> {
    Ok(Json(cards.card(&ctx, at.card).await?))
}

/// Activate, report or close a card
///
/// A change that does not follow from the card's status is refused. The next payment is decided by the new status.
#[utoipa::path(
    post, path = "/cards/{card}/changes", tag = "Cards", params(CardAt), request_body = ChangeBody,
    responses((status = 200, description = "The card as it is now", body = Card))
)]
pub(super) async fn change_card(
    State(cards): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<CardAt>,
    Json(body): Json<ChangeBody>,
) -> Result<Json<Card>, Problem> {
    let change = match body.change {
        StatusChange::Activate => CardChange::Activate,
        StatusChange::ReportLost => CardChange::ReportLost,
        StatusChange::ReportStolen => CardChange::ReportStolen,
        StatusChange::Expire => CardChange::Expire,
        StatusChange::Close => CardChange::Close,
    };
    Ok(Json(cards.change(&ctx, ChangeCard { card: at.card, change: Change::Status(change) }).await?))
}

/// Pause a card
///
/// Payments are declined until it is resumed. Holders may do it themselves.
#[utoipa::path(
    post, path = "/cards/{card}/pause", tag = "Cards", params(CardAt), request_body(content = Option<Nothing>, example = json!({})),
    responses((status = 200, description = "The card as it is now", body = Card))
)]
pub(super) async fn pause_card(
    State(cards): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<CardAt>,
    Json(_): Json<Option<Nothing>>,
) -> Result<Json<Card>, Problem> {
    let change = Change::Status(CardChange::Pause);
    Ok(Json(cards.change(&ctx, ChangeCard { card: at.card, change }).await?))
}

/// Resume a paused card
///
/// Payments are decided as before. Holders may do it themselves.
#[utoipa::path(
    post, path = "/cards/{card}/resume", tag = "Cards", params(CardAt), request_body(content = Option<Nothing>, example = json!({})),
    responses((status = 200, description = "The card as it is now", body = Card))
)]
pub(super) async fn resume_card(
    State(cards): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<CardAt>,
    Json(_): Json<Option<Nothing>>,
) -> Result<Json<Card>, Problem> {
    let change = Change::Status(CardChange::Resume);
    Ok(Json(cards.change(&ctx, ChangeCard { card: at.card, change }).await?))
}

/// Renew a card
///
/// The same number with a later expiry date; the verification code changes with it.
#[utoipa::path(
    post, path = "/cards/{card}/renew", tag = "Cards", params(CardAt), request_body = RenewBody,
    responses((status = 200, description = "The card as it is now", body = Card))
)]
pub(super) async fn renew_card(
    State(cards): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<CardAt>,
    Json(body): Json<RenewBody>,
) -> Result<Json<Card>, Problem> {
    Ok(Json(cards.change(&ctx, ChangeCard { card: at.card, change: Change::Renew(body.expiry) }).await?))
}

/// Set a card's controls
///
/// All of them are replaced. The programme's own controls apply as well.
#[utoipa::path(
    put, path = "/cards/{card}/controls", tag = "Cards", params(CardAt), request_body = Controls,
    responses((status = 200, description = "The card as it is now", body = Card))
)]
pub(super) async fn set_card_controls(
    State(cards): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<CardAt>,
    Json(controls): Json<Controls>,
) -> Result<Json<Card>, Problem> {
    Ok(Json(cards.change(&ctx, ChangeCard { card: at.card, change: Change::Controls(Box::new(controls)) }).await?))
}
