//! Throughput over time: the measured time in equal slices, and the longest time without a reply.

use std::sync::atomic::{AtomicU64, Ordering};

use kernel::Monotonic;

/// Few enough to print, and a multiple of three.
pub(super) const SLICES: u64 = 60;

/// Filled by all callers.
pub(super) struct Series {
    slice_us: u64,
    start: AtomicU64,
    last: AtomicU64,
    gap: AtomicU64,
    counts: Vec<AtomicU64>,
}

#[derive(Debug, Clone)]
pub(super) struct Slices {
    pub slice_us: u64,
    /// Transfers in each.
    pub counts: Vec<u64>,
    pub longest_gap_us: u64,
}

impl Series {
    pub(super) fn new(measure_ms: u64) -> Series {
        let counts = (0..SLICES).map(|_| AtomicU64::new(0)).collect();
        let slice_us = (measure_ms * 1_000 / SLICES).max(1);
        Series { slice_us, start: AtomicU64::new(0), last: AtomicU64::new(0), gap: AtomicU64::new(0), counts }
    }

    pub(super) fn begin(&self, now: Monotonic) {
        self.start.store(now.micros(), Ordering::Relaxed);
        self.last.store(now.micros(), Ordering::Relaxed);
    }

    /// Replies between the last slice and the stop are in the run's figure, but in no slice.
    pub(super) fn add(&self, now: Monotonic, transfers: u64) {
        self.heard(now);
        let place = now.micros().saturating_sub(self.start.load(Ordering::Relaxed)) / self.slice_us;
        if let Some(count) = usize::try_from(place).ok().and_then(|place| self.counts.get(place)) {
            count.fetch_add(transfers, Ordering::Relaxed);
        }
    }

    pub(super) fn end(&self, now: Monotonic) -> Slices {
        self.heard(now);
        let counts = self.counts.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        Slices { slice_us: self.slice_us, counts, longest_gap_us: self.gap.load(Ordering::Relaxed) }
    }

    fn heard(&self, now: Monotonic) {
        let before = self.last.fetch_max(now.micros(), Ordering::Relaxed);
        self.gap.fetch_max(now.micros().saturating_sub(before), Ordering::Relaxed);
    }
}

impl Slices {
    pub(super) fn per_second(&self) -> Vec<f64> {
        self.counts.iter().map(|count| *count as f64 * 1e6 / self.slice_us as f64).collect()
    }

    /// The last third in percent of the first one.
    pub(super) fn steadiness(&self) -> f64 {
        let third = self.counts.len() / 3;
        let sum = |counts: &mut dyn Iterator<Item = &u64>| counts.sum::<u64>() as f64;
        let first = sum(&mut self.counts.iter().take(third));
        let last = sum(&mut self.counts.iter().rev().take(third));
        last * 100.0 / first.max(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: u64) -> Monotonic {
        Monotonic::from_micros(micros)
    }

    #[test]
    fn slices_count_replies_and_the_longest_gap_has_none() {
        let series = Series::new(60);
        series.begin(at(5_000));
        series.add(at(5_999), 10);
        series.add(at(6_000), 20);
        series.add(at(64_999), 40);
        series.add(at(65_000), 80);
        let slices = series.end(at(66_000));
        assert_eq!((slices.slice_us, slices.counts[0], slices.counts[1], slices.counts[59]), (1_000, 10, 20, 40));
        assert_eq!(slices.counts.iter().sum::<u64>(), 70);
        assert_eq!(slices.longest_gap_us, 58_999);
        assert_eq!(slices.per_second()[1], 20_000.0);
    }

    #[test]
    fn an_end_without_replies_is_a_gap() {
        let series = Series::new(60);
        series.begin(at(0));
        series.add(at(1_000), 1);
        assert_eq!(series.end(at(60_000)).longest_gap_us, 59_000);
    }

    #[test]
    fn steadiness_compares_the_last_third_with_the_first() {
        let counts = (0..60).map(|place| if place < 20 { 100 } else { 80 }).collect();
        let slices = Slices { slice_us: 1, counts, longest_gap_us: 0 };
        assert!((slices.steadiness() - 80.0).abs() < 1e-9);
    }
}
