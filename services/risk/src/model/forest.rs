//! Trees in a row of nodes, and how a subject falls through them.

use super::{Scored, Scorer};
use crate::features::Row;

/// Contributions that are told.
const CONTRIBUTIONS_MAX: usize = 16;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Forest {
    /// Places in the catalogue, by the number that nodes use.
    pub(crate) places: Vec<usize>,
    /// Log odds before the first tree.
    pub(crate) base: f64,
    pub(crate) trees: Vec<Vec<Node>>,
}

/// One node. Children stand after their parent, so that every way ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Node {
    /// Its value if it were a leaf; the difference to its parent is the contribution of a step.
    pub(crate) weight: f32,
    pub(crate) fork: Option<Fork>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Fork {
    /// Number of a feature in `places`.
    pub(crate) feature: u16,
    /// Below it to the left.
    pub(crate) threshold: f64,
    pub(crate) left: u16,
    pub(crate) right: u16,
    /// The child for a missing value.
    pub(crate) missing: u16,
}

impl Forest {
    /// Log odds, and each feature's part of them in the order of `places`.
    fn fall(&self, values: &[f64], parts: &mut [f64]) -> f64 {
        let mut sum = self.base;
        for tree in &self.trees {
            let mut node = tree.first();
            while let Some(Node { weight, fork: Some(fork) }) = node {
                let value = values.get(usize::from(fork.feature)).copied().unwrap_or(f64::NAN);
                let next = if value.is_nan() {
                    fork.missing
                } else if value < fork.threshold {
                    fork.left
                } else {
                    fork.right
                };
                let child = tree.get(usize::from(next));
                if let (Some(child), Some(part)) = (child, parts.get_mut(usize::from(fork.feature))) {
                    *part += f64::from(child.weight) - f64::from(*weight);
                }
                node = child;
            }
            sum += node.map_or(0.0, |leaf| f64::from(leaf.weight));
        }
        sum
    }

    /// `values` are those of its features, in the order of `places`.
    pub(crate) fn probability(&self, values: &[f64]) -> f64 {
        sigmoid(self.fall(values, &mut []))
    }

    /// Features by how much of the trees' weight they move, over the given rows.
    pub(crate) fn importance(&self, rows: impl Iterator<Item = Vec<f64>>) -> Vec<(usize, f64)> {
        let mut sums = vec![0.0; self.places.len()];
        let mut count = 0_u32;
        for values in rows {
            let mut parts = vec![0.0; self.places.len()];
            self.fall(&values, &mut parts);
            sums.iter_mut().zip(parts).for_each(|(sum, part)| *sum += part.abs());
            count += 1;
        }
        let mean = |sum: f64| sum / f64::from(count.max(1));
        let mut importance: Vec<_> = self.places.iter().copied().zip(sums.into_iter().map(mean)).collect();
        importance.sort_by(|one, other| other.1.total_cmp(&one.1));
        importance
    }
}

impl Scorer for Forest {
    fn score(&self, row: &Row) -> Scored {
        let values: Vec<f64> = self.places.iter().map(|place| row.get(*place).unwrap_or(f64::NAN)).collect();
        let mut parts = vec![0.0; self.places.len()];
        let odds = self.fall(&values, &mut parts);
        let moved = self.places.iter().copied().zip(parts).filter(|(_, part)| part.abs() > 1e-6);
        let mut contributions: Vec<_> = moved.collect();
        contributions.sort_by(|one, other| other.1.abs().total_cmp(&one.1.abs()));
        contributions.truncate(CONTRIBUTIONS_MAX);
        Scored { probability: sigmoid(odds), contributions }
    }
}

pub(super) fn sigmoid(odds: f64) -> f64 {
    1.0 / (1.0 + (-odds).exp())
}
