//! Bands by split conformal prediction: as wide as the errors were that a model, fitted to the older part of a series, made
//! in the newer part, lead by lead.

use serde::{Deserialize, Serialize};

/// The share of what comes that P10 to P90 should hold.
const COVERAGE: f64 = 0.8;
/// Errors that a lead needs for a width of its own.
const ERRORS_MIN: usize = 8;

/// Half the width of the band for each lead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bands {
    pub half_widths: Vec<f64>,
}

impl Bands {
    /// From errors by lead. A lead with too few takes the width of the one before, wider by the root of their leads.
    pub(super) fn new(errors: &[Vec<f64>], otherwise: f64) -> Bands {
        let mut half_widths = Vec::with_capacity(errors.len());
        let mut last = otherwise;
        for (step, errors) in errors.iter().enumerate() {
            let lead = step as f64 + 1.0;
            let own = if errors.len() >= ERRORS_MIN { conformal(errors) } else { None };
            let carried = if step == 0 { last } else { last * libm::sqrt(lead / (lead - 1.0)) };
            // A later lead is not more certain than an earlier one.
            last = own.map_or(carried, |own| own.max(last * f64::from(u8::from(step > 0))));
            half_widths.push(last);
        }
        Bands { half_widths }
    }

    /// Beyond the trained horizon the band goes on widening with the root of the lead.
    pub(super) fn half_width(&self, step: usize) -> f64 {
        let last = self.half_widths.last().copied().unwrap_or(0.0);
        let known = self.half_widths.len().max(1) as f64;
        self.half_widths.get(step).copied().unwrap_or_else(|| last * libm::sqrt((step as f64 + 1.0) / known))
    }
}

/// The smallest width that holds the share of one more error like these.
fn conformal(errors: &[f64]) -> Option<f64> {
    let mut sizes: Vec<f64> = errors.iter().map(|error| error.abs()).collect();
    sizes.sort_unstable_by(f64::total_cmp);
    let rank = (COVERAGE * sizes.len() as f64).ceil() as usize;
    sizes.get(rank.min(sizes.len()).saturating_sub(1)).copied()
}
