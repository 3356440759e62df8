//! Why paths fail: when they fell behind, what returns they had early, and what would have saved them.

use serde::Serialize;

use super::market::{Overlay, Returns};
use super::run::{EARLY_YEARS, LASTED, Run, RunSettings, Simulated, simulate};
use super::{Plan, trace};
use crate::error::{Result, within};
use crate::paths::Work;

/// Changes that are tried on the paths that failed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rescue {
    /// A share: 0.1 spends a tenth less.
    pub less_spending: f64,
    pub steps_later: usize,
    pub higher_return: f64,
}

/// The mean yearly return after prices over the first ten years.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct EarlyReturns {
    pub failed: f64,
    pub others: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Why {
    pub failed: usize,
    /// The year, in the median, in which failing paths were first under the expected wealth.
    pub first_year_under: Option<usize>,
    /// Nothing where all paths failed, or none.
    pub early_returns: Option<EarlyReturns>,
    /// The share of failures that each change alone would have saved.
    pub saved_by_less_spending: f64,
    pub saved_by_later_retirement: f64,
    pub saved_by_higher_return: f64,
}

/// `expected` is the market at its medians: what the plan goes by.
pub fn why(
    plan: &Plan,
    returns: &Returns,
    expected: &Returns,
    settings: &RunSettings,
    rescue: &Rescue,
    work: Work<'_>,
) -> Result<Why> {
    within("less_spending", rescue.less_spending, 0.0, 1.0)?;
    let expected = trace::expected(plan, expected, &settings.overlays)?;
    let base = Run::new(plan, returns, settings, Some(expected))?.all(work)?;
    let saved = |plan: &Plan, settings: &RunSettings| -> Result<f64> {
        Ok(saved(&base, &simulate(plan, returns, settings, work)?))
    };
    let mut higher = settings.clone();
    higher.overlays.push(Overlay::Shift { yearly: rescue.higher_return });
    let later = (plan.retirement + rescue.steps_later).min(plan.steps_in_all());
    Ok(Why {
        failed: base.outcome.paths - base.outcome.successes,
        first_year_under: first_year_under(&base),
        early_returns: early_returns(&base, plan.years.min(EARLY_YEARS)),
        saved_by_less_spending: saved(&plan.with_spending(1.0 - rescue.less_spending)?, settings)?,
        saved_by_later_retirement: saved(&plan.with_retirement(later), settings)?,
        saved_by_higher_return: saved(plan, &higher)?,
    })
}

fn saved(base: &Simulated, changed: &Simulated) -> f64 {
    let failed = base.failed.iter().zip(&changed.failed).filter(|(before, _)| **before != LASTED);
    let (all, saved) =
        failed.fold((0.0, 0.0), |(all, saved), (_, after)| (all + 1.0, saved + f64::from(u8::from(*after == LASTED))));
    if all > 0.0 { saved / all } else { 0.0 }
}

fn first_year_under(base: &Simulated) -> Option<usize> {
    let pairs = base.failed.iter().zip(&base.probe.as_ref()?.under);
    let mut years: Vec<u16> = pairs.filter(|(failed, _)| **failed != LASTED).map(|(_, year)| *year).collect();
    years.sort_unstable();
    let middle = years.get(years.len() / 2).copied()?;
    (middle != LASTED).then_some(usize::from(middle))
}

fn early_returns(base: &Simulated, years: usize) -> Option<EarlyReturns> {
    let mut sums = [(0.0, 0.0); 2];
    for (failed, early) in base.failed.iter().zip(&base.probe.as_ref()?.early) {
        if let Some((sum, count)) = sums.get_mut(usize::from(*failed == LASTED)) {
            *sum += libm::pow(*early, 1.0 / years as f64) - 1.0;
            *count += 1.0;
        }
    }
    let [failed, others] = sums;
    let mean = |(sum, count): (f64, f64)| sum / count;
    (failed.1 > 0.0 && others.1 > 0.0).then(|| EarlyReturns { failed: mean(failed), others: mean(others) })
}
