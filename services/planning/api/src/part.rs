//! What a scenario consists of: things held, lives, incomes, spending, targets and bad events.

use std::collections::BTreeMap;

use kernel::Money;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Month, When, Wrapper};

/// How an amount of today's money changes until it is paid.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Growth {
    /// With prices, and by this much more a year.
    Prices(f64),
    /// By this much a year, whatever prices do.
    Fixed(f64),
}

impl Default for Growth {
    fn default() -> Growth {
        Growth::Prices(0.0)
    }
}

/// Something that is held at the start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Holding {
    pub class: String,
    #[serde(default)]
    pub wrapper: Wrapper,
    pub value: Money,
    /// What it cost, for the tax on gains; its value if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Money>,
}

/// Somebody whose life the plan depends on. Without an age and a table the person lives to the end of the plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Life {
    pub born: Month,
    /// Lives until this age.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_age: Option<u16>,
    /// Lives by chance: for each age, without a gap, the chance to die within a year.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub table: Vec<Mortality>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Mortality {
    pub age: u16,
    pub chance: f64,
}

/// Amounts are a year's, in the money of the start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Income {
    pub amount: Money,
    pub from: When,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<When>,
    #[serde(default)]
    pub growth: Growth,
    #[serde(default)]
    pub taxed: bool,
    /// Whose it is, by their place among the people; it ends with them, apart from the survivor's share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<usize>,
    #[serde(default)]
    pub survivor_share: f64,
}

/// A year's sum that comes from outside into a wrapper.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Contribution {
    pub amount: Money,
    #[serde(default)]
    pub wrapper: Wrapper,
    pub from: When,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<When>,
    #[serde(default)]
    pub growth: Growth,
}

/// Once: comes in if above zero, has to be paid if below.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OneTime {
    pub at: When,
    pub amount: Money,
    #[serde(default)]
    pub growth: Growth,
}

/// Spending a year from a moment on, until the next phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    pub from: When,
    pub spending: Money,
}

/// How much is taken out from retirement on. Without a rate, spending is that of the phases.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Policy {
    /// The same in today's money every year.
    ConstantReal {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rate: Option<f64>,
    },
    PercentOfPortfolio {
        rate: f64,
    },
    /// Constant, but cut or raised by a tenth when the rate has moved a fifth away from the first one.
    Guardrails {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rate: Option<f64>,
        #[serde(default = "lower")]
        lower: f64,
        #[serde(default = "upper")]
        upper: f64,
        #[serde(default = "tenth")]
        step: f64,
        #[serde(default = "fifteen")]
        no_cut_years: u16,
    },
    /// The payment that would use up the wealth by the end at this return after prices.
    Amortised {
        real_return: f64,
    },
    /// A share of what is there, between a floor and a ceiling in shares of the first withdrawal.
    FloorAndCeiling {
        rate: f64,
        floor: f64,
        ceiling: f64,
    },
}

fn lower() -> f64 {
    0.8
}

fn upper() -> f64 {
    1.2
}

fn tenth() -> f64 {
    0.1
}

fn fifteen() -> u16 {
    15
}

/// Weights of the classes from a moment on, straight between two of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GlidePoint {
    pub at: When,
    pub weights: BTreeMap<String, f64>,
}

/// Wealth to be reached by the end of a step, in the money of the start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    pub at: When,
    pub amount: Money,
}

/// A bad event laid over the returns. Years count from 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Overlay {
    /// The year's return of each class that is named.
    Crash {
        year: usize,
        returns: BTreeMap<String, f64>,
    },
    /// All classes return the same.
    Flat {
        year: usize,
        years: usize,
        yearly: f64,
    },
    Inflation {
        year: usize,
        years: usize,
        yearly: f64,
    },
    /// All returns higher by this much a year, or lower if negative.
    Shift {
        yearly: f64,
    },
}
