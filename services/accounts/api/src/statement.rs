//! Statements and sums of movements.

use jiff::civil::Date;
use kernel::{Currency, Money, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{AccountId, Category, Kind};

/// A month of an account; the first one begins with the day of opening.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StatementHead {
    /// From 1, without gaps.
    pub number: u32,
    #[schema(value_type = String, format = Date)]
    pub from: Date,
    #[schema(value_type = String, format = Date)]
    pub to: Date,
}

/// The newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StatementList {
    pub items: Vec<StatementHead>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatementQuery {
    pub account: AccountId,
    pub number: u32,
    /// Only log rows after this one.
    #[serde(default)]
    pub after: Option<u64>,
    pub limit: usize,
}

/// A statement, or a page of one. What was recorded in a month that is over never changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Statement {
    #[schema(value_type = String)]
    pub account: AccountId,
    /// An IBAN, or a routing and an account number.
    pub account_number: String,
    pub number: u32,
    #[schema(value_type = String, format = Date)]
    pub from: Date,
    #[schema(value_type = String, format = Date)]
    pub to: Date,
    /// The end of the month.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    pub currency: Currency,
    pub opening: Money,
    pub closing: Money,
    /// The `after` of the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
    /// The oldest first.
    pub items: Vec<StatementLine>,
}

/// A movement without what people may change later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StatementLine {
    #[schema(value_type = String, format = Date)]
    pub booked_on: Date,
    #[schema(value_type = String, format = Date)]
    pub valued_on: Date,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// A credit is positive.
    pub amount: Money,
    pub kind: Kind,
    /// The ledger's transaction.
    #[schema(example = "txn_01kppyzd5gfmra2qsx5rkvr8wb")]
    pub transaction: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The counterparty's account number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SummaryBy {
    Category,
    Month,
    CategoryAndMonth,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SummaryQuery {
    /// All accounts that the caller holds, if it is left out.
    #[serde(default)]
    pub account: Option<AccountId>,
    /// Its month is the first one.
    pub from: Date,
    /// Its month is the last one.
    pub to: Date,
    pub by: SummaryBy,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Summary {
    pub items: Vec<SummaryLine>,
    /// Everything up to this log row of the ledger was considered.
    pub indexed_to_seq: u64,
}

/// One currency; of a category, a month, or both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SummaryLine {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<Category>,
    /// Its first day.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    pub month: Option<Date>,
    pub movements: u64,
    pub received: Money,
    /// Zero or more.
    pub spent: Money,
}
