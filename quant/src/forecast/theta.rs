//! The Theta method, optimised (Fiorucci and others, 2016): exponential smoothing of a line that is bent by theta, plus the
//! share of the trend that the bending left out. With theta 2 it is simple smoothing with half the slope as drift.

use serde::{Deserialize, Serialize};

use super::seasonality::Seasonality;
use super::simplex::{Axis, minimise};

const ALPHA: (f64, f64) = (0.1, 0.99);
const THETA_MAX: f64 = 50.0;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Theta {
    pub alpha: f64,
    pub theta: f64,
    pub level: f64,
    pub seasonality: Option<Seasonality>,
}

/// The line a + b t, with t = 1 at the first value.
#[derive(Clone, Copy)]
struct Line {
    a: f64,
    b: f64,
}

impl Line {
    fn through(values: &[f64]) -> Line {
        let count = values.len() as f64;
        let middle = (count + 1.0) / 2.0;
        let centre = values.iter().sum::<f64>() / count;
        let (mut over, mut under) = (0.0, 0.0);
        for (place, value) in values.iter().enumerate() {
            let moved = place as f64 + 1.0 - middle;
            over += moved * (value - centre);
            under += moved * moved;
        }
        let b = if under > 0.0 { over / under } else { 0.0 };
        Line { a: centre - b * middle, b }
    }
}

impl Theta {
    pub(super) fn fit(values: &[f64], season: usize) -> Theta {
        let seasonality = Seasonality::detect(values, season);
        let adjusted = seasonality.as_ref().map_or_else(|| values.to_vec(), |seasonality| seasonality.without(values));
        let line = Line::through(&adjusted);
        let first = adjusted.first().copied().unwrap_or(0.0);
        let spread = adjusted.iter().fold(0.0_f64, |most, value| most.max((value - first).abs()));
        let axes = [
            Axis { start: 0.5, step: 0.2, min: ALPHA.0, max: ALPHA.1 },
            Axis { start: 2.0, step: 1.0, min: 1.0, max: THETA_MAX },
            // The bent line begins near first / theta: the rest of the first value lies in the trend's share.
            Axis { start: 0.0, step: spread / 4.0, min: -2.0 * spread, max: 2.0 * spread },
        ];
        let theta = |point: &[f64]| {
            let at = |place: usize| point.get(place).copied().unwrap_or(f64::NAN);
            Theta { alpha: at(0), theta: at(1), level: first / at(1) + at(2), seasonality: None }
        };
        let cost = |point: &[f64]| theta(point).smooth(&adjusted, line).1;
        Theta { seasonality, ..theta(&minimise(&axes, &cost)) }
    }

    /// The level after the values, and the sum of squared errors on the way.
    fn smooth(&self, values: &[f64], line: Line) -> (f64, f64) {
        let share = 1.0 - 1.0 / self.theta;
        let (mut level, mut errors, mut fading) = (self.level, 0.0, 1.0);
        for value in values {
            // (1 - alpha)^(t - 1) A + (1 - (1 - alpha)^t) / alpha B
            let next = fading * (1.0 - self.alpha);
            let trend = fading * line.a + (1.0 - next) / self.alpha * line.b;
            let error = value - level - share * trend;
            errors += error * error;
            level += self.alpha * (value - level);
            fading = next;
        }
        (level, errors)
    }

    pub(super) fn forecast(&self, values: &[f64], horizon: usize) -> Vec<f64> {
        let adjusted =
            self.seasonality.as_ref().map_or_else(|| values.to_vec(), |seasonality| seasonality.without(values));
        let line = Line::through(&adjusted);
        let (level, _) = self.smooth(&adjusted, line);
        let share = 1.0 - 1.0 / self.theta;
        let fading = libm::pow(1.0 - self.alpha, values.len() as f64);
        let start = fading * line.a + (1.0 - fading * (1.0 - self.alpha)) / self.alpha * line.b;
        let plain = (0..horizon).map(|step| level + share * (start + step as f64 * line.b)).collect();
        match &self.seasonality {
            Some(seasonality) => seasonality.with(plain, values.len()),
            None => plain,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Smoothing by hand with half the slope as drift, from the end of the bent line.
    #[test]
    fn theta_two_is_smoothing_with_half_the_slope_as_drift() {
        let values: Vec<f64> = (0..40).map(|t| 10.0 + 0.7 * f64::from(t) + f64::from(t % 5)).collect();
        let theta = Theta { alpha: 0.4, theta: 2.0, level: 9.0, seasonality: None };
        let line = Line::through(&values);
        let level = values.iter().fold(9.0, |level, value| level + 0.4 * (value - level));
        let found = theta.forecast(&values, 6);
        for pair in found.windows(2) {
            assert!((pair[1] - pair[0] - line.b / 2.0).abs() < 1e-12);
        }
        // What the start still weighs has faded away after 40 steps.
        assert!((found[0] - (level + line.b / 2.0 / 0.4)).abs() < 1e-6);
    }
}
