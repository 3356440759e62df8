//! Seasonal indices by classical decomposition, and whether a series has a season at all.

use serde::{Deserialize, Serialize};

use super::baseline::mean;

/// z at 90 %: the level at which the Theta method tests for a season.
const SIGNIFICANT: f64 = 1.645;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Seasonality {
    /// One for each step of the season, from the first value on.
    pub indices: Vec<f64>,
    pub multiplicative: bool,
}

impl Seasonality {
    /// The seasonality of a series whose autocorrelation at its season is significant: multiplicative where all values are
    /// above zero.
    pub(super) fn detect(values: &[f64], season: usize) -> Option<Seasonality> {
        let seasonal = season > 1 && values.len() >= 2 * season && is_seasonal(values, season);
        let multiplicative = values.iter().all(|value| *value > 0.0);
        seasonal.then(|| Seasonality::of(values, season, multiplicative)).flatten()
    }

    /// The mean of each step of the season, relative to a centred moving average of one season.
    pub(super) fn of(values: &[f64], season: usize, multiplicative: bool) -> Option<Seasonality> {
        let mut sums = vec![(0.0, 0.0); season];
        for (place, (value, trend)) in trend_of(values, season).into_iter().enumerate() {
            let at = (place + season / 2) % season;
            if let Some((sum, count)) = sums.get_mut(at) {
                *sum += if multiplicative { value / trend } else { value - trend };
                *count += 1.0;
            }
        }
        if sums.iter().any(|(_, count)| *count == 0.0) {
            return None;
        }
        let raw: Vec<f64> = sums.iter().map(|(sum, count)| sum / count).collect();
        let centre = mean(&raw);
        let indices: Vec<f64> =
            raw.iter().map(|one| if multiplicative { one / centre } else { one - centre }).collect();
        let usable = indices.iter().all(|one| one.is_finite() && (!multiplicative || *one > 1e-3));
        usable.then_some(Seasonality { indices, multiplicative })
    }

    pub(super) fn at(&self, place: usize) -> f64 {
        let neutral = f64::from(u8::from(self.multiplicative));
        self.indices.get(place % self.indices.len().max(1)).copied().unwrap_or(neutral)
    }

    pub(super) fn without(&self, values: &[f64]) -> Vec<f64> {
        let places = values.iter().enumerate();
        places
            .map(|(place, value)| if self.multiplicative { value / self.at(place) } else { value - self.at(place) })
            .collect()
    }

    /// Puts the season back into values that begin at a place of the series.
    pub(super) fn with(&self, values: Vec<f64>, from: usize) -> Vec<f64> {
        let places = values.into_iter().enumerate();
        places
            .map(|(step, value)| {
                let index = self.at(from + step);
                if self.multiplicative { value * index } else { value + index }
            })
            .collect()
    }
}

/// Values beside their centred moving average; half a season is missing at both ends.
fn trend_of(values: &[f64], season: usize) -> Vec<(f64, f64)> {
    let half = season / 2;
    let even = season.is_multiple_of(2);
    let windows = values.windows(season + usize::from(even));
    let averages = windows.map(|window| {
        let ends = window.first().copied().unwrap_or(0.0) + window.last().copied().unwrap_or(0.0);
        let sum = window.iter().sum::<f64>() - if even { ends / 2.0 } else { 0.0 };
        sum / season as f64
    });
    values.iter().skip(half).copied().zip(averages).collect()
}

fn is_seasonal(values: &[f64], season: usize) -> bool {
    let centre = mean(values);
    let moved: Vec<f64> = values.iter().map(|value| value - centre).collect();
    let variance: f64 = moved.iter().map(|one| one * one).sum();
    if variance <= 0.0 {
        return false;
    }
    let correlation =
        |lag: usize| moved.iter().zip(moved.iter().skip(lag)).map(|(one, other)| one * other).sum::<f64>() / variance;
    let before: f64 = (1..season).map(|lag| correlation(lag) * correlation(lag)).sum();
    correlation(season).abs() > SIGNIFICANT * libm::sqrt((1.0 + 2.0 * before) / values.len() as f64)
}
