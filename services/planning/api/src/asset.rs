//! What a household has and owes, and what that was worth on which day.

use kernel::{Currency, Id, IdKind, Money, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Day, HouseholdId, Wrapper};

#[derive(Debug, Clone, Copy)]
pub struct AssetTag;

impl IdKind for AssetTag {
    const PREFIX: &'static str = "ast";
}

pub type AssetId = Id<AssetTag>;

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, strum::IntoStaticStr, strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum AssetClass {
    Cash,
    Bonds,
    Stocks,
    Property,
    Other,
    /// Counts against the total.
    Debt,
}

/// Where its values come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Source {
    /// A person tells them.
    ByHand { currency: Currency },
    /// An account of the ledger.
    Ledger {
        /// The main book if it is left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        book: Option<String>,
        account: String,
    },
    /// An account at a bank.
    Bank { account: String },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DatedValue {
    pub on: Day,
    /// Of a debt, what is owed, above zero.
    pub amount: Money,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Asset {
    pub id: AssetId,
    pub household: HouseholdId,
    /// Absent once the member who named it was erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub class: AssetClass,
    pub wrapper: Wrapper,
    pub currency: Currency,
    pub source: Source,
    /// It counts until the day before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_on: Option<Day>,
    pub created_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AssetList {
    pub items: Vec<Asset>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddAsset {
    /// The caller's only household if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub household: Option<HouseholdId>,
    pub name: String,
    pub class: AssetClass,
    #[serde(default)]
    pub wrapper: Wrapper,
    pub source: Source,
    /// First values of an asset that is told by hand.
    #[serde(default)]
    pub values: Vec<DatedValue>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeAsset {
    pub id: AssetId,
    pub name: Option<String>,
    pub class: Option<AssetClass>,
    pub wrapper: Option<Wrapper>,
    pub closed_on: Option<Day>,
}

/// Values of days; a day that is told again is corrected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PutValues {
    pub asset: AssetId,
    pub values: Vec<DatedValue>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ValueList {
    /// The latest first, at most 1,000.
    pub items: Vec<StoredValue>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StoredValue {
    pub on: Day,
    pub amount: Money,
    /// `hand`, `ledger` or `bank`.
    pub source: String,
    pub recorded_at: Timestamp,
}

/// What one unit of a currency is in the household's currency from a day on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    pub currency: Currency,
    pub on: Day,
    /// A decimal with at most 9 places, such as "1.0834".
    pub rate: String,
    pub source: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PutRate {
    pub household: HouseholdId,
    pub rate: Rate,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorthQuery {
    pub household: Option<HouseholdId>,
    pub from: Option<Day>,
    /// Today if it is left out.
    pub to: Option<Day>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LineState {
    Current,
    /// The value is older than values of its source should be.
    Stale,
    /// Nothing is known for this day or before.
    Missing,
    /// There is no rate into the household's currency.
    NoRate,
}

/// An asset on a day. Debts are below zero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Line {
    pub asset: AssetId,
    pub class: AssetClass,
    pub state: LineState,
    /// In its own currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// The day for which the value was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Day>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// In the household's currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Money>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WorthDay {
    pub day: Day,
    /// The sum of its lines in the household's currency.
    pub total: Money,
    /// A line has no value or no rate, and the total lacks it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub incomplete: bool,
    /// Lines whose value is old.
    #[serde(default, skip_serializing_if = "is_none")]
    pub stale: u32,
}

fn is_none(count: &u32) -> bool {
    *count == 0
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NetWorth {
    pub household: HouseholdId,
    /// Each day from `from` to `to`.
    pub days: Vec<WorthDay>,
    /// The lines of the last day.
    pub lines: Vec<Line>,
    /// Their sums by currency, before conversion.
    pub by_currency: Vec<Money>,
}
