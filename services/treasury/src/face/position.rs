//! Positions: what is on the accounts, by type of balance, each with when and from where.

use std::collections::BTreeMap;

use jiff::civil::Date;
use kernel::{Currency, Money, Timestamp};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};
use utoipa::ToSchema;

/// What an instant in the past refers to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KnownBy {
    /// As it was known at that instant.
    #[default]
    Record,
    /// As it is known now about that instant.
    Event,
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum GroupBy {
    Account,
    Bank,
    Entity,
    Currency,
    /// An account in several pools is in a line of each; the total counts it once.
    Pool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PositionQuery {
    /// Now, if it is left out.
    pub at: Option<Timestamp>,
    #[serde(default)]
    pub by: KnownBy,
    /// Lines are always of one currency.
    #[serde(default)]
    pub group: Vec<GroupBy>,
    /// Instead of the house's reporting currency.
    pub currency: Option<Currency>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Positions {
    pub at: Timestamp,
    pub by: KnownBy,
    pub lines: Vec<PositionLine>,
    pub total: PositionTotal,
}

/// Accounts of one group and one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PositionLine {
    /// What the accounts have in common; `currency` always.
    pub group: BTreeMap<String, String>,
    pub accounts: usize,
    /// What the bank or the ledger has booked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub booked: Option<Figure>,
    /// What can be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available: Option<Figure>,
    /// What was booked last, what is held in the ledger, and the flows that are expected today.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub projected: Option<Figure>,
    /// A balance is older than it should be.
    pub stale: bool,
    /// Accounts for which no booked balance is known; they are in no sum.
    pub unknown: usize,
    /// In the reporting currency; absent if there is no rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reporting: Option<Converted>,
    /// There is no rate into the reporting currency.
    pub no_rate: bool,
}

/// A sum of balances of one type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Figure {
    pub amount: Money,
    /// The oldest of its balances.
    #[schema(value_type = String, format = Date)]
    pub as_of: Date,
    /// `bank`, `ledger` or `both`.
    #[schema(example = "bank")]
    pub source: String,
    /// Hours of business days since the end of that day.
    pub age_hours: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Converted {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub booked: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub projected: Option<Money>,
    /// What one unit is worth in the reporting currency, or how much of it one unit of that is worth (`inverse`).
    #[schema(example = "1.0834")]
    pub rate: String,
    pub inverse: bool,
    #[schema(value_type = String, format = Date)]
    pub rate_on: Date,
    #[schema(example = "ECB")]
    pub rate_source: String,
}

/// In the reporting currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PositionTotal {
    pub booked: Money,
    pub available: Money,
    pub projected: Money,
    /// Something is not in the totals; `lacks` says what.
    pub incomplete: bool,
    #[schema(example = json!(["no rate from GBP to USD"]))]
    pub lacks: Vec<String>,
}
