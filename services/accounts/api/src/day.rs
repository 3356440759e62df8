//! The end of a day: interest of all accounts, once.

use jiff::civil::Date;
use kernel::{Money, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{AccountId, ProductId};

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, strum::IntoStaticStr, strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DayPhase {
    /// Interest of the day, account by account.
    Accrue,
    /// The sum per product, in the ledger.
    Book,
    /// What is due is posted to the accounts.
    Post,
    /// Fees that fell due are taken.
    Fee,
    /// Term deposits that mature end, or begin again.
    Mature,
    Done,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DayRun {
    #[schema(value_type = String, format = Date, example = "2026-12-31")]
    pub day: Date,
    pub phase: DayPhase,
    /// Accounts that were looked at.
    pub accounts: u64,
    /// By product.
    pub totals: Vec<DayTotal>,
    /// At most 500.
    pub left_out: Vec<LeftOut>,
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DayTotal {
    #[schema(value_type = String)]
    pub product: ProductId,
    pub accounts: u64,
    /// Interest for customers, in millionths of the smallest unit.
    #[schema(example = 684931506)]
    pub earned_millionths: i64,
    /// Interest that customers owe, likewise.
    pub owed_millionths: i64,
    /// Posted to accounts, less tax.
    pub paid: Money,
    /// Taken from accounts.
    pub charged: Money,
    pub tax: Money,
    /// Fees that were taken.
    pub fees: Money,
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, strum::IntoStaticStr, strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum LeftOutReason {
    /// Its interest does not fit into 64 bits.
    Overflow,
    /// The ledger refused the posting; the next period tries again.
    PostingRefused,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeftOut {
    #[schema(value_type = String)]
    pub account: AccountId,
    pub reason: LeftOutReason,
}

/// Everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verify {}

/// What was compared with the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    pub accounts: u64,
    /// Sentences that name what disagrees; at most 100.
    pub findings: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InterestQuery {
    pub account: AccountId,
    /// Only days before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Date>,
    pub limit: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InterestPage {
    /// Accrued and not posted, in millionths of the smallest unit.
    pub earned_millionths: i64,
    /// Owed and not charged, likewise.
    pub owed_millionths: i64,
    pub items: Vec<InterestDay>,
    pub more: bool,
}

/// One accrual.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InterestDay {
    #[schema(value_type = String, format = Date)]
    pub day: Date,
    /// At the end of the day.
    pub balance: Money,
    /// Millionths of the smallest unit; below zero the customer owes it.
    pub millionths: i64,
    /// Sum of later corrections of this day.
    pub corrected_millionths: i64,
}
