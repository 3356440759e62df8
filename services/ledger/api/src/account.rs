//! Accounts and assets: what is asked and what is answered.

use kernel::{Currency, Money, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{AccountPath, Metadata, Reference, TimeBasis};

/// The side on which an account grows: assets and expenses by debits, liabilities, equity and income by credits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    Debit,
    Credit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountStatus {
    Open,
    /// No new debit or credit; holds may still be voided and expire.
    Frozen,
    Closed,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenAccount {
    pub path: AccountPath,
    pub currency: Currency,
    pub normal: Side,
    #[serde(default)]
    pub limits: Limits,
    #[serde(default)]
    pub owner: Option<Reference>,
    #[serde(default)]
    pub reference: Option<Reference>,
    #[serde(default)]
    pub metadata: Metadata,
}

/// How low and how high an account may stand. Without a word about it, an account may not go below zero.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    #[serde(default)]
    pub floor: Option<Money>,
    #[serde(default)]
    pub ceiling: Option<Money>,
    /// Without a floor: whether the account may go below zero without any bound.
    #[serde(default)]
    pub may_go_negative: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeAccount {
    pub path: AccountPath,
    pub change: AccountChange,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountChange {
    Freeze,
    Unfreeze,
    /// For good, and only at zero and without holds.
    Close,
    SetLimits(Limits),
    SetMetadata(Metadata),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Account {
    pub path: AccountPath,
    /// `USD`, or a declared asset with its scale: `POINTS/0`.
    pub currency: Currency,
    /// The side on which it grows.
    pub normal: Side,
    pub status: AccountStatus,
    /// It may not go below this; nothing where it may go below zero without bound.
    pub floor: Option<Money>,
    /// It may not go above this; nothing where there is no bound.
    pub ceiling: Option<Money>,
    /// Who it belongs to.
    pub owner: Option<Reference>,
    /// The opener's own name for it.
    pub reference: Option<Reference>,
    #[schema(value_type = BTreeMap<String, String>)]
    pub metadata: Metadata,
    pub balances: Balances,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// The same command had been carried out before; this is its first answer.
    pub replayed: bool,
    /// The last row of the log that was known to the answer; only in answers to questions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of_seq: Option<u64>,
}

/// All on the account's normal side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Balances {
    /// What has been booked.
    pub posted: Money,
    /// What pending transactions hold to arrive.
    pub pending_in: Money,
    /// What pending transactions hold to leave.
    pub pending_out: Money,
    /// What can leave now: posted less what is held to leave, above the floor. Nothing where there is no floor.
    pub available: Option<Money>,
    /// Rises by one with every transaction that touches the account.
    pub version: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountQuery {
    pub prefix: Option<AccountPath>,
    pub owner: Option<Reference>,
    pub reference: Option<Reference>,
    /// One metadata key and the value it has to have.
    pub metadata: Option<(String, String)>,
    /// The path behind which the page starts.
    pub after: Option<AccountPath>,
    pub limit: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountPage {
    pub items: Vec<Account>,
    /// The last path of this page when there are more.
    pub next: Option<AccountPath>,
    /// The last row of the log that was known to the page.
    pub as_of_seq: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RollUp {
    pub prefix: AccountPath,
    /// The instant that was asked for; nothing where that was the present.
    pub at: Option<Timestamp>,
    pub by: TimeBasis,
    /// The last row of the log that was looked at.
    pub as_of_seq: u64,
    /// Accounts that were added up.
    pub accounts: u64,
    /// One entry for each currency.
    pub currencies: Vec<CurrencyTotal>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CurrencyTotal {
    pub currency: Currency,
    /// Accounts in this currency.
    pub accounts: u64,
    pub posted_debits: Money,
    pub posted_credits: Money,
    pub pending_debits: Money,
    pub pending_credits: Money,
    /// Posted debits less posted credits.
    pub net_debit: Money,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclareAsset {
    /// 3 to 12 capital letters and digits, the first a letter; none that ISO 4217 has.
    pub code: String,
    /// Digits behind the point, 0 to 9, once and for all.
    pub scale: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Asset {
    pub code: String,
    /// Digits behind the point.
    pub scale: u8,
    /// It had been declared before.
    pub replayed: bool,
}
