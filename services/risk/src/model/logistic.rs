//! Logistic regression on the same features: what a model has to beat.
//!
//! Features are standardised, after a logarithm where they are skewed; what is missing is the mean. Newton's method with a
//! small penalty.

use super::dataset::Dataset;
use super::forest::sigmoid;

const ROUNDS: usize = 12;
const PENALTY: f64 = 1.0;

#[derive(Debug)]
pub(super) struct Logistic {
    scales: Vec<Scale>,
    /// The first is the constant.
    weights: Vec<f64>,
}

#[derive(Debug, Clone, Copy)]
struct Scale {
    is_skewed: bool,
    mean: f64,
    spread: f64,
}

impl Scale {
    fn of(values: &[f64]) -> Scale {
        let is_skewed =
            values.iter().all(|value| value.is_nan() || *value >= 0.0) && values.iter().any(|value| *value > 20.0);
        let raw = Scale { is_skewed, mean: 0.0, spread: 1.0 };
        let present: Vec<f64> = values.iter().filter(|value| !value.is_nan()).map(|value| raw.apply(*value)).collect();
        let count = present.len().max(1) as f64;
        let mean = present.iter().sum::<f64>() / count;
        let variance = present.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
        Scale { is_skewed, mean, spread: if variance > 1e-12 { variance.sqrt() } else { 1.0 } }
    }

    fn apply(self, value: f64) -> f64 {
        if value.is_nan() {
            return 0.0;
        }
        let bent = if self.is_skewed { value.ln_1p() } else { value };
        ((bent - self.mean) / self.spread).clamp(-8.0, 8.0)
    }
}

impl Logistic {
    pub(super) fn fit(data: &Dataset, rows: &[usize]) -> Logistic {
        let labels = data.labels(rows);
        let chosen = |column: &Vec<f64>| -> Vec<f64> {
            rows.iter().map(|row| column.get(*row).copied().unwrap_or(f64::NAN)).collect()
        };
        let scales: Vec<Scale> = data.columns.iter().map(|column| Scale::of(&chosen(column))).collect();
        let mut logistic = Logistic { weights: vec![0.0; scales.len() + 1], scales };
        let inputs: Vec<Vec<f64>> = rows.iter().map(|row| logistic.inputs(data, *row)).collect();
        for _ in 0..ROUNDS {
            let Some(step) = logistic.step(&inputs, &labels) else { break };
            let size: f64 = step.iter().map(|part| part.abs()).sum();
            logistic.weights.iter_mut().zip(step).for_each(|(weight, part)| *weight += part);
            if size < 1e-4 {
                break;
            }
        }
        logistic
    }

    pub(super) fn probability(&self, data: &Dataset, row: usize) -> f64 {
        sigmoid(self.odds(&self.inputs(data, row)))
    }

    fn inputs(&self, data: &Dataset, row: usize) -> Vec<f64> {
        let value = |column: &Vec<f64>| column.get(row).copied().unwrap_or(f64::NAN);
        let scaled = data.columns.iter().zip(&self.scales).map(|(column, scale)| scale.apply(value(column)));
        std::iter::once(1.0).chain(scaled).collect()
    }

    fn odds(&self, inputs: &[f64]) -> f64 {
        self.weights.iter().zip(inputs).map(|(weight, input)| weight * input).sum()
    }

    fn step(&self, inputs: &[Vec<f64>], labels: &[f64]) -> Option<Vec<f64>> {
        let size = self.weights.len();
        let mut gradient: Vec<f64> = self.weights.iter().map(|weight| -PENALTY * weight).collect();
        let mut curvature = vec![vec![0.0; size]; size];
        for (place, row) in curvature.iter_mut().enumerate() {
            if let Some(own) = row.get_mut(place) {
                *own = PENALTY;
            }
        }
        for (input, label) in inputs.iter().zip(labels) {
            let probability = sigmoid(self.odds(input));
            let (error, weight) = (label - probability, (probability * (1.0 - probability)).max(1e-9));
            for ((slope, row), value) in gradient.iter_mut().zip(&mut curvature).zip(input) {
                *slope += error * value;
                let scaled = weight * value;
                row.iter_mut().zip(input).for_each(|(cell, other)| *cell += scaled * other);
            }
        }
        solve(curvature, gradient)
    }
}

/// Gauss with pivots; nothing where the matrix has no inverse.
fn solve(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Option<Vec<f64>> {
    let size = right.len();
    for column in 0..size {
        let pivot = (column..size).max_by(|one, other| {
            let magnitude = |row: &usize| matrix.get(*row).and_then(|row| row.get(column)).map_or(0.0, |it| it.abs());
            magnitude(one).total_cmp(&magnitude(other))
        })?;
        matrix.swap(column, pivot);
        right.swap(column, pivot);
        let (done, rest) = matrix.split_at_mut(column + 1);
        let (own, own_right) = (done.last()?, *right.get(column)?);
        let head = *own.get(column)?;
        if head.abs() < 1e-12 {
            return None;
        }
        for (row, value) in rest.iter_mut().zip(right.iter_mut().skip(column + 1)) {
            let factor = *row.get(column)? / head;
            row.iter_mut().zip(own).skip(column).for_each(|(cell, above)| *cell -= factor * above);
            *value -= factor * own_right;
        }
    }
    let mut solution = vec![0.0; size];
    for place in (0..size).rev() {
        let row = matrix.get(place)?;
        let known: f64 = row.iter().zip(&solution).skip(place + 1).map(|(cell, value)| cell * value).sum();
        *solution.get_mut(place)? = (right.get(place)? - known) / row.get(place)?;
    }
    Some(solution)
}
