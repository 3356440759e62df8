//! Standing orders: payments that repeat.

use jiff::civil::Date;
use kernel::{Id, IdKind, Money, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::face::{PaymentId, Side};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StandingTag {}

impl IdKind for StandingTag {
    const PREFIX: &'static str = "sto";
}

pub type StandingId = Id<StandingTag>;

/// Counted from the first day. The 29th, 30th and 31st are the last day of a month that has no such day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rhythm {
    Weekly,
    TwoWeekly,
    Monthly,
    Quarterly,
    Yearly,
}

/// What happens on a day that is not a business day of TARGET.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BusinessDays {
    /// The payment is made all the same.
    #[default]
    Any,
    Following,
    /// The following one, or the preceding one if that is in another month.
    ModifiedFollowing,
    Preceding,
}

/// What happens to days on which no process ran.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Missed {
    #[default]
    CatchUp,
    Skip,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddStanding {
    /// The account that pays, by its path.
    pub from: Side,
    pub to: Side,
    pub amount: Money,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "rent")]
    pub text: Option<String>,
    pub every: Rhythm,
    #[schema(value_type = String, format = Date, example = "2026-02-01")]
    pub first: Date,
    /// The last possible day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    pub last: Option<Date>,
    /// The number of payments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub count: Option<u32>,
    #[serde(default)]
    pub business_days: BusinessDays,
    #[serde(default)]
    pub missed: Missed,
    /// How often a payment without funds is tried again, once a day: 0 to 5.
    #[serde(default)]
    #[schema(maximum = 5)]
    pub retries: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StandingState {
    Active,
    /// All its payments were made.
    Finished,
    /// By a person.
    Ended,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Standing {
    #[schema(value_type = String)]
    pub id: StandingId,
    pub state: StandingState,
    pub terms: AddStanding,
    /// The day of the next payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    pub next: Option<Date>,
    /// Payments that were due, skipped ones excluded.
    pub made: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub last_payment: Option<PaymentId>,
    pub made_by: String,
    pub created_at: Timestamp,
}

/// In the order in which they were added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StandingList {
    pub items: Vec<Standing>,
}
