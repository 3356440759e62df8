//! Payees: accounts that a payer knows by a name.

use kernel::{Id, IdKind, Timestamp};
use ledger_api::AccountPath;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayeeTag {}

impl IdKind for PayeeTag {
    const PREFIX: &'static str = "payee";
}

pub type PayeeId = Id<PayeeTag>;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddPayee {
    /// As the payer calls them, at most 70 characters.
    #[schema(example = "Bob Miller")]
    pub name: String,
    /// Their account.
    #[schema(value_type = String, example = "customers:bob")]
    pub path: AccountPath,
}

/// Whether the name belongs to the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum NameCheck {
    /// It is the account's name.
    #[serde(rename = "MTCH")]
    Match,
    /// It is another name.
    #[serde(rename = "NMTC")]
    NoMatch,
    /// The account has no name to compare with.
    #[serde(rename = "NOAP")]
    NotPossible,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Payee {
    #[schema(value_type = String)]
    pub id: PayeeId,
    pub name: String,
    #[schema(value_type = String, example = "customers:bob")]
    pub path: AccountPath,
    /// `MTCH`, `NMTC` or `NOAP`, when it was added.
    pub name_check: NameCheck,
    /// In the 24 hours after this, a smaller limit applies.
    pub added_at: Timestamp,
}

/// In the order in which they were added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PayeePage {
    pub items: Vec<Payee>,
}
