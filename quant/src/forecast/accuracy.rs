//! Measures of how far forecasts were off.

use crate::error::{Result, at_least, finite, same_length};

/// The mean absolute step over a season within a series, by which errors of different series are made comparable; nothing
/// for a series that repeats itself, or is no longer than a season.
pub fn mase_scale(values: &[f64], season: usize) -> Option<f64> {
    let steps = values.iter().zip(values.iter().skip(season)).map(|(before, now)| (now - before).abs());
    let count = values.len().saturating_sub(season);
    let scale = steps.sum::<f64>() / count.max(1) as f64;
    (count > 0 && scale > 0.0).then_some(scale)
}

/// The mean absolute error in units of the scale: below 1 is better than the season before was within the sample.
pub fn mase(actual: &[f64], forecast: &[f64], scale: f64) -> Result<f64> {
    check(actual, forecast)?;
    let errors = actual.iter().zip(forecast).map(|(actual, forecast)| (actual - forecast).abs());
    Ok(errors.sum::<f64>() / actual.len() as f64 / scale)
}

/// The symmetric mean absolute percentage error, from 0 to 200; where both are zero nothing was off.
pub fn smape(actual: &[f64], forecast: &[f64]) -> Result<f64> {
    check(actual, forecast)?;
    let errors = actual.iter().zip(forecast).map(|(actual, forecast)| {
        let size = actual.abs() + forecast.abs();
        if size > 0.0 { 200.0 * (actual - forecast).abs() / size } else { 0.0 }
    });
    Ok(errors.sum::<f64>() / actual.len() as f64)
}

fn check(actual: &[f64], forecast: &[f64]) -> Result<()> {
    at_least("actual", actual.len(), 1)?;
    same_length("forecast", actual.len(), forecast.len())?;
    finite("actual", actual)?;
    finite("forecast", forecast)
}
