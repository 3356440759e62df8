//! Steps in the life of an authorization.

use axum::extract::State;
use kernel::{Currency, IdempotencyKey};
use platform::http::{CallCtx, Json, Path, Problem};
use serde::Deserialize;
use utoipa::ToSchema;
use vault_api::{Pan, Token};

use super::Shared;
use super::authorizations::AuthorizationAt;
use crate::Refusal;
use crate::authorization::{About, Acceptor, Stepped, TakeStep};
use crate::life::StepKind;

/// A step of an authorization.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StepBody {
    /// The caller's own name for the request: the same request gets the same answer.
    #[schema(value_type = String, example = "clear-1")]
    request_id: IdempotencyKey,
    kind: OwnStep,
    /// All that there is, if it is left out: what is held, paid, refunded or in dispute.
    #[schema(example = "10.00")]
    amount: Option<String>,
    /// The card's own if it is left out.
    currency: Option<Currency>,
    /// For a clearing: nothing more will be cleared, so the rest is released.
    #[serde(default)]
    is_final: bool,
    /// For a dispute: the holder says that it was fraud.
    #[serde(default)]
    is_fraud: bool,
}

/// Steps of an authorization that exists.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum OwnStep {
    Increment,
    Clearing,
    Reversal,
    Refund,
    RefundReversal,
    Dispute,
    DisputeWon,
    DisputeLost,
}

/// A step of a card. Either `pan` or `token` names it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CardStepBody {
    /// The caller's own name for the request: the same request gets the same answer.
    #[schema(value_type = String, example = "force-1")]
    request_id: IdempotencyKey,
    kind: CardStep,
    #[schema(value_type = Option<String>, example = "4111111111111111")]
    pan: Option<Pan>,
    token: Option<Token>,
    #[schema(example = "10.00")]
    amount: String,
    /// The card's own if it is left out.
    currency: Option<Currency>,
    #[serde(flatten)]
    at: Acceptor,
}

/// Steps without an authorization.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum CardStep {
    /// A stand-in has approved; it is recorded and held, below the floor if need be.
    Advice,
    /// A clearing without an authorization.
    ForcePost,
    /// A refund without a payment.
    Refund,
}

/// Take a step
///
/// Clearing, reversal, refund, dispute and so on. What exceeds the hold is booked in the same atomic batch, below the
/// floor if need be: the network has paid the merchant already.
#[utoipa::path(
    post, path = "/cards/authorizations/{authorization}/steps", tag = "Steps", params(AuthorizationAt),
    request_body = StepBody, responses((status = 200, description = "The step and the authorization after it", body = Stepped))
)]
pub(super) async fn take_authorization_step(
    State(cards): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(path): Path<AuthorizationAt>,
    Json(body): Json<StepBody>,
) -> Result<Json<Stepped>, Problem> {
    let about = About::Authorization(path.authorization);
    let StepBody { request_id, kind, amount, currency, is_final, is_fraud } = body;
    let (kind, at) = (own_kind(kind), Acceptor::default());
    let command = TakeStep { request_id, kind, about, amount, currency, is_final, is_fraud, at };
    Ok(Json(cards.take_step(&ctx, command).await?))
}

/// Record an advice, a force post or a refund
///
/// For what happens without an authorization of ours. It becomes an authorization, with its own id.
#[utoipa::path(
    post, path = "/cards/steps", tag = "Steps", request_body = CardStepBody,
    responses((status = 200, description = "The step and its authorization", body = Stepped))
)]
pub(super) async fn take_card_step(
    State(cards): State<Shared>,
    CallCtx(ctx): CallCtx,
    Json(body): Json<CardStepBody>,
) -> Result<Json<Stepped>, Problem> {
    let CardStepBody { request_id, kind, pan, token, amount, currency, at } = body;
    let about = match (pan, token) {
        (Some(pan), None) => About::Pan(pan),
        (None, Some(token)) => About::Card(token),
        _ => return Err(crate::CardsError::from(Refusal::CardMissing).into()),
    };
    let (kind, amount) = (card_kind(kind), Some(amount));
    let command = TakeStep { request_id, kind, about, amount, currency, is_final: true, is_fraud: false, at };
    Ok(Json(cards.take_step(&ctx, command).await?))
}

fn own_kind(kind: OwnStep) -> StepKind {
    match kind {
        OwnStep::Increment => StepKind::Increment,
        OwnStep::Clearing => StepKind::Clearing,
        OwnStep::Reversal => StepKind::Reversal,
        OwnStep::Refund => StepKind::Refund,
        OwnStep::RefundReversal => StepKind::RefundReversal,
        OwnStep::Dispute => StepKind::Dispute,
        OwnStep::DisputeWon => StepKind::DisputeWon,
        OwnStep::DisputeLost => StepKind::DisputeLost,
    }
}

fn card_kind(kind: CardStep) -> StepKind {
    match kind {
        CardStep::Advice => StepKind::Advice,
        CardStep::ForcePost => StepKind::Clearing,
        CardStep::Refund => StepKind::Refund,
    }
}
