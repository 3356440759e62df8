//! Quantiles of wealth by year, from counts in narrow buckets: the same whatever the threads, and in little memory whatever
//! the paths. Within a bucket, a 256th of a power of two wide, wealth is taken as even; a single path is exact.

use serde::{Deserialize, Serialize};

use kernel::Money;

use super::lanes::{Four, Mask};

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
    /// First what is less than a unit.
    buckets: Vec<u32>,
    /// The least and the most of what was counted in the other buckets, lane by lane.
    least: Four,
    most: Four,
}

impl Counts {
    pub(super) fn new() -> Counts {
        let (least, most) = (Four::splat(f64::INFINITY), Four::splat(0.0));
        Counts { buckets: vec![0; BUCKETS + 1], least, most }
    }

    /// Counts the lanes that a mask names.
    #[inline(always)]
    pub(super) fn add(&mut self, wealth: Four, counted: Mask) {
        let in_units = wealth.simd_ge(Four::splat(1.0)) & counted;
        self.least = self.least.fast_min(in_units.select(wealth, self.least));
        self.most = self.most.fast_max(wealth & in_units);
        let counted = counted.to_array();
        for (wealth, counted) in wealth.to_array().into_iter().zip(counted) {
            let place = if wealth >= 1.0 { (wealth.to_bits() >> SHIFT) - (FIRST - 1) } else { 0 };
            if let Some(count) = self.buckets.get_mut((place as usize).min(BUCKETS)) {
                *count += u32::from(counted.to_bits() != 0);
            }
        }
    }

    pub(super) fn merge(&mut self, other: &Counts) {
        self.least = self.least.fast_min(other.least);
        self.most = self.most.fast_max(other.most);
        self.buckets.iter_mut().zip(&other.buckets).for_each(|(sum, one)| *sum += one);
    }

    pub(super) fn total(&self) -> u32 {
        self.buckets.iter().sum()
    }

    /// The quantiles at the levels of the fan.
    pub(super) fn levels(&self) -> [f64; 5] {
        let total = f64::from(self.total());
        FAN_LEVELS.map(|level| self.at((total - 1.0).max(0.0) * level))
    }

    /// The value at a rank, counted from 0.
    fn at(&self, rank: f64) -> f64 {
        let edge = |place: usize| f64::from_bits((FIRST - 1 + place as u64) << SHIFT);
        let mut before = 0.0;
        for (place, count) in self.buckets.iter().enumerate().filter(|(_, count)| **count > 0) {
            let count = f64::from(*count);
            if rank < before + count {
                if place == 0 {
                    return 0.0;
                }
                let part = (rank - before + 0.5) / count;
                let value = edge(place) + part.min(1.0) * (edge(place + 1) - edge(place));
                let (least, most) = (self.least.to_array(), self.most.to_array());
                let value = value.max(least.into_iter().fold(f64::INFINITY, f64::min));
                return value.min(most.into_iter().fold(0.0, f64::max));
            }
            before += count;
        }
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::super::lanes::mask;
    use super::*;

    fn counts(values: &[f64]) -> Counts {
        let mut counts = Counts::new();
        values.iter().for_each(|value| counts.add(Four::splat(*value), mask([false, true, false, false])));
        counts
    }

    #[test]
    fn quantiles_of_counts_are_within_half_a_percent() {
        let counts = counts(&(1..=100_001).map(|value| f64::from(value) * 37.0).collect::<Vec<_>>());
        for (found, level) in counts.levels().iter().zip(FAN_LEVELS) {
            let exact = (1.0 + 100_000.0 * level) * 37.0;
            assert!((found / exact - 1.0).abs() < 0.005, "{found} {exact}");
        }
    }

    #[test]
    fn nothing_and_everything_have_buckets() {
        let counts = counts(&[0.0, 0.5, -3.0, 1.0, 1e300]);
        assert_eq!((counts.buckets.first(), counts.buckets.last(), counts.total()), (Some(&3), Some(&1), 5));
    }
}
