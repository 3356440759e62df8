//! Policies: what payments need, by amount and account.

use kernel::{Id, IdKind, Money, Timestamp};
use ledger_api::AccountPath;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyTag {}

impl IdKind for PolicyTag {
    const PREFIX: &'static str = "ppol";
}

pub type PolicyId = Id<PolicyTag>;

/// Applies to payments of the currency of `from_amount`. Of several that apply, the strictest of each term counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyTerms {
    /// For people.
    #[schema(example = "Large payments need two people")]
    pub name: String,
    /// Payments of at least this much.
    pub from_amount: Money,
    /// Payments from accounts under this path only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "customers")]
    pub account: Option<AccountPath>,
    /// Approvals by different people, none of whom made the payment: 0 to 3.
    #[serde(default)]
    #[schema(maximum = 3)]
    pub approvals: u8,
    /// The most that a person can approve. A person who is not named can approve any amount.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approver_limits: Vec<ApproverLimit>,
    /// The most that one payment can be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_max: Option<Money>,
    /// The most that an account can pay in a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day_max: Option<Money>,
    /// The most payments that an account can make in a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day_count_max: Option<u32>,
    /// The most that an account can pay in a month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub month_max: Option<Money>,
    /// Taken from the payer beside the amount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fee: Option<Fee>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApproverLimit {
    #[schema(example = "emp_maria")]
    pub subject: String,
    pub max: Money,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Fee {
    pub amount: Money,
    /// The account that gets it.
    #[schema(value_type = String, example = "income:fees")]
    pub to: AccountPath,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PolicyState {
    /// Another person has to confirm it.
    Proposed,
    Active,
    /// It applies until another person confirms its end.
    Ending,
    Ended,
    /// Another person refused to confirm it.
    Refused,
}

impl PolicyState {
    /// Whether payments have to follow it.
    pub fn applies(self) -> bool {
        matches!(self, PolicyState::Active | PolicyState::Ending)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Policy {
    #[schema(value_type = String)]
    pub id: PolicyId,
    pub state: PolicyState,
    pub terms: PolicyTerms,
    /// Who proposed it, or its end.
    pub proposed_by: String,
    pub proposed_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProposePolicy {
    New(Box<PolicyTerms>),
    End(PolicyId),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfirmPolicy {
    pub policy: PolicyId,
    pub confirm: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyList {
    pub items: Vec<Policy>,
}
