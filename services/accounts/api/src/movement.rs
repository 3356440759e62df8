//! Movements: one ledger transaction seen from one account.

use kernel::{Id, IdKind, Money, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::AccountId;

#[derive(Debug, Clone, Copy)]
pub enum MovementTag {}

impl IdKind for MovementTag {
    const PREFIX: &'static str = "mov";
}

/// Month, account and log row.
pub type MovementId = Id<MovementTag>;

macro_rules! numbered {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$note:meta])* $variant:ident = $number:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, strum::IntoStaticStr,
            strum::EnumString, strum::FromRepr,
        )]
        #[serde(rename_all = "snake_case")]
        #[strum(serialize_all = "snake_case")]
        #[repr(u8)]
        pub enum $name { $($(#[$note])* $variant = $number),+ }
    };
}

numbered! {
    /// What kind of operation moved the money.
    pub enum Kind {
        Other = 0,
        Transfer = 1,
        Card = 2,
        Fee = 3,
        Interest = 4,
        DirectDebit = 5,
        StandingOrder = 6,
        Refund = 7,
        Cash = 8,
        Tax = 9,
    }
}

numbered! {
    /// What the money was for.
    pub enum Category {
        Other = 0,
        Income = 1,
        Interest = 2,
        Transfers = 3,
        Groceries = 4,
        Restaurants = 5,
        Housing = 6,
        Utilities = 7,
        Transport = 8,
        Fuel = 9,
        Travel = 10,
        Health = 11,
        Insurance = 12,
        Shopping = 13,
        Entertainment = 14,
        Education = 15,
        Cash = 16,
        Fees = 17,
        Taxes = 18,
        Donations = 19,
        Refunds = 20,
    }
}

numbered! {
    pub enum MovementStatus {
        /// Held until it is posted or released.
        Pending = 0,
        Posted = 1,
        /// Released without being posted.
        Released = 2,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    In,
    Out,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Movement {
    #[schema(value_type = String, example = "mov_01kppyzd5gfmra2qsx5rkvr8wb")]
    pub id: MovementId,
    #[schema(value_type = String)]
    pub account: AccountId,
    /// The ledger's transaction.
    #[schema(example = "txn_01kppyzd5gfmra2qsx5rkvr8wb")]
    pub transaction: String,
    pub status: MovementStatus,
    /// A credit is positive.
    pub amount: Money,
    pub kind: Kind,
    pub category: Category,
    /// When it was recorded.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// When it takes effect, if that is another time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub effective_at: Option<Timestamp>,
    /// The account on the other side, in the ledger.
    pub counterpart: String,
    /// What caused it: a payment, an authorization.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The counterparty's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The counterparty's account number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The merchant's category code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mcc: Option<String>,
}

/// The newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MovementQuery {
    #[serde(default)]
    pub account: Option<AccountId>,
    /// Recorded at or after this instant.
    #[serde(default)]
    pub from: Option<Timestamp>,
    /// Recorded before this instant.
    #[serde(default)]
    pub to: Option<Timestamp>,
    /// The smallest amount, whatever its direction.
    #[serde(default)]
    pub min: Option<Money>,
    #[serde(default)]
    pub max: Option<Money>,
    #[serde(default)]
    pub direction: Option<Direction>,
    #[serde(default)]
    pub kind: Option<Kind>,
    #[serde(default)]
    pub category: Option<Category>,
    /// Words that all occur in the texts.
    #[serde(default)]
    pub text: Option<String>,
    /// Only log rows before this one.
    #[serde(default)]
    pub before: Option<u64>,
    pub limit: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovementPage {
    pub items: Vec<Movement>,
    /// The `before` of the next page; a page may be short, or even empty, and still have one.
    pub next: Option<u64>,
    /// Everything up to this log row of the ledger was considered.
    pub indexed_to_seq: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetCategory {
    pub id: MovementId,
    pub category: Category,
    /// Also for what is booked later with the same counterparty.
    #[serde(default)]
    pub for_counterparty: bool,
}
