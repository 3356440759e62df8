//! Were the figures right: exceedances, Kupiec's and Christoffersen's tests, and the traffic light.

use jiff::civil::Date;
use kernel::Money;
use serde::Serialize;

use super::{CONFIDENCE_MAX, CONFIDENCE_MIN};
use crate::chance::{binomial_first, chi_square_1_above, chi_square_2_above};
use crate::error::{QuantError, Result, at_least, at_most, within};
use crate::series::ROWS_OF_HISTORY_MAX;

pub const TRAFFIC_LIGHT_DAYS: usize = 250;
const YELLOW: f64 = 0.95;
const RED: f64 = 0.9999;

/// A day's profit beside the value at risk that was told the day before, for the exposures of the day before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TestedDay {
    pub date: Date,
    pub value_at_risk: Money,
    pub profit: Money,
}

/// A day whose loss was larger than told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Exceedance {
    pub date: Date,
    pub value_at_risk: Money,
    pub profit: Money,
}

/// A likelihood ratio, and the chance of one as large when the figures are right.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LikelihoodTest {
    pub ratio: f64,
    pub p_value: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Light {
    Green,
    Yellow,
    Red,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Backtest {
    pub days: usize,
    pub expected: f64,
    pub exceedances: Vec<Exceedance>,
    /// Kupiec: is their number right?
    pub count: LikelihoodTest,
    /// Christoffersen: do they come one by one? Nothing can be said from a single day.
    pub independence: Option<LikelihoodTest>,
    /// Both together.
    pub coverage: Option<LikelihoodTest>,
    /// Over the last 250 days, once there are so many.
    pub light: Option<Light>,
    pub yellow_from: u32,
    pub red_from: u32,
}

pub fn backtest(days: &[TestedDay], confidence: f64) -> Result<Backtest> {
    within("confidence", confidence, CONFIDENCE_MIN, CONFIDENCE_MAX)?;
    at_least("days", days.len(), 1)?;
    at_most("days", days.len(), ROWS_OF_HISTORY_MAX)?;
    let mut hits = Vec::with_capacity(days.len());
    for day in days {
        hits.push(is_exceeded(day)?);
    }
    let p = 1.0 - confidence;
    let found = days.iter().zip(&hits).filter(|(_, hit)| **hit);
    let exceedances: Vec<Exceedance> = found
        .map(|(day, _)| Exceedance { date: day.date, value_at_risk: day.value_at_risk, profit: day.profit })
        .collect();
    let count = kupiec(exceedances.len(), days.len(), p);
    let independence = christoffersen(&hits);
    let both = independence.map(|independence| {
        let ratio = count + independence;
        LikelihoodTest { ratio, p_value: chi_square_2_above(ratio) }
    });
    let one = |ratio: f64| LikelihoodTest { ratio, p_value: chi_square_1_above(ratio) };
    let yellow_from = binomial_first(TRAFFIC_LIGHT_DAYS as u32, p, YELLOW);
    let red_from = binomial_first(TRAFFIC_LIGHT_DAYS as u32, p, RED);
    let recent = hits.iter().rev().take(TRAFFIC_LIGHT_DAYS).filter(|hit| **hit).count();
    let light = match recent as u32 {
        few if few < yellow_from => Light::Green,
        some if some < red_from => Light::Yellow,
        _ => Light::Red,
    };
    Ok(Backtest {
        days: days.len(),
        expected: p * days.len() as f64,
        exceedances,
        count: one(count),
        independence: independence.map(one),
        coverage: both,
        light: (days.len() >= TRAFFIC_LIGHT_DAYS).then_some(light),
        yellow_from,
        red_from,
    })
}

/// Strictly below: a loss of exactly the value at risk is none.
fn is_exceeded(day: &TestedDay) -> Result<bool> {
    if day.profit.currency() != day.value_at_risk.currency() {
        let (expected, found) = (day.value_at_risk.currency(), day.profit.currency());
        let (expected, found) = (expected.code().to_owned(), found.code().to_owned());
        return Err(QuantError::Currency { field: "profit", expected, found });
    }
    Ok(i128::from(day.profit.minor()) < -i128::from(day.value_at_risk.minor()))
}

/// Twice the gain in log likelihood of the rate that was seen over the rate that was told.
fn kupiec(hits: usize, days: usize, p: f64) -> f64 {
    let (hits, days) = (hits as f64, days as f64);
    let seen = hits / days;
    let ratio = 2.0 * (log_likelihood(days - hits, hits, seen) - log_likelihood(days - hits, hits, p));
    ratio.max(0.0)
}

/// Whether a day after an exceedance has one more often than a day after none.
fn christoffersen(hits: &[bool]) -> Option<f64> {
    let pairs = || hits.iter().zip(hits.iter().skip(1));
    let count = |before: bool, now: bool| pairs().filter(|pair| *pair == (&before, &now)).count() as f64;
    let (calm, begins, ends, stays) = (count(false, false), count(false, true), count(true, false), count(true, true));
    let all = calm + begins + ends + stays;
    if all == 0.0 {
        return None;
    }
    let share = |hit: f64, of: f64| if of > 0.0 { hit / of } else { 0.0 };
    let apart = log_likelihood(calm, begins, share(begins, calm + begins))
        + log_likelihood(ends, stays, share(stays, ends + stays));
    let together = log_likelihood(calm + ends, begins + stays, share(begins + stays, all));
    Some((2.0 * (apart - together)).max(0.0))
}

/// ln((1 - p)^misses p^hits), where nothing to the power of nothing is one.
fn log_likelihood(misses: f64, hits: f64, p: f64) -> f64 {
    let term = |count: f64, chance: f64| if count == 0.0 { 0.0 } else { count * libm::log(chance) };
    term(misses, 1.0 - p) + term(hits, p)
}
