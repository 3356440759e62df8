//! Transactions: what moved on an account.

use kernel::{Id, IdKind, Money};
use serde::{Deserialize, Serialize};
use strum::{EnumString, FromRepr, IntoStaticStr};
use utoipa::ToSchema;

use crate::{AccountId, Code, Day};

#[derive(Debug, Clone, Copy)]
pub struct TransactionTag;

impl IdKind for TransactionTag {
    const PREFIX: &'static str = "btxn";
}

pub type TransactionId = Id<TransactionTag>;

#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    ToSchema,
    IntoStaticStr,
    EnumString,
    FromRepr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[repr(u8)]
pub enum Status {
    /// Announced and not booked.
    Pending,
    /// No rule can tell whether it is known; a person decides. Not counted.
    PossibleDuplicate,
    Booked,
    /// Booked, and changed by the bank since.
    Corrected,
    /// For information; not counted.
    Info,
    Removed,
}

impl Status {
    /// Whether sums count it.
    pub fn is_counted(self) -> bool {
        matches!(self, Status::Booked | Status::Corrected)
    }
}

/// One movement. Amounts are signed from the account's side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Transaction {
    pub id: TransactionId,
    pub account: AccountId,
    pub status: Status,
    pub amount: Money,
    /// The day on which the bank booked it; of a pending one, the day on which it was announced.
    pub booked_on: Day,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valued_on: Option<Day>,
    pub code: Code,
    /// The bank's own word for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bank_code: Option<String>,
    pub category: String,
    /// The category is a person's choice; no rule changes it.
    pub category_chosen: bool,
    /// It takes an earlier one back.
    pub reversal: bool,
    pub references: References,
    pub counterparty: Counterparty,
    pub text: Vec<String>,
    /// The parts of a batch. They divide the amount and never add to it.
    pub details: Vec<Detail>,
    pub charges: Vec<Charge>,
    /// The amount in the currency in which it was ordered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<String>,
    /// The transaction that it may repeat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub possible_duplicate_of: Option<TransactionId>,
}

#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct References {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bank: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_to_end: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mandate: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creditor: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cheque: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub structured: Option<String>,
}

#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Counterparty {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// IBAN or number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bank: Option<String>,
}

/// A part of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Detail {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counterparty: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_to_end: Option<String>,
    pub text: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Charge {
    /// Negative where it was taken from the account.
    pub amount: Money,
    /// It is part of the transaction's amount.
    pub included: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransactionQuery {
    pub account: AccountId,
    pub from: Option<Day>,
    pub to: Option<Day>,
    pub status: Option<Status>,
    /// The last one of the page before: lists begin with the newest day.
    pub after: Option<TransactionId>,
    pub limit: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransactionPage {
    pub items: Vec<Transaction>,
    pub more: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum TransactionChange {
    /// A person's choice, which every import leaves alone. None gives it back to the rules.
    Category { category: Option<String> },
    /// A possible duplicate is a movement of its own.
    Keep,
    /// A possible duplicate is this transaction, told again.
    Merge { into: TransactionId },
    /// Takes back `Keep` or `Merge`.
    Undo,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeTransaction {
    pub id: TransactionId,
    pub change: TransactionChange,
}
