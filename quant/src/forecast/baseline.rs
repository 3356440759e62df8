//! Methods without parameters.

/// The values of the last season again and again; a series shorter than a season repeats as a whole.
pub(super) fn seasonal_naive(values: &[f64], season: usize, horizon: usize) -> Vec<f64> {
    let last = values.get(values.len().saturating_sub(season)..).unwrap_or_default();
    last.iter().copied().cycle().take(horizon).collect()
}

pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

pub(super) fn drift(values: &[f64], horizon: usize) -> Vec<f64> {
    let (first, last) = (values.first().copied().unwrap_or(0.0), values.last().copied().unwrap_or(0.0));
    let step = (last - first) / values.len().saturating_sub(1).max(1) as f64;
    (1..=horizon).map(|lead| last + step * lead as f64).collect()
}
