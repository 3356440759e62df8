//! Quantile and mean of the worst of a sample of profits, with each factor's part in them.

use super::{Question, Raw};
use crate::error::{QuantError, Result};

/// `part(scenario, factor)` is a factor's share of a scenario's profit.
pub(super) fn figures(
    profits: &[f64],
    factors: usize,
    part: &dyn Fn(usize, usize) -> f64,
    question: Question,
) -> Result<Raw> {
    let count = profits.len();
    let level = 1.0 - question.confidence;
    if (count as f64) * level < 1.0 - 1e-9 {
        return Err(QuantError::LevelOutsideSample { level, rows: count });
    }
    let position = question.rule.position(count, level)?;
    // One standard deviation of the rank, for the error; a tenth of the tail on both sides, for the parts.
    let spread = libm::sqrt(count as f64 * level * question.confidence).ceil() as usize;
    let around = (count as f64 * level / 10.0) as usize;
    let worst = worst(profits, position.lower + 2 + spread.max(around));
    let at = |rank: usize| worst.get(rank.min(count - 1)).and_then(|scenario| profits.get(*scenario)).copied();
    let (lower, upper) = (at(position.lower).unwrap_or(f64::NAN), at(position.lower + 1).unwrap_or(f64::NAN));
    let quantile = if position.share == 0.0 { lower } else { lower + position.share * (upper - lower) };
    let beyond: Vec<usize> = worst
        .iter()
        .copied()
        .take_while(|scenario| profits.get(*scenario).is_some_and(|one| *one <= quantile))
        .collect();
    let shortfall = -mean(beyond.iter().filter_map(|scenario| profits.get(*scenario).copied()));
    let near: Vec<usize> = worst
        .iter()
        .copied()
        .take(position.lower + 1 + usize::from(position.share > 0.0) + around)
        .skip(position.lower.saturating_sub(around))
        .collect();
    let parts_of = |scenarios: &[usize]| -> Vec<f64> {
        (0..factors).map(|factor| -mean(scenarios.iter().map(|scenario| part(*scenario, factor)))).collect()
    };
    let steps = (at(position.lower.saturating_sub(spread)), at(position.lower + spread));
    let error = (steps.1.unwrap_or(f64::NAN) - steps.0.unwrap_or(f64::NAN)) / 2.0;
    let excess =
        mean(beyond.iter().filter_map(|one| profits.get(*one)).map(|one| (one + shortfall) * (one + shortfall)));
    let bias = question.confidence * (shortfall + quantile) * (shortfall + quantile);
    Ok(Raw {
        value_at_risk: -quantile,
        expected_shortfall: shortfall,
        parts: adding_up(parts_of(&near), -quantile),
        shortfall_parts: adding_up(parts_of(&beyond), shortfall),
        errors: Some((error, libm::sqrt((excess + bias) / beyond.len().max(1) as f64))),
        observations: count,
        repaired: None,
    })
}

/// The scenarios of the `count` smallest profits in order, the earlier scenario first where they are equal.
fn worst(profits: &[f64], count: usize) -> Vec<usize> {
    let value = |scenario: &usize| profits.get(*scenario).copied().unwrap_or(f64::INFINITY);
    let order = |left: &usize, right: &usize| value(left).total_cmp(&value(right)).then(left.cmp(right));
    let mut scenarios: Vec<usize> = (0..profits.len()).collect();
    if count < scenarios.len() {
        scenarios.select_nth_unstable_by(count, order);
        scenarios.truncate(count);
    }
    scenarios.sort_unstable_by(order);
    scenarios
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0_usize), |(sum, count), value| (sum + value, count + 1));
    if count == 0 { 0.0 } else { sum / count as f64 }
}

/// Scales parts to the total. Where they nearly cancel out, a scale would blow them up: then each takes of what is missing
/// as much as its size.
fn adding_up(mut parts: Vec<f64>, total: f64) -> Vec<f64> {
    let sum = parts.iter().sum::<f64>();
    let sizes = parts.iter().map(|part| part.abs()).sum::<f64>();
    if sum.abs() > sizes / 4.0 {
        parts.iter_mut().for_each(|part| *part *= total / sum);
    } else if sizes > 0.0 {
        parts.iter_mut().for_each(|part| *part += (total - sum) * part.abs() / sizes);
    }
    parts
}
