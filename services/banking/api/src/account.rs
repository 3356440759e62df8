//! Bank accounts, their balances, gaps and holdings.

use kernel::{Currency, Id, IdKind, Money, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Day;

#[derive(Debug, Clone, Copy)]
pub struct AccountTag;

impl IdKind for AccountTag {
    const PREFIX: &'static str = "bacc";
}

pub type AccountId = Id<AccountTag>;

#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    ToSchema,
    strum::IntoStaticStr,
    strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum AccountKind {
    #[default]
    Current,
    Savings,
    Card,
    Loan,
    Brokerage,
}

/// How reports of the day so far (camt.052) are read.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    ToSchema,
    strum::IntoStaticStr,
    strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum InterimReports {
    /// Each tells the whole day so far.
    #[default]
    Full,
    /// Each tells only what is new since the one before.
    News,
}

/// Where entries come from.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    ToSchema,
    strum::IntoStaticStr,
    strum::EnumString,
    strum::FromRepr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[repr(u8)]
pub enum Source {
    Camt = 1,
    Mt,
    Bai2,
    Ofx,
    Csv,
    /// A bank's API.
    Api,
}

/// An account at a bank.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BankAccount {
    pub id: AccountId,
    pub kind: AccountKind,
    pub currency: Currency,
    /// The customer it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The company it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
    /// The last four characters of its IBAN or number.
    pub last_four: String,
    pub interim_reports: InterimReports,
    /// Only this source books; others add balances, details and pending entries. Without it all of them book.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leading: Option<Source>,
    /// The latest balance of each type.
    pub balances: Vec<Balance>,
    pub created_at: Timestamp,
}

#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    ToSchema,
    Hash,
    strum::IntoStaticStr,
    strum::EnumString,
    strum::FromRepr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[repr(u8)]
pub enum BalanceKind {
    OpeningBooked,
    ClosingBooked,
    InterimBooked,
    OpeningAvailable,
    ClosingAvailable,
    InterimAvailable,
    ForwardAvailable,
    Expected,
    Limit,
}

/// A balance as the bank stated it. A correction is a further balance of the same day; the later one counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Balance {
    #[serde(rename = "type")]
    pub kind: BalanceKind,
    pub as_of: Day,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    pub amount: Money,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BalanceQuery {
    pub account: AccountId,
    /// The balances as of this day; without it the latest ones.
    pub at: Option<Day>,
    pub kind: Option<BalanceKind>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BalancePage {
    /// The latest of each type that is not after the day asked for.
    pub items: Vec<Balance>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountQuery {
    pub account: Option<AccountId>,
    pub after: Option<AccountId>,
    pub limit: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountPage {
    pub items: Vec<BankAccount>,
    pub more: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeAccount {
    pub id: AccountId,
    pub kind: Option<AccountKind>,
    pub interim_reports: Option<InterimReports>,
    pub leading: Option<Source>,
}

/// Between two booked balances the entries do not explain the difference: a statement is missing, or one does not add
/// up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Gap {
    pub account: AccountId,
    /// The first day whose entries may be missing.
    pub from: Day,
    pub to: Day,
    /// What entries are expected to come to, less what is there.
    pub missing: Money,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GapPage {
    pub items: Vec<Gap>,
    /// The last account that was looked at, if there are more.
    pub next: Option<AccountId>,
}

/// What an account holds of one security.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Holding {
    pub security: String,
    /// The kind of identifier: `CUSIP`, `ISIN`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<String>,
    /// Decimals as the bank wrote them.
    pub quantity: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Money>,
    pub as_of: Day,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HoldingList {
    pub items: Vec<Holding>,
}
