//! The simulator: what a merchant and a network would send, one verb at a time. Each verb is one of the use cases, with their
//! permissions.

use axum::extract::State;
use kernel::{Ctx, Currency, IdempotencyKey, Secret};
use platform::crypto::random_token;
use platform::error::Failure;
use platform::http::{CallCtx, Json, Path, Problem};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use vault_api::{Expiry, Pan, Token};

use super::Shared;
use crate::Refusal;
use crate::authorization::{About, Acceptor, Authorization, AuthorizationId, Authorize, Step, TakeStep};
use crate::balance::{AskBalance, CardBalance};
use crate::life::StepKind;
use crate::refusal::CardsError;

const NAME_BYTES: usize = 12;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct VerbAt {
    /// What happens: `authorize`, `advice`, `increment`, `clear`, `void`, `reverse`, `expire`, `refund`, `refund_reversal`, `force_post`
    /// or `balance_inquiry`.
    #[param(inline)]
    verb: Verb,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verb {
    Authorize,
    Advice,
    Increment,
    Clear,
    Void,
    Reverse,
    Expire,
    Refund,
    RefundReversal,
    ForcePost,
    BalanceInquiry,
}

/// What the verb needs: a card, by its number or token, or an authorization.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Simulation {
    /// A new one each time, if it is left out.
    #[schema(value_type = Option<String>, example = "simulated-1")]
    request_id: Option<IdempotencyKey>,
    #[schema(value_type = Option<String>, example = "4111111111111111")]
    pan: Option<Pan>,
    token: Option<Token>,
    /// For verbs about a payment that was authorized.
    authorization: Option<AuthorizationId>,
    #[schema(example = "10.00")]
    amount: Option<String>,
    currency: Option<Currency>,
    expiry: Option<Expiry>,
    #[schema(value_type = Option<String>)]
    cvv: Option<Secret>,
    #[serde(default)]
    partial_approval: bool,
    /// For `clear`: nothing more will be cleared.
    #[serde(default)]
    is_final: bool,
    #[serde(flatten)]
    at: Acceptor,
}

/// What the verb did.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct Simulated {
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization: Option<Authorization>,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<Step>,
    #[serde(skip_serializing_if = "Option::is_none")]
    balance: Option<CardBalance>,
}

/// Simulate a merchant or a network
///
/// `authorize`, `advice`, `force_post`, `refund` and `balance_inquiry` are about a card; `increment`, `clear`, `void`, `reverse`, `expire`,
/// `refund` and `refund_reversal` about an authorization. Verbs beside `authorize` and `balance_inquiry` also need
/// `authorizations:advance`. `expire` ends the hold as its expiry would.
#[utoipa::path(
    post, path = "/simulate/cards/{verb}", tag = "Simulator", params(VerbAt), request_body = Simulation,
    responses((status = 200, description = "What the verb did", body = Simulated))
)]
pub(super) async fn simulate_card(
    State(cards): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(VerbAt { verb }): Path<VerbAt>,
    Json(body): Json<Simulation>,
) -> Result<Json<Simulated>, Problem> {
    Ok(Json(match verb {
        Verb::Authorize => authorize(&cards, &ctx, body).await?,
        Verb::BalanceInquiry => {
            let Simulation { pan, token, expiry, cvv, .. } = body;
            let balance = cards.balance(&ctx, AskBalance { pan, token, expiry, cvv }).await?;
            Simulated { balance: Some(balance), ..Simulated::default() }
        }
        verb => step(&cards, &ctx, verb, body).await?,
    }))
}

async fn authorize(cards: &Shared, ctx: &Ctx, body: Simulation) -> Result<Simulated, CardsError> {
    let request_id = name(body.request_id)?;
    let expected = "a decimal amount above zero, such as 10.00".to_owned();
    let amount = body.amount.ok_or(Refusal::AmountInvalid { expected })?;
    let Simulation { pan, token, currency, expiry, cvv, at, partial_approval, .. } = body;
    let command = Authorize { request_id, pan, token, amount, currency, expiry, cvv, at, partial_approval };
    let authorization = cards.authorize(ctx, command).await?;
    Ok(Simulated { authorization: Some(authorization), ..Simulated::default() })
}

async fn step(cards: &Shared, ctx: &Ctx, verb: Verb, body: Simulation) -> Result<Simulated, CardsError> {
    let request_id = name(body.request_id)?;
    let about = match (body.authorization, body.pan, body.token) {
        (Some(id), None, None) => About::Authorization(id),
        (None, Some(pan), None) if is_about_a_card(verb) => About::Pan(pan),
        (None, None, Some(token)) if is_about_a_card(verb) => About::Card(token),
        _ => return Err(Refusal::CardMissing.into()),
    };
    let kind = match verb {
        Verb::Advice => StepKind::Advice,
        Verb::Increment => StepKind::Increment,
        Verb::Clear | Verb::ForcePost => StepKind::Clearing,
        Verb::Void | Verb::Reverse => StepKind::Reversal,
        Verb::Expire => StepKind::Expiry,
        Verb::Refund => StepKind::Refund,
        Verb::RefundReversal => StepKind::RefundReversal,
        Verb::Authorize | Verb::BalanceInquiry => return Err(Failure::Internal.into()),
    };
    // A void takes back all that is held, whatever amount is given.
    let amount = body.amount.filter(|_| !matches!(verb, Verb::Void | Verb::Expire));
    let Simulation { currency, is_final, at, .. } = body;
    let command = TakeStep { request_id, kind, about, amount, currency, is_final, is_fraud: false, at };
    let done = cards.take_step(ctx, command).await?;
    Ok(Simulated { authorization: Some(done.authorization), step: Some(done.step), balance: None })
}

fn is_about_a_card(verb: Verb) -> bool {
    matches!(verb, Verb::Advice | Verb::ForcePost | Verb::Refund)
}

fn name(given: Option<IdempotencyKey>) -> Result<IdempotencyKey, Failure> {
    match given {
        Some(given) => Ok(given),
        None => format!("simulated-{}", random_token(NAME_BYTES).expose()).parse().map_err(|_| Failure::Internal),
    }
}
