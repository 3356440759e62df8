//! A household's money over a life in a thousand versions: a plan, a market, and what comes of them.
//!
//! In a step: incomes and contributions, fees and tax, spending, growth, rebalancing. A path fails when nothing or less is
//! left after a withdrawal. Amounts are in the money of the plan's first day unless they say otherwise. Start at [`Plan`],
//! then [`simulate`]; a step is one function, in `step.rs`.

mod fan;
mod history;
mod import;
mod lanes;
mod levers;
mod market;
mod numbers;
mod people;
mod policy;
mod run;
mod script;
mod solve;
mod step;
mod stress;
mod tax;
mod trace;
mod why;
mod windows;
mod wrappers;

use kernel::{Currency, Money};
use serde::{Deserialize, Serialize};

use crate::amount;
use crate::error::{QuantError, Result, at_least, at_most, within};

pub use fan::{FAN_LEVELS, FanYear};
pub use history::{ClassSeries, Frequency, MarketHistory, Measure, PERIODS_MAX};
pub use import::{DateColumns, SeriesColumns, TABLE_MAX_BYTES, series_of_table};
pub use market::{
    Assumptions, BLOCK_PERIODS_MAX, CLASSES_MAX, Class, MeanKind, OVERLAYS_MAX, Overlay, Returns, sequence_stresses,
};
pub use people::{LifeTable, Lifespan, Person};
pub use policy::{Base, Policy};
pub use run::{Comparison, Outcome, RunSettings, Simulated, Target, measure, simulate};
pub use solve::{Answer, Cell, GRID_CELLS_MAX, Search, grid, solve};
pub use stress::{Stressed, sequence_stress};
pub use tax::{Band, BandTable, Tax, TaxRule, WithdrawalOrder};
pub use trace::{Example, Tenths, TraceYear, examples};
pub use why::{EarlyReturns, Rescue, Why, why};
pub use windows::{Historical, HistoricalRate, WINDOWS_MAX, historical, historical_rate};

pub const YEARS_MAX: usize = 120;
pub const HOLDINGS_MAX: usize = 50;
pub const INCOMES_MAX: usize = 30;
pub const EVENTS_MAX: usize = 200;

/// When in a step withdrawals are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timing {
    /// Before growth.
    Start,
    /// After growth.
    End,
}

/// How a holding is taxed when it is taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wrapper {
    /// On its gains.
    Taxable,
    /// On all of it.
    Deferred,
    Free,
}

impl Wrapper {
    pub(crate) const ALL: [Wrapper; 3] = [Wrapper::Taxable, Wrapper::Deferred, Wrapper::Free];

    pub(crate) fn place(self) -> usize {
        match self {
            Wrapper::Taxable => 0,
            Wrapper::Deferred => 1,
            Wrapper::Free => 2,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Holding {
    pub wrapper: Wrapper,
    /// The place of its class in the market.
    pub class: usize,
    pub value: Money,
    /// What it cost, for the tax on gains; its value when it is not known.
    pub cost: Option<Money>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// A step, counted from 0.
    Step(usize),
    /// The plan's retirement, wherever it is moved.
    Retirement,
}

/// How an amount of today's money grows until it is paid.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Indexation {
    /// With prices, and by this much more a year.
    Prices(f64),
    /// By this much a year, whatever prices do; 0 stays the same in money.
    Fixed(f64),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Income {
    /// A year's.
    pub amount: Money,
    pub from: When,
    /// The first step without it; the end of the plan when there is none.
    pub until: Option<When>,
    pub indexation: Indexation,
    pub taxed: bool,
    /// Whose it is; it ends with them, apart from the survivor's share.
    pub person: Option<usize>,
    pub survivor_share: f64,
}

/// What comes from outside into a wrapper.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Contribution {
    /// A year's.
    pub amount: Money,
    pub wrapper: Wrapper,
    pub from: When,
    pub until: Option<When>,
    pub indexation: Indexation,
}

/// Once: comes in when above zero, has to be paid when below.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    pub step: usize,
    pub amount: Money,
    pub indexation: Indexation,
}

/// Spending a year from a step on, in today's money, until the next phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Phase {
    pub from: When,
    pub spending: Money,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rebalance {
    EachStep,
    Yearly,
    Never,
}

/// Target weights of the classes: a glide path through points, straight between them. Every wrapper has the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Allocation {
    /// A step and the weights from there; empty keeps what is held at the start.
    pub glide: Vec<(usize, Vec<f64>)>,
    /// Rebalancing itself is not taxed.
    pub rebalance: Rebalance,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    pub currency: Currency,
    pub steps: Frequency,
    pub years: usize,
    pub timing: Timing,
    pub holdings: Vec<Holding>,
    /// At most two; without any, the plan lasts all its years.
    pub people: Vec<Person>,
    /// The first step that the policy decides about.
    pub retirement: usize,
    pub incomes: Vec<Income>,
    pub contributions: Vec<Contribution>,
    pub events: Vec<Event>,
    pub phases: Vec<Phase>,
    /// The share of spending that is left when one of two is.
    pub survivor_spending: f64,
    pub policy: Policy,
    pub allocation: Allocation,
    /// A year's, as a share of wealth.
    pub fees: f64,
    pub tax: Tax,
    /// Where incomes go that are not spent; without, they are spent too.
    pub surplus: Option<Wrapper>,
}

impl Plan {
    /// The plan of a sum that is spent by a policy, without people, incomes, fees and tax.
    pub fn of_sum(start: Money, years: usize, steps: Frequency, weights: Vec<f64>, policy: Policy) -> Plan {
        Plan {
            currency: start.currency(),
            steps,
            years,
            timing: Timing::Start,
            holdings: vec![Holding { wrapper: Wrapper::Free, class: 0, value: start, cost: None }],
            people: Vec::new(),
            retirement: 0,
            incomes: Vec::new(),
            contributions: Vec::new(),
            events: Vec::new(),
            phases: Vec::new(),
            survivor_spending: 1.0,
            policy,
            allocation: Allocation { glide: vec![(0, weights)], rebalance: Rebalance::EachStep },
            fees: 0.0,
            tax: Tax::none(),
            surplus: None,
        }
    }

    pub fn steps_in_all(&self) -> usize {
        self.years * self.steps.per_year()
    }

    pub(super) fn step_of(&self, when: When) -> usize {
        match when {
            When::Step(step) => step,
            When::Retirement => self.retirement,
        }
    }

    pub(super) fn check(&self, classes: usize) -> Result<()> {
        at_least("years", self.years, 1)?;
        at_most("years", self.years, YEARS_MAX)?;
        at_most("holdings", self.holdings.len(), HOLDINGS_MAX)?;
        at_most("incomes", self.incomes.len().max(self.contributions.len()), INCOMES_MAX)?;
        at_most("events", self.events.len().max(self.phases.len()), EVENTS_MAX)?;
        at_most("retirement", self.retirement, self.steps_in_all())?;
        within("fees", self.fees, 0.0, 0.5)?;
        within("survivor_spending", self.survivor_spending, 0.0, 1.0)?;
        people::check(&self.people)?;
        self.policy.check()?;
        self.tax.check(self.currency)?;
        for holding in &self.holdings {
            at_most("class", holding.class, classes - 1)?;
            not_negative("holdings", holding.value, self.currency)?;
            holding.cost.map_or(Ok(0.0), |cost| not_negative("cost", cost, self.currency))?;
        }
        for (_, weights) in &self.allocation.glide {
            check_weights(weights, classes)?;
        }
        if self.allocation.glide.iter().zip(self.allocation.glide.iter().skip(1)).any(|(one, next)| one.0 >= next.0) {
            return Err(QuantError::EndsBeforeStart { field: "glide" });
        }
        self.check_flows()
    }

    fn check_flows(&self) -> Result<()> {
        for income in &self.incomes {
            not_negative("incomes", income.amount, self.currency)?;
            within("survivor_share", income.survivor_share, 0.0, 1.0)?;
            income.indexation.check()?;
            self.check_span("incomes", income.from, income.until)?;
            if income.person.is_some_and(|person| person >= self.people.len()) {
                return Err(QuantError::Unknown { field: "incomes", name: "a person".to_owned() });
            }
        }
        for contribution in &self.contributions {
            not_negative("contributions", contribution.amount, self.currency)?;
            contribution.indexation.check()?;
            self.check_span("contributions", contribution.from, contribution.until)?;
        }
        for event in &self.events {
            amount::units("events", event.amount, self.currency)?;
            event.indexation.check()?;
            at_most("step of an event", event.step, self.steps_in_all() - 1)?;
        }
        self.phases.iter().try_for_each(|phase| not_negative("phases", phase.spending, self.currency).map(|_| ()))
    }

    fn check_span(&self, field: &'static str, from: When, until: Option<When>) -> Result<()> {
        match until {
            // What ends with a retirement that is moved before its start does not happen.
            Some(When::Step(until)) if self.step_of(from) >= until && from != When::Retirement => {
                Err(QuantError::EndsBeforeStart { field })
            }
            _ => Ok(()),
        }
    }
}

impl Indexation {
    fn check(self) -> Result<()> {
        let (Indexation::Prices(growth) | Indexation::Fixed(growth)) = self;
        within("indexation", growth, -0.5, 1.0).map(|_| ())
    }
}

fn not_negative(field: &'static str, money: Money, currency: Currency) -> Result<f64> {
    within(field, amount::units(field, money, currency)?, 0.0, amount::AMOUNT_MAX_MINOR as f64)
}

/// Weights are shares that add up to one.
fn check_weights(weights: &[f64], classes: usize) -> Result<()> {
    crate::error::same_length("weights", classes, weights.len())?;
    for weight in weights {
        within("weights", *weight, 0.0, 1.0)?;
    }
    let sum: f64 = weights.iter().sum();
    if (sum - 1.0).abs() > 1e-6 { Err(QuantError::WeightsSum { sum }) } else { Ok(()) }
}
