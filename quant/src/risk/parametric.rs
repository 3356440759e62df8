//! Value at risk in closed form, from a covariance.

use super::{Book, Question, Raw};
use crate::error::{Result, same_length};
use crate::matrix::{Symmetric, dot};
use crate::normal;

pub(super) fn figures(book: &Book, covariance: &Symmetric, drift: &[f64], question: Question) -> Result<Raw> {
    same_length("exposures by factor", covariance.rows(), book.weights.len())?;
    let days = f64::from(question.horizon_days);
    let moved = covariance.times(&book.weights);
    let deviation = libm::sqrt(dot(&moved, &book.weights).max(0.0));
    let z = normal::quantile(question.confidence)?;
    let beyond = normal::density(z) / (1.0 - question.confidence);
    let scale = libm::sqrt(days);
    // Each factor's part is its derivative times its weight: they add up, since the figure grows in step with the book.
    let part = |multiple: f64| -> Vec<f64> {
        let terms = book.weights.iter().zip(moved.iter().zip(drift));
        terms
            .map(|(weight, (moved, drift))| {
                let risk = if deviation > 0.0 { multiple * scale * weight * moved / deviation } else { 0.0 };
                risk - weight * drift * days
            })
            .collect()
    };
    let expected = dot(&book.weights, drift) * days;
    Ok(Raw {
        value_at_risk: z * scale * deviation - expected,
        expected_shortfall: beyond * scale * deviation - expected,
        parts: part(z),
        shortfall_parts: part(beyond),
        errors: None,
        observations: 0,
        repaired: None,
    })
}
