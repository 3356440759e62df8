//! The normal distribution.

use std::f64::consts::{PI, SQRT_2};

use crate::error::{Result, within};

pub fn density(x: f64) -> f64 {
    libm::exp(-0.5 * x * x) / libm::sqrt(2.0 * PI)
}

/// The chance of at most `x`.
pub fn cumulative(x: f64) -> f64 {
    0.5 * libm::erfc(-x / SQRT_2)
}

/// The level that is not exceeded with chance `p`: 1.644854 at 0.95.
pub fn quantile(p: f64) -> Result<f64> {
    within("probability", p, f64::MIN_POSITIVE, 1.0 - f64::EPSILON)?;
    // Above the middle by symmetry, where the chance of exceeding keeps its digits.
    if p > 0.5 { Ok(-lower(1.0 - p)) } else { Ok(lower(p)) }
}

/// Hastings' approximation (26.2.23 of Abramowitz and Stegun), then Halley steps until nothing changes.
fn lower(p: f64) -> f64 {
    let t = libm::sqrt(-2.0 * libm::log(p));
    let over = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let under = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    let mut x = over / under - t;
    for _ in 0..4 {
        let newton = (cumulative(x) - p) / density(x);
        x -= newton / (1.0 + 0.5 * x * newton);
    }
    x
}
