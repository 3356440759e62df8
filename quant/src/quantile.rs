//! Quantiles by a named rule, for samples without NaN.

use serde::{Deserialize, Serialize};

use crate::error::{QuantError, Result, at_least, within};

/// How a level between two values of the sample is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuantileRule {
    /// Interpolated at position h = (n - 1) p + 1.
    #[default]
    Linear,
    /// The lower neighbour.
    Lower,
    /// The higher neighbour.
    Higher,
}

/// Where a level lies in a sorted sample: its lower neighbour, and the share of the way to the next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Position {
    pub(crate) lower: usize,
    pub(crate) share: f64,
}

impl QuantileRule {
    pub(crate) fn position(self, count: usize, p: f64) -> Result<Position> {
        at_least("sample", count, 1)?;
        within("level", p, 0.0, 1.0)?;
        let h = (count - 1) as f64 * p;
        // (n - 1) p is often meant to be a whole number and misses it by a rounding.
        let h = if (h - h.round()).abs() < 1e-9 { h.round() } else { h };
        let lower = h.floor();
        let share = match self {
            QuantileRule::Linear => h - lower,
            QuantileRule::Lower => 0.0,
            QuantileRule::Higher => (h - lower).ceil(),
        };
        Ok(Position { lower: lower as usize, share })
    }

    /// The quantile of a sorted sample.
    pub fn of_sorted(self, sorted: &[f64], p: f64) -> Result<f64> {
        let position = self.position(sorted.len(), p)?;
        let value = |at: usize| sorted.get(at).copied();
        let lower = value(position.lower).ok_or(QuantError::TooFew { field: "sample", min: 1, found: 0 })?;
        let upper = value(position.lower + 1).unwrap_or(lower);
        Ok(if position.share == 0.0 { lower } else { lower + position.share * (upper - lower) })
    }

    /// The quantile of a sample in any order.
    pub fn of(self, sample: &[f64], p: f64) -> Result<f64> {
        let mut sorted = sample.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        self.of_sorted(&sorted, p)
    }
}
