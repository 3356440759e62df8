//! Chance that repeats itself.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

#[derive(Debug)]
pub(super) struct Dice(StdRng);

impl Dice {
    /// Each part of a run has its own, so that a change in one leaves the others as they are.
    pub(super) fn new(seed: u64, part: u64) -> Dice {
        Dice(StdRng::seed_from_u64(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(part)))
    }

    /// From 0 to below 1.
    pub(super) fn share(&mut self) -> f64 {
        self.0.random::<f64>()
    }

    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.share() < probability
    }

    /// From 0 to below `end`; 0 where that is 0.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        if end == 0 { 0 } else { self.0.random_range(0..end) }
    }

    pub(super) fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).unwrap_or_default()
    }

    /// From `start` to `end`, both included.
    pub(super) fn between(&mut self, start: u64, end: u64) -> u64 {
        start + self.below(end - start + 1)
    }

    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.index(from.len()))
    }

    /// The first of the list most often, as habits are.
    pub(super) fn habit<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let skewed = self.share().powi(2);
        from.get((skewed * from.len() as f64) as usize)
    }

    /// Of a normal distribution, by Box and Muller.
    pub(super) fn normal(&mut self) -> f64 {
        let (radius, angle) = ((1.0 - self.share()).ln(), std::f64::consts::TAU * self.share());
        (-2.0 * radius).sqrt() * angle.cos()
    }

    /// Around 1, never below 0, and now and then far above.
    pub(super) fn long_tailed(&mut self, spread: f64) -> f64 {
        (spread * self.normal()).exp()
    }

    /// How often something happens that happens `mean` times.
    pub(super) fn count(&mut self, mean: f64) -> u64 {
        let (limit, mut product, mut count) = ((-mean).exp(), self.share(), 0);
        while product > limit && count < 1_000 {
            product *= self.share();
            count += 1;
        }
        count
    }
}
