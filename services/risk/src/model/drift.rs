//! The drift of live traffic away from the training data.
//!
//! The population stability index of a feature compares shares of ten bins, cut where training had its tenths, and of what is missing.
//! Above 0.1 a person should look, above 0.2 the model sees another world.

use serde::{Deserialize, Serialize};

const BINS: usize = 10;
/// A share that is never gone below, so that an empty bin does not make everything infinite.
const SHARE_MIN: f64 = 1e-4;

/// Distributions at training: of the score first, then of each feature.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Baseline {
    pub(crate) score: Cut,
    pub(crate) features: Vec<Cut>,
}

/// The edges of bins, and their shares; the last bin counts missing values.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Cut {
    edges: Vec<f64>,
    shares: Vec<f64>,
}

/// Counts of one cut's bins since some time.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Seen(Vec<u64>);

impl Cut {
    pub(crate) fn of(values: &[f64]) -> Cut {
        let mut sorted: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
        sorted.sort_by(f64::total_cmp);
        let mut edges: Vec<f64> =
            (1..BINS).filter_map(|tenth| sorted.get(sorted.len() * tenth / BINS).copied()).collect();
        edges.dedup();
        let mut cut = Cut { edges, shares: Vec::new() };
        let mut seen = Seen::default();
        values.iter().for_each(|value| seen.add(&cut, *value));
        cut.shares = seen.shares();
        cut
    }

    fn bin(&self, value: f64) -> usize {
        if value.is_nan() { self.edges.len() + 1 } else { self.edges.partition_point(|edge| *edge <= value) }
    }

    fn is_sound(&self) -> bool {
        let finite = self.edges.iter().chain(&self.shares).all(|number| number.is_finite());
        finite && self.edges.len() < BINS && self.shares.len() == self.edges.len() + 2
    }

    /// The index of what was seen since; nothing until a thousand were.
    pub(crate) fn psi(&self, seen: &Seen) -> Option<f64> {
        if seen.0.iter().sum::<u64>() < 1_000 {
            return None;
        }
        let part = |(then, now): (&f64, f64)| {
            let (then, now) = (then.max(SHARE_MIN), now.max(SHARE_MIN));
            (now - then) * (now / then).ln()
        };
        Some(self.shares.iter().zip(seen.shares()).map(part).sum())
    }
}

impl Seen {
    pub(crate) fn add(&mut self, cut: &Cut, value: f64) {
        if self.0.is_empty() {
            self.0 = vec![0; cut.edges.len() + 2];
        }
        if let Some(count) = self.0.get_mut(cut.bin(value)) {
            *count += 1;
        }
    }

    fn shares(&self) -> Vec<f64> {
        let total = self.0.iter().sum::<u64>().max(1) as f64;
        self.0.iter().map(|count| *count as f64 / total).collect()
    }
}

impl Baseline {
    pub(crate) fn is_sound(&self, features: usize) -> bool {
        self.features.len() == features && self.score.is_sound() && self.features.iter().all(Cut::is_sound)
    }
}
