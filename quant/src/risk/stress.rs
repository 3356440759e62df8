//! What a named set of bad events does to positions, and on which day an account first falls under its floor.

mod effects;

use kernel::{Currency, Money};
use serde::{Deserialize, Serialize};

use super::{Exposure, LIQUIDITY_DAYS_MAX};
use crate::amount;
use crate::error::{QuantError, Result, at_least, at_most, within};
use effects::Effects;

const ITEMS_MAX: usize = 100_000;

/// Scenarios as data, with where they come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScenarioSet {
    pub name: String,
    pub version: u32,
    /// Of a regulator's yearly set.
    pub year: Option<i16>,
    pub source: String,
    pub scenarios: Vec<Scenario>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scenario {
    pub name: String,
    pub shocks: Vec<Shock>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shock {
    /// The return of a factor, of the factor's kind.
    Factor {
        name: String,
        by: f64,
    },
    /// What accounts with a floating rate pay and earn more, from the first day on.
    RateUp {
        basis_points: f64,
    },
    /// What a unit of a currency is worth in the reporting currency, as a return.
    Currency {
        code: String,
        by: f64,
    },
    /// The reporting currency against all others: 0.2 makes a foreign unit worth 1 / 1.2 of what it was.
    ReportingCurrency {
        by: f64,
    },
    /// A bank's balances shrink to what is recovered of them.
    BankFails {
        bank: BankChoice,
        recovered: f64,
    },
    /// Nothing can be paid out of a bank's accounts for so many days; what arrives there waits.
    BankFrozen {
        bank: BankChoice,
        days: usize,
    },
    AccountFrozen {
        account: String,
        days: usize,
    },
    ReceiptsLate {
        days: usize,
    },
    CustomerGone {
        customer: CustomerChoice,
    },
    /// A share of every balance above zero leaves each day.
    RunOff {
        share_a_day: f64,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BankChoice {
    Named(String),
    /// The one with the largest sum of balances.
    Largest,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomerChoice {
    Named(String),
    /// The one with the largest sum of expected receipts.
    Largest,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    pub name: String,
    pub bank: String,
    pub balance: Money,
    pub floor: Money,
    /// What one whole unit of the account's currency is worth in whole units of the reporting currency.
    pub rate: f64,
    pub floating: bool,
}

/// An expected receipt, or a payment when the amount is negative.
#[derive(Debug, Clone, PartialEq)]
pub struct Flow {
    /// The place of the account in the situation.
    pub account: usize,
    pub day: usize,
    pub amount: Money,
    pub customer: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Situation {
    pub reporting: Currency,
    pub days: usize,
    pub accounts: Vec<Account>,
    pub flows: Vec<Flow>,
    pub exposures: Vec<Exposure>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PositionChange {
    pub account: String,
    /// Worth today in the reporting currency, without and with the scenario.
    pub before: Money,
    pub after: Money,
    /// The first day under the floor, today being day 0.
    pub under_floor_before: Option<usize>,
    pub under_floor_after: Option<usize>,
    /// The lowest balance that can be paid from, in the account's currency.
    pub lowest: Money,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StressResult {
    pub scenario: String,
    /// The sum of the changes of positions and of factors.
    pub change: Money,
    pub positions: Vec<PositionChange>,
    pub factors: Vec<(String, Money)>,
}

pub fn stress(situation: &Situation, scenario: &Scenario) -> Result<StressResult> {
    situation.check()?;
    let effects = Effects::of(situation, scenario)?;
    let mut positions = Vec::with_capacity(situation.accounts.len());
    let mut change = 0_i128;
    for (place, account) in situation.accounts.iter().enumerate() {
        let position = position(situation, &effects, place, account)?;
        change += i128::from(position.after.minor()) - i128::from(position.before.minor());
        positions.push(position);
    }
    let mut factors: Vec<(String, Money)> = Vec::new();
    for (name, by) in &effects.factors {
        let mut units = 0.0;
        for exposure in situation.exposures.iter().filter(|exposure| exposure.factor == *name) {
            units += amount::units("exposures", exposure.amount, situation.reporting)? * by;
        }
        let moved = amount::money("change", units, situation.reporting)?;
        change += i128::from(moved.minor());
        factors.push((name.clone(), moved));
    }
    let change = i64::try_from(change).map_err(|_| QuantError::AmountTooLarge { field: "change" })?;
    let change = Money::new(change, situation.reporting);
    Ok(StressResult { scenario: scenario.name.clone(), change, positions, factors })
}

fn position(situation: &Situation, effects: &Effects, place: usize, account: &Account) -> Result<PositionChange> {
    let currency = account.balance.currency();
    let floor = amount::units("floor", account.floor, currency)?;
    let calm = Effects::none(situation);
    let plain = calm.path(situation, place, account)?;
    let shocked = effects.path(situation, place, account)?;
    let under = |path: &[f64]| path.iter().position(|balance| balance.round_ties_even() < floor);
    let lowest = shocked.iter().copied().fold(f64::INFINITY, f64::min);
    let worth = |effects: &Effects| {
        let units = amount::units("balance", account.balance, currency)? * effects.kept(place);
        amount::money("position", units * effects.rate(situation, place, account), situation.reporting)
    };
    Ok(PositionChange {
        account: account.name.clone(),
        before: worth(&calm)?,
        after: worth(effects)?,
        under_floor_before: under(&plain),
        under_floor_after: under(&shocked),
        lowest: amount::money("balance", lowest, currency)?,
    })
}

impl Situation {
    fn check(&self) -> Result<()> {
        at_least("days", self.days, 1)?;
        at_most("days", self.days, LIQUIDITY_DAYS_MAX)?;
        at_most("accounts", self.accounts.len(), ITEMS_MAX)?;
        at_most("flows", self.flows.len(), ITEMS_MAX)?;
        for account in &self.accounts {
            within("rate", account.rate, f64::MIN_POSITIVE, 1e12)?;
        }
        for flow in &self.flows {
            if flow.account >= self.accounts.len() {
                return Err(QuantError::Unknown { field: "flows", name: flow.account.to_string() });
            }
        }
        Ok(())
    }
}

/// Six sets that fit any house.
pub fn house_scenarios() -> Vec<ScenarioSet> {
    let rate = || Shock::RateUp { basis_points: 300.0 };
    let frozen = || Shock::BankFrozen { bank: BankChoice::Largest, days: 5 };
    let late = || Shock::ReceiptsLate { days: 30 };
    let gone = || Shock::CustomerGone { customer: CustomerChoice::Largest };
    let currency = |by: f64| Shock::ReportingCurrency { by };
    let scenario = |name: &str, shocks: Vec<Shock>| Scenario { name: name.to_owned(), shocks };
    let all = |by: f64| vec![rate(), currency(by), frozen(), late(), gone()];
    let sets = [
        ("rates", vec![scenario("rates up 300 basis points", vec![rate()])]),
        (
            "currency",
            vec![
                scenario("reporting currency up 20 %", vec![currency(0.2)]),
                scenario("reporting currency down 20 %", vec![currency(-0.2)]),
            ],
        ),
        ("bank", vec![scenario("largest bank frozen for 5 days", vec![frozen()])]),
        ("receipts", vec![scenario("receipts 30 days late", vec![late()])]),
        ("customer", vec![scenario("main customer gone", vec![gone()])]),
        ("everything", vec![scenario("all, currency up", all(0.2)), scenario("all, currency down", all(-0.2))]),
    ];
    let set = |(name, scenarios): (&str, Vec<Scenario>)| ScenarioSet {
        name: name.to_owned(),
        version: 1,
        year: None,
        source: "house".to_owned(),
        scenarios,
    };
    sets.into_iter().map(set).collect()
}
