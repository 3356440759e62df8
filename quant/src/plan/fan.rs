//! Quantiles of wealth by year, from counts in narrow buckets: the same whatever the threads, and in little memory whatever
//! the paths. Within a bucket, a 256th of a power of two wide, wealth is taken as even; a single path is exact.

use serde::{Deserialize, Serialize};

use kernel::Money;

pub const FAN_LEVELS: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

const BITS: u32 = 8;
const SHIFT: u32 = 52 - BITS;
/// The bucket of 1, the smallest unit.
const FIRST: u64 = 1_023 << BITS;
/// From 1 to 2^60 units, beyond which all is one bucket.
const BUCKETS: usize = 60 << BITS;

/// Wealth at the end of a year: P5, P25, P50, P75 and P95 of the paths that did not end before, those that failed with 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FanYear {
    pub year: usize,
    /// In the money of the plan's first day, and in that year's.
    pub real: [Money; 5],
    pub nominal: [Money; 5],
    pub paths: u32,
}

#[derive(Debug, Clone)]
pub(super) struct Counts {
    none: u32,
    buckets: Vec<u32>,
    /// The least and the most of what was counted in buckets.
    least: f64,
    most: f64,
}

impl Counts {
    pub(super) fn new() -> Counts {
        Counts { none: 0, buckets: vec![0; BUCKETS], least: f64::INFINITY, most: 0.0 }
    }

    #[inline(always)]
    pub(super) fn add(&mut self, wealth: f64) {
        let place = (wealth.to_bits() >> SHIFT).wrapping_sub(FIRST);
        if wealth < 1.0 {
            self.none += 1;
        } else if let Some(count) = self.buckets.get_mut((place as usize).min(BUCKETS - 1)) {
            *count += 1;
            self.least = self.least.min(wealth);
            self.most = self.most.max(wealth);
        }
    }

    pub(super) fn merge(&mut self, other: &Counts) {
        self.none += other.none;
        self.least = self.least.min(other.least);
        self.most = self.most.max(other.most);
        self.buckets.iter_mut().zip(&other.buckets).for_each(|(sum, one)| *sum += one);
    }

    pub(super) fn total(&self) -> u32 {
        self.none + self.buckets.iter().sum::<u32>()
    }

    /// The quantiles at the levels of the fan.
    pub(super) fn levels(&self) -> [f64; 5] {
        let total = f64::from(self.total());
        FAN_LEVELS.map(|level| self.at((total - 1.0).max(0.0) * level))
    }

    /// The value at a rank, counted from 0.
    fn at(&self, rank: f64) -> f64 {
        let mut before = f64::from(self.none);
        if rank < before {
            return 0.0;
        }
        let edge = |place: usize| f64::from_bits((FIRST + place as u64) << SHIFT);
        for (place, count) in self.buckets.iter().enumerate().filter(|(_, count)| **count > 0) {
            let count = f64::from(*count);
            if rank < before + count {
                let part = (rank - before + 0.5) / count;
                let value = edge(place) + part.min(1.0) * (edge(place + 1) - edge(place));
                return value.max(self.least).min(self.most);
            }
            before += count;
        }
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_counts_are_within_half_a_percent() {
        let mut counts = Counts::new();
        (1..=100_001).for_each(|value| counts.add(f64::from(value) * 37.0));
        for (found, level) in counts.levels().iter().zip(FAN_LEVELS) {
            let exact = (1.0 + 100_000.0 * level) * 37.0;
            assert!((found / exact - 1.0).abs() < 0.005, "{found} {exact}");
        }
    }

    #[test]
    fn nothing_and_everything_have_buckets() {
        let mut counts = Counts::new();
        [0.0, 0.5, -3.0, 1.0, 1e300].into_iter().for_each(|value| counts.add(value));
        assert_eq!((counts.none, counts.total()), (3, 5));
    }
}
