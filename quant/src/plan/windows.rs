//! A plan through every window of a history, and the highest rate that never failed, in closed form.

use jiff::civil::Date;
use kernel::Money;
use serde::Serialize;

use super::history::{Frequency, MarketHistory};
use super::market::{CLASSES_MAX, Returns, periods_per_step};
use super::run::{Outcome, RunSettings, simulate};
use super::{Plan, Timing, YEARS_MAX, check_weights};
use crate::amount;
use crate::error::{QuantError, Result, at_least, at_most};
use crate::paths::Work;

/// The most windows of one question.
pub const WINDOWS_MAX: usize = 5_000;

#[derive(Debug, Clone, PartialEq)]
pub struct Historical {
    pub outcome: Outcome,
    /// The first day of the window that failed first, or was left with the least.
    pub worst_start: Date,
    /// What each window left, by its first day, in that day's money.
    pub tails: Vec<(Date, Money)>,
}

pub fn historical(plan: &Plan, history: &MarketHistory, settings: &RunSettings, work: Work<'_>) -> Result<Historical> {
    let needed = plan.steps_in_all() * periods_per_step(history, plan.steps)?;
    at_most("windows", (history.periods() + 1).saturating_sub(needed), WINDOWS_MAX)?;
    let simulated = simulate(plan, &Returns::Windows(history.clone()), settings, work)?;
    let windows = simulated.failed.iter().zip(&simulated.ends).enumerate();
    let worst = windows.min_by(|(_, one), (_, other)| one.0.cmp(other.0).then(one.1.total_cmp(other.1)));
    let tails = simulated
        .ends
        .iter()
        .enumerate()
        .map(|(window, end)| Ok((history.date(window), amount::money("tail", *end, plan.currency)?)));
    Ok(Historical {
        worst_start: history.date(worst.map_or(0, |(window, _)| window)),
        tails: tails.collect::<Result<_>>()?,
        outcome: simulated.outcome,
    })
}

/// Constant withdrawals in the money of a window's start, as yearly shares of what was there.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HistoricalRate {
    /// Every rate below it never failed.
    pub highest: f64,
    pub worst_start: Date,
    /// The rate that would have used up each window.
    pub by_start: Vec<(Date, f64)>,
}

/// With weights that each step brings back. A window is used up by the rate whose withdrawals, at the value that they had
/// at its start, come to all of it.
pub fn historical_rate(
    history: &MarketHistory,
    weights: &[f64],
    years: usize,
    steps: Frequency,
    timing: Timing,
) -> Result<HistoricalRate> {
    at_least("years", years, 1)?;
    at_most("years", years, YEARS_MAX)?;
    check_weights(weights, history.names().len())?;
    let per_step = periods_per_step(history, steps)?;
    let count = years * steps.per_year();
    let needed = count * per_step;
    let windows = (history.periods() + 1).checked_sub(needed).filter(|windows| *windows > 0);
    let windows = windows.ok_or(QuantError::TooFew { field: "history", min: needed, found: history.periods() })?;
    at_most("windows", windows, WINDOWS_MAX)?;
    // What a unit of withdrawals a step later costs now, from each period on.
    let costs: Vec<f64> =
        (0..=history.periods() - per_step).map(|start| cost(history, weights, start, per_step)).collect();
    let mut by_start = Vec::with_capacity(windows);
    for start in 0..windows {
        let (mut sum, mut factor) = (0.0, 1.0);
        for step in costs.iter().skip(start).step_by(per_step).take(count) {
            let next = factor * step;
            sum += if timing == Timing::Start { factor } else { next };
            factor = next;
        }
        by_start.push((history.date(start), steps.per_year() as f64 / sum));
    }
    let worst = by_start.iter().copied().min_by(|one, other| one.1.total_cmp(&other.1));
    let (worst_start, highest) = worst.ok_or(QuantError::TooFew { field: "windows", min: 1, found: 0 })?;
    Ok(HistoricalRate { highest, worst_start, by_start })
}

/// Prices over growth of one step.
fn cost(history: &MarketHistory, weights: &[f64], start: usize, per_step: usize) -> f64 {
    let mut growth = [1.0; CLASSES_MAX];
    let mut prices = 1.0;
    for period in start..start + per_step {
        let row = history.row(period);
        growth.iter_mut().zip(row).take(weights.len()).for_each(|(all, one)| *all *= one);
        prices *= row.last().copied().unwrap_or(f64::NAN);
    }
    prices / crate::matrix::dot(&growth, weights)
}
