//! Teunter, Syntetos and Babai's method for series that are mostly zero: the chance of a value and its size are smoothed
//! apart, and the chance also falls while nothing comes.

use serde::{Deserialize, Serialize};

const GRID: [f64; 6] = [0.02, 0.05, 0.1, 0.15, 0.2, 0.3];

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Tsb {
    /// Of the size.
    pub alpha: f64,
    /// Of the chance.
    pub beta: f64,
}

impl Tsb {
    pub(super) fn fit(values: &[f64]) -> Tsb {
        let all = GRID.iter().flat_map(|alpha| GRID.iter().map(|beta| Tsb { alpha: *alpha, beta: *beta }));
        let best = all.min_by(|one, other| one.smooth(values).1.total_cmp(&other.smooth(values).1));
        best.unwrap_or(Tsb { alpha: 0.1, beta: 0.1 })
    }

    pub(super) fn forecast(&self, values: &[f64]) -> f64 {
        self.smooth(values).0
    }

    /// The forecast after the values, and the squared errors on the way.
    fn smooth(&self, values: &[f64]) -> (f64, f64) {
        let some = values.iter().filter(|value| **value != 0.0);
        let (sum, count) = some.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
        if count == 0.0 {
            return (0.0, 0.0);
        }
        let (mut chance, mut size, mut errors) = (count / values.len() as f64, sum / count, 0.0);
        for value in values {
            let error = value - chance * size;
            errors += error * error;
            if *value == 0.0 {
                chance -= self.beta * chance;
            } else {
                chance += self.beta * (1.0 - chance);
                size += self.alpha * (value - size);
            }
        }
        (chance * size, errors)
    }
}
