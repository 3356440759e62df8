//! Accounts and assets: commands and replies.

use kernel::{Currency, Money, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{AccountPath, Metadata, Reference, TimeBasis};

/// An account's normal side: debit for assets and expenses, credit for liabilities, equity and income.
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
    /// Takes no new debits or credits; holds can still be voided and expire.
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

/// The lowest and highest allowed balance. By default an account may not go below zero.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    #[serde(default)]
    pub floor: Option<Money>,
    #[serde(default)]
    pub ceiling: Option<Money>,
    /// If there is no floor: whether the account may go below zero without limit.
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
    /// Permanent, and only at zero and without holds.
    Close,
    SetLimits(Limits),
    SetMetadata(Metadata),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Account {
    pub path: AccountPath,
    /// `USD`, or a declared asset with its scale: `POINTS/0`.
    pub currency: Currency,
    /// The account's normal side.
    pub normal: Side,
    pub status: AccountStatus,
    /// The lowest allowed balance; absent if there is no limit.
    pub floor: Option<Money>,
    /// The highest allowed balance; absent if there is no limit.
    pub ceiling: Option<Money>,
    /// The owner.
    pub owner: Option<Reference>,
    /// The caller's own reference for it.
    pub reference: Option<Reference>,
    #[schema(value_type = BTreeMap<String, String>)]
    pub metadata: Metadata,
    pub balances: Balances,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// The same command was executed before; this is its first reply.
    pub replayed: bool,
    /// The last log row included in the reply; only in replies to queries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of_seq: Option<u64>,
}

/// All on the account's normal side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Balances {
    /// What has been booked.
    pub posted: Money,
    /// Amounts that pending transactions hold to arrive.
    pub pending_in: Money,
    /// Amounts that pending transactions hold to leave.
    pub pending_out: Money,
    /// What can leave now: posted minus what is held to leave, above the floor. Absent if there is no floor.
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
    /// One metadata key and the value it must have.
    pub metadata: Option<(String, String)>,
    /// The path after which the page starts.
    pub after: Option<AccountPath>,
    pub limit: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountPage {
    pub items: Vec<Account>,
    /// The last path of this page, if there are more.
    pub next: Option<AccountPath>,
    /// The last log row included in the page.
    pub as_of_seq: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RollUp {
    pub prefix: AccountPath,
    /// The requested instant; absent for the present.
    pub at: Option<Timestamp>,
    pub by: TimeBasis,
    /// The last log row included.
    pub as_of_seq: u64,
    /// Accounts that were added up.
    pub accounts: u64,
    /// One entry per currency.
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
    /// Posted debits minus posted credits.
    pub net_debit: Money,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclareAsset {
    /// 3 to 12 capital letters and digits, starting with a letter; not an ISO 4217 code.
    pub code: String,
    /// Decimal places, 0 to 9; cannot be changed later.
    pub scale: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Asset {
    pub code: String,
    /// Decimal places.
    pub scale: u8,
    /// It was already declared.
    pub replayed: bool,
}
