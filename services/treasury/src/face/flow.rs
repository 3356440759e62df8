//! Flows that are expected: one by one, by table, and by rules that come again.

use jiff::civil::Date;
use kernel::{Id, IdKind, Money, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::AccountId;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlowTag {}

impl IdKind for FlowTag {
    const PREFIX: &'static str = "flow";
}

pub type FlowId = Id<FlowTag>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FlowState {
    Planned,
    /// All of it came.
    Matched,
    /// Its day has passed; it counts for ten more days.
    Overdue,
    /// Its day has passed by more than ten days; it no longer counts.
    Dropped,
    Cancelled,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFlow {
    #[schema(value_type = String, example = "tacc_01kppyzd5gfmra2qsx5rkvr8wb")]
    pub account: AccountId,
    /// What comes in is positive, what goes out negative.
    pub amount: Money,
    #[schema(value_type = String, format = Date)]
    pub due: Date,
    /// As banking names categories; a category is forecast only after the last of its known flows.
    #[schema(example = "payroll")]
    pub category: String,
    /// By which it is recognised when it comes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "INV-2026-118")]
    pub reference: Option<String>,
    /// From or to whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counterparty: Option<String>,
}

/// A list, or a table with a header and the columns `account`, `amount`, `currency`, `due`, `category`, `reference` and
/// `counterparty`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddFlows {
    #[serde(default)]
    pub items: Vec<NewFlow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csv: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Flow {
    #[schema(value_type = String)]
    pub id: FlowId,
    #[schema(value_type = String)]
    pub account: AccountId,
    pub amount: Money,
    #[schema(value_type = String, format = Date)]
    pub due: Date,
    pub category: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counterparty: Option<String>,
    /// The recurring flow that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recurring: Option<String>,
    pub state: FlowState,
    /// What has come of it.
    pub matched: Money,
    pub created_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FlowList {
    pub items: Vec<Flow>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowQuery {
    pub account: Option<AccountId>,
    pub from: Option<Date>,
    pub to: Option<Date>,
    /// The last one of the page before.
    pub after: Option<(Date, FlowId)>,
    pub limit: usize,
}

/// By the days on which they are due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowPage {
    pub items: Vec<Flow>,
    pub next: Option<(Date, FlowId)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DayOfMonth {
    /// 1 to 31; a shorter month takes its last day.
    Day(u8),
    /// Counted from the start, or from the end when negative: -1 is the last business day.
    BusinessDay(i8),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Every {
    /// On the weekday of the start.
    Weeks(u16),
    Months {
        months: u16,
        on: DayOfMonth,
    },
}

/// What happens to a date that is no business day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BusinessDayRule {
    Unadjusted,
    #[default]
    Following,
    ModifiedFollowing,
    Preceding,
    ModifiedPreceding,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecurringTerms {
    #[schema(value_type = String, example = "tacc_01kppyzd5gfmra2qsx5rkvr8wb")]
    pub account: AccountId,
    pub amount: Money,
    #[schema(example = "rent")]
    pub category: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counterparty: Option<String>,
    #[schema(value_type = String, format = Date)]
    pub start: Date,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    pub until: Option<Date>,
    pub every: Every,
    #[serde(default)]
    pub rule: BusinessDayRule,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PutRecurring {
    pub name: String,
    pub terms: RecurringTerms,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Recurring {
    #[schema(example = "office-rent")]
    pub name: String,
    pub terms: RecurringTerms,
    /// Flows are there up to this day.
    #[schema(value_type = String, format = Date)]
    pub made_to: Date,
}

/// By name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecurringList {
    pub items: Vec<Recurring>,
}
