//! The figures of a goal that need no simulation. Pure.

use std::collections::BTreeMap;

use kernel::Money;
use planning_api::{Contribution, Growth, Market, Policy, Steps, Target, Timing, When, Wrapper};
use planning_api::{Day, GoalTerms, Line, LineState, Month, Scenario, Share, SimulationRefusal, Track};
use quant::goal::{self, Borders};
use quant::plan::{Assumptions, MeanKind};

use crate::simulation::assumptions;

/// What a goal's shares come to, and whether a line of theirs lacks its value.
#[derive(Debug, PartialEq)]
pub(crate) struct Funded {
    pub(crate) there: Money,
    pub(crate) incomplete: bool,
}

/// Each share is rounded down, so that all shares of an asset never come to more than it is worth. A debt gives nothing.
pub(crate) fn funded(lines: &[Line], shares: &[Share], base: kernel::Currency) -> Option<Funded> {
    let mut sum = 0_i64;
    let mut incomplete = false;
    for share in shares {
        let Some(line) = lines.iter().find(|line| line.asset == share.asset) else { continue };
        incomplete |= matches!(line.state, LineState::Missing | LineState::NoRate);
        let worth = i128::from(line.base.map_or(0, |base| base.minor()).max(0));
        let part = worth * i128::from(share.percent.millionths()) / 1_000_000;
        sum = sum.checked_add(i64::try_from(part).ok()?)?;
    }
    Some(Funded { there: Money::new(sum, base), incomplete })
}

/// How a goal is invested, and the assumptions about it.
pub(crate) struct Invested {
    pub(crate) weights: BTreeMap<String, f64>,
    assumptions: Assumptions,
}

impl Invested {
    pub(crate) fn of(terms: &GoalTerms, market: &Market) -> Result<Invested, SimulationRefusal> {
        let weights = match terms.weights.is_empty() {
            true => BTreeMap::from([("cash".to_owned(), 1.0)]),
            false => terms.weights.clone(),
        };
        let assumptions = assumptions(market, &|name| weights.contains_key(name))?;
        Ok(Invested { weights, assumptions })
    }

    /// The yearly return after prices at which the mix grows in the median, rebalanced at all times.
    pub(crate) fn real_return(&self) -> f64 {
        let Assumptions { means, classes, inflation, correlation } = &self.assumptions;
        let weight = |name: &str| self.weights.get(name).copied().unwrap_or(0.0);
        let (mut mean, mut variance) = (0.0, 0.0);
        for (row, one) in classes.iter().enumerate() {
            let half = if *means == MeanKind::Geometric { one.volatility * one.volatility / 2.0 } else { 0.0 };
            mean += weight(&one.name) * (libm::log1p(one.mean) + half);
            for (column, other) in classes.iter().enumerate() {
                let both = weight(&one.name) * weight(&other.name) * one.volatility * other.volatility;
                variance += both * correlation.at(row, column);
            }
        }
        let half = if *means == MeanKind::Geometric { 0.0 } else { inflation.volatility * inflation.volatility / 2.0 };
        libm::expm1(mean - variance / 2.0 - libm::log1p(inflation.mean) + half)
    }

    pub(crate) fn has(&self, class: &str) -> bool {
        self.assumptions.classes.iter().any(|known| known.name == class)
    }

    pub(crate) fn inflation(&self) -> f64 {
        self.assumptions.inflation.mean
    }
}

/// The goal's amount in the money of a year.
pub(crate) fn in_money_of(terms: &GoalTerms, year: i32, inflation: f64) -> Option<Money> {
    let years = year - terms.money_of.unwrap_or(year);
    let minor = (terms.amount.minor() as f64 * libm::pow(1.0 + inflation, f64::from(years))).round();
    let fits = minor.abs() < 9e18;
    fits.then(|| Money::new(minor as i64, terms.amount.currency()))
}

/// Progress, what has to be saved each month, and when it is there.
pub(crate) struct Path {
    pub(crate) progress: f64,
    pub(crate) needed_monthly: Option<Money>,
    pub(crate) expected: Option<Month>,
}

pub(crate) fn path(
    there: Money,
    target: Money,
    terms: &GoalTerms,
    today: Month,
    real_return: f64,
) -> quant::Result<Path> {
    let months = months_left(terms, today);
    let saved = terms.monthly.unwrap_or(Money::new(0, target.currency()));
    let until = goal::months_until(there, target, saved, real_return)?;
    Ok(Path {
        progress: goal::progress(there, target)?,
        needed_monthly: Some(goal::needed_monthly(there, target, months, real_return)?),
        expected: until.and_then(|months| i32::try_from(months).ok()).map(|months| today.plus(months)),
    })
}

/// At least one: what is due this month can still be paid in at its end.
pub(crate) fn months_left(terms: &GoalTerms, today: Month) -> usize {
    usize::try_from(terms.due.since(today)).unwrap_or(0).max(1)
}

/// The goal as a scenario of its own: what is there, what is saved at the end of each month, and the target.
pub(crate) fn scenario(
    (there, target): (Money, Money),
    terms: &GoalTerms,
    invested: &Invested,
    market: Market,
    (today, paths, seed): (Day, u32, u64),
) -> Scenario {
    let months = months_left(terms, today.month());
    let start = today.month();
    let due = start.plus(i32::try_from(months).unwrap_or(1));
    let saved = terms.monthly.map(|monthly| Contribution {
        amount: Money::new(monthly.minor().saturating_mul(12), monthly.currency()),
        wrapper: Wrapper::Free,
        from: When::Year(0),
        until: None,
        growth: Growth::Prices(0.0),
    });
    Scenario {
        paths: Some(paths),
        seed,
        years: u16::try_from(months.div_ceil(12)).unwrap_or(u16::MAX),
        steps: Steps::Monthly,
        timing: Timing::End,
        starts_on: Some(start),
        start: Some(there),
        weights: invested.weights.clone(),
        contributions: saved.into_iter().collect(),
        market,
        target: Some(Target { at: When::Date(due), amount: target }),
        ..Scenario::of_policy(Policy::ConstantReal { rate: Some(0.0) })
    }
}

/// The state of a chance; a border has to be passed by a margin to change it.
pub(crate) fn track(chance: f64, before: Option<Track>) -> quant::Result<Track> {
    let before = before.map(|track| match track {
        Track::OnTrack => goal::GoalState::OnTrack,
        Track::AtRisk => goal::GoalState::AtRisk,
        Track::OffTrack => goal::GoalState::OffTrack,
    });
    Ok(match goal::GoalState::of(chance, before, Borders::default())? {
        goal::GoalState::OnTrack => Track::OnTrack,
        goal::GoalState::AtRisk => Track::AtRisk,
        goal::GoalState::OffTrack => Track::OffTrack,
    })
}

#[cfg(test)]
mod tests;
