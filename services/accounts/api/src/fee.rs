//! Fees: what an account is charged, at most once for an occasion.

use jiff::civil::Date;
use kernel::Money;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::AccountId;

/// When a fee is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FeeWhen {
    /// At the end of a month; the occasion is the month.
    Monthly,
    /// For each day that ends below zero; the occasion is the day.
    OverdraftDay,
    /// When a person or a service charges it; the occasion is what they call it.
    Occasion,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Fee {
    /// Small letters, digits and underscores.
    #[schema(example = "account_fee")]
    pub code: String,
    pub when: FeeWhen,
    /// Above zero.
    pub amount: Money,
    /// A monthly fee is waived if the month ends with this balance or more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waived_from: Option<Money>,
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, strum::IntoStaticStr, strum::FromRepr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[repr(u8)]
pub enum ChargeState {
    /// Not taken yet, or in part; the end of each day tries again.
    Open = 0,
    Charged = 1,
    Waived = 2,
    Refunded = 3,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Charge {
    pub fee: String,
    pub occasion: String,
    /// When it fell due.
    #[schema(value_type = String, format = Date)]
    pub day: Date,
    pub amount: Money,
    /// Taken from the account, and not given back.
    pub taken: Money,
    pub state: ChargeState,
    /// Who waived or refunded it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_by: Option<String>,
}

/// The newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChargeList {
    /// At most 500.
    pub items: Vec<Charge>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChargeFee {
    pub account: AccountId,
    pub fee: String,
    pub occasion: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChargeChange {
    /// What is open is not taken any more.
    Waive,
    /// What was taken is given back.
    Refund,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeCharge {
    pub account: AccountId,
    pub fee: String,
    pub occasion: String,
    pub change: ChargeChange,
}
