//! A plan for money as people tell it: what is there, what comes in, what is spent, for how long, and how it is simulated.

use std::collections::BTreeMap;

use kernel::Money;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Month;
use crate::market::Market;
use crate::part::{Contribution, GlidePoint, Holding, Income, Life, OneTime, Overlay, Phase, Policy, Target};
use crate::tax::Tax;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Mode {
    /// A number of random futures.
    #[default]
    MonteCarlo,
    /// A history of returns as it was, one path from each start that fits.
    Historical,
    /// Every return at its median.
    Deterministic,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Steps {
    #[default]
    Yearly,
    Monthly,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Timing {
    /// Withdrawals come before growth.
    #[default]
    Start,
    /// Withdrawals come after growth.
    End,
}

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
pub enum Wrapper {
    /// Taxed on its gains.
    #[default]
    Taxable,
    /// Taxed on all that is taken out.
    Deferred,
    Free,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rebalance {
    #[default]
    EachStep,
    Yearly,
    Never,
}

/// A moment of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum When {
    /// Retirement, wherever it is moved.
    Retirement,
    /// So many years after the start.
    Year(u16),
    Date(Month),
    /// The month in which a person reaches an age.
    Age {
        person: usize,
        years: u16,
    },
}

/// What is simulated, and how. Amounts are in the money of the start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    #[serde(default)]
    pub mode: Mode,
    /// Random futures, 10,000 if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paths: Option<u32>,
    /// The same seed gives the same random numbers.
    #[serde(default)]
    pub seed: u64,
    /// 1 to 120.
    pub years: u16,
    #[serde(default)]
    pub steps: Steps,
    #[serde(default)]
    pub timing: Timing,
    /// The first month; this month if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_on: Option<Month>,
    /// A sum that is there at the start, free of tax and split by `weights`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Money>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holdings: Vec<Holding>,
    /// Target weights of the classes; without them the mix of the holdings is kept.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub weights: BTreeMap<String, f64>,
    /// Weights that change over time, instead of `weights`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub glide: Vec<GlidePoint>,
    #[serde(default)]
    pub rebalance: Rebalance,
    /// At most two. Without any the plan lasts all its years.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<Life>,
    /// The first moment that the policy decides about; the start if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retirement: Option<When>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub incomes: Vec<Income>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contributions: Vec<Contribution>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<OneTime>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phases: Vec<Phase>,
    /// The share of spending that is left when one of two is; all of it if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub survivor_spending: Option<f64>,
    pub policy: Policy,
    /// A year's, as a share of wealth.
    #[serde(default)]
    pub fees: f64,
    #[serde(default)]
    pub tax: Tax,
    /// Where incomes go that are not spent; without it they are spent too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surplus: Option<Wrapper>,
    #[serde(default)]
    pub market: Market,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overlays: Vec<Overlay>,
    /// Also a bad, a middle and a good path, year by year.
    #[serde(default)]
    pub examples: bool,
}

impl Scenario {
    /// A year of a policy without anything else.
    pub fn of_policy(policy: Policy) -> Scenario {
        Scenario {
            mode: Mode::MonteCarlo,
            paths: None,
            seed: 0,
            years: 1,
            steps: Steps::Yearly,
            timing: Timing::Start,
            starts_on: None,
            start: None,
            holdings: Vec::new(),
            weights: BTreeMap::new(),
            glide: Vec::new(),
            rebalance: Rebalance::EachStep,
            people: Vec::new(),
            retirement: None,
            incomes: Vec::new(),
            contributions: Vec::new(),
            events: Vec::new(),
            phases: Vec::new(),
            survivor_spending: None,
            policy,
            fees: 0.0,
            tax: Tax::default(),
            surplus: None,
            market: Market::default(),
            target: None,
            overlays: Vec::new(),
            examples: false,
        }
    }

    /// The currency of its first amount.
    pub fn currency(&self) -> Option<kernel::Currency> {
        let amounts = self.start.iter().chain(self.holdings.iter().map(|one| &one.value));
        let amounts = amounts.chain(self.phases.iter().map(|one| &one.spending));
        let mut amounts = amounts.chain(self.contributions.iter().map(|one| &one.amount));
        amounts.next().map(Money::currency)
    }
}
