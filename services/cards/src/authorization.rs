//! Authorizations and their steps, as callers send and receive them.

use kernel::{Currency, Id, IdKind, IdempotencyKey, Money, Secret, Timestamp};
use risk_api::Channel;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vault_api::{Expiry, Pan, Token};

use crate::card::CardId;
use crate::life::{Status, StepKind};
use crate::reason::Reason;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthorizationTag {}

impl IdKind for AuthorizationTag {
    const PREFIX: &'static str = "auth";
}

pub type AuthorizationId = Id<AuthorizationTag>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepTag {}

impl IdKind for StepTag {
    const PREFIX: &'static str = "step";
}

pub type StepId = Id<StepTag>;

/// Asks whether a card may pay. Either `pan` or `token` names the card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Authorize {
    /// The caller's own name for the request: 1 to 128 visible ASCII characters. The same request gets the same answer.
    #[schema(value_type = String, example = "test123")]
    pub request_id: IdempotencyKey,
    /// The card number, 12 to 19 digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "4111111111111111")]
    pub pan: Option<Pan>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Token>,
    /// A decimal string with exactly the currency's decimal places.
    #[schema(example = "10.00")]
    pub amount: String,
    /// The card's own currency if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// As YYMM; compared with the card's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry: Option<Expiry>,
    /// The verification code; compared, and never stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "123")]
    pub cvv: Option<Secret>,
    #[serde(flatten)]
    pub at: Acceptor,
    /// Approve what is available if that is less than the amount.
    #[serde(default)]
    pub partial_approval: bool,
}

/// Where a card is used. Nothing of it is needed; controls and risk use what there is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Acceptor {
    /// The merchant's id, at most 64 letters, digits and _ - . : / + =.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "bookshop-1")]
    pub merchant: Option<String>,
    /// For statements, at most 64 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "The Bookshop")]
    pub merchant_name: Option<String>,
    /// The merchant category code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[0-9]{4}$", example = "5942")]
    pub category: Option<String>,
    /// ISO 3166, two letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[A-Z]{2}$", example = "DE")]
    pub country: Option<String>,
    /// `present`, `contactless`, `atm` or `ecommerce`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "ecommerce")]
    pub channel: Option<Channel>,
    /// The terminal's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminal: Option<String>,
    /// The holder's device, by a token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// The holder's address in the network, by a token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// How an authorization began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A merchant asked.
    Request,
    /// A stand-in decided.
    Advice,
    /// A clearing without an authorization.
    ForcePost,
    /// A refund without a payment.
    Refund,
}

/// The same amount as three parties see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Amounts {
    /// What the holder pays, with fees.
    pub cardholder: Money,
    /// What the merchant asked for.
    pub merchant: Money,
    /// What the network is paid.
    pub settlement: Money,
}

/// The money of an authorization now, in the card's currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Totals {
    /// Increments included.
    pub authorized: Money,
    /// Still held on the holder's account.
    pub held: Money,
    /// Booked, fees included.
    pub cleared: Money,
    pub fees: Money,
    pub refunded: Money,
    /// Credited to the holder while a dispute is open.
    pub disputed: Money,
}

/// An authorization and its decision. A decline is an answer and not an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Authorization {
    pub id: AuthorizationId,
    #[schema(example = "test123")]
    pub request_id: String,
    pub origin: Origin,
    pub status: Status,
    /// Why it was decided so; absent while it is not decided.
    pub reason: Option<Reason>,
    /// The public code, ISO 8583 field 39.
    #[schema(example = "00")]
    pub response_code: Option<String>,
    /// For approvals: six digits that the merchant quotes.
    #[schema(example = "412907")]
    pub approval_code: Option<String>,
    /// Absent for a number that is not one of ours.
    pub card: Option<CardId>,
    /// Absent where the card, and so its currency, is unknown.
    pub amounts: Option<Amounts>,
    pub totals: Option<Totals>,
    /// What the holder's account had available after the decision.
    pub balance: Option<Money>,
    #[serde(flatten)]
    pub at: Acceptor,
    pub created_at: Timestamp,
    pub decided_at: Option<Timestamp>,
    /// When the hold is released by itself.
    pub expires_at: Option<Timestamp>,
    /// The same request was answered before; this is its answer.
    pub replayed: bool,
}

/// One step in the life of an authorization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Step {
    pub id: StepId,
    pub kind: StepKind,
    /// The caller's name for it; absent for what happened by itself.
    pub request_id: Option<String>,
    /// `done`, `declined`, or `pending`.
    pub status: StepStatus,
    pub reason: Reason,
    #[schema(example = "00")]
    pub response_code: String,
    pub amounts: Amounts,
    /// The authorization's money after it.
    pub totals: Totals,
    /// More was cleared than the category's tolerance allows: a reason to dispute it.
    pub above_tolerance: bool,
    pub at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepStatus {
    Pending,
    Done,
    Declined,
}

/// A step, and the authorization after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Stepped {
    pub step: Step,
    pub authorization: Authorization,
    /// The same request was answered before; this is its answer.
    pub replayed: bool,
}

/// A step to take. What it is about is an authorization, or a card for a clearing, a refund or an advice without one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TakeStep {
    pub request_id: IdempotencyKey,
    pub kind: StepKind,
    pub about: About,
    /// All that there is, if it is left out.
    #[serde(default)]
    pub amount: Option<String>,
    #[serde(default)]
    pub currency: Option<Currency>,
    /// For a clearing: nothing more will be cleared.
    #[serde(default)]
    pub is_final: bool,
    /// For a dispute: the holder says that it was fraud, and risk is told.
    #[serde(default)]
    pub is_fraud: bool,
    #[serde(default)]
    pub at: Acceptor,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    Authorization(AuthorizationId),
    Card(Token),
    Pan(Pan),
}

/// Ways to find an authorization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindAuthorization {
    Id(AuthorizationId),
    /// One of the caller's own requests.
    RequestId(IdempotencyKey),
    /// By what a network quotes of it.
    Approval(Approval),
    Trace(Trace),
}

/// The caller's newest request on a card whose name ends so, among the latest 500 authorizations of the card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trace {
    pub pan: Pan,
    pub ending: String,
}

/// A card, by its number or token, and the approval code of one of its latest 500 authorizations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    #[serde(default)]
    pub pan: Option<Pan>,
    #[serde(default)]
    pub token: Option<Token>,
    pub code: String,
}

/// An authorization with its steps, the oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuthorizationFound {
    #[serde(flatten)]
    pub authorization: Authorization,
    /// At most 500.
    pub steps: Vec<Step>,
}

impl Authorization {
    pub fn is_approved(&self) -> bool {
        self.reason.is_some_and(Reason::is_approval)
    }
}
