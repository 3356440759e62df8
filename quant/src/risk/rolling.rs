//! The value at risk that would have been told on each day of a history, for its back-test.

use serde::{Deserialize, Serialize};

use super::{Book, CONFIDENCE_MAX, CONFIDENCE_MIN, HISTORY_DAYS_MIN, TestedDay};
use crate::error::{QuantError, Result, at_least, within};
use crate::matrix::dot;
use crate::normal;
use crate::quantile::QuantileRule;
use crate::series::History;

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RollingMethod {
    Historical(QuantileRule),
    Normal,
    /// With this lambda, from the first day of the history.
    Weighted(f64),
}

/// For every day after the first `window` days: the one-day value at risk of the day before, and the day's profit, both for
/// the exposures of the book.
pub fn rolling(
    book: &Book,
    history: &History,
    window: usize,
    confidence: f64,
    method: RollingMethod,
) -> Result<Vec<TestedDay>> {
    within("confidence", confidence, CONFIDENCE_MIN, CONFIDENCE_MAX)?;
    at_least("window", window, HISTORY_DAYS_MIN)?;
    at_least("history", history.days(), window.saturating_add(1))?;
    let profits: Vec<f64> = history.rows().map(|row| dot(row, &book.weights)).collect();
    let figures = match method {
        RollingMethod::Historical(rule) => historical(&profits, window, 1.0 - confidence, rule)?,
        RollingMethod::Normal => {
            let z = normal::quantile(confidence)?;
            profits.windows(window).map(|days| z * deviation(days)).collect()
        }
        RollingMethod::Weighted(lambda) => weighted(&profits, window, confidence, lambda)?,
    };
    // The figure of days 0..window is held against the profit of the day after them.
    let days = history.dates().iter().zip(&profits).skip(window);
    days.zip(figures)
        .map(|((date, profit), figure)| {
            let (value_at_risk, profit) = (book.money("value at risk", figure)?, book.money("profit", *profit)?);
            Ok(TestedDay { date: *date, value_at_risk, profit })
        })
        .collect()
}

/// Keeps the window sorted while it moves on.
fn historical(profits: &[f64], window: usize, level: f64, rule: QuantileRule) -> Result<Vec<f64>> {
    if (window as f64) * level < 1.0 - 1e-9 {
        return Err(QuantError::LevelOutsideSample { level, rows: window });
    }
    let mut sorted: Vec<f64> = profits.iter().take(window).copied().collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut figures = Vec::with_capacity(profits.len() - window + 1);
    figures.push(-rule.of_sorted(&sorted, level)?);
    for (leaves, enters) in profits.iter().zip(profits.iter().skip(window)) {
        if let Ok(place) = sorted.binary_search_by(|one| one.total_cmp(leaves)) {
            sorted.remove(place);
        }
        let place = sorted.partition_point(|one| one.total_cmp(enters).is_lt());
        sorted.insert(place, *enters);
        figures.push(-rule.of_sorted(&sorted, level)?);
    }
    Ok(figures)
}

fn deviation(days: &[f64]) -> f64 {
    let count = days.len() as f64;
    let mean = days.iter().sum::<f64>() / count;
    libm::sqrt(days.iter().map(|day| (day - mean) * (day - mean)).sum::<f64>() / (count - 1.0))
}

fn weighted(profits: &[f64], window: usize, confidence: f64, lambda: f64) -> Result<Vec<f64>> {
    within("lambda", lambda, 0.5, 0.999)?;
    let z = normal::quantile(confidence)?;
    let mut variance = None;
    let figures = profits.iter().map(|profit| {
        let square = profit * profit;
        let now = variance.map_or(square, |before| lambda * before + (1.0 - lambda) * square);
        variance = Some(now);
        z * libm::sqrt(now)
    });
    Ok(figures.skip(window - 1).collect())
}
