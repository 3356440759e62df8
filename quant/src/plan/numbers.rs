//! A step's prices and growth for the paths of a chunk, column by column.

use super::Timing;
use super::market::Ticks;
use super::script::StepScript;
use super::step::Tick;
use crate::paths::CHUNK_PATHS;

/// Of each path of a chunk.
#[derive(Default)]
pub(super) struct Numbers {
    /// Prices before the step, and after it.
    pub(super) before: Vec<f64>,
    pub(super) after: Vec<f64>,
    /// The growth of all classes at their weights.
    pub(super) total: Vec<f64>,
}

impl Numbers {
    pub(super) fn begin(&mut self, paths: usize) {
        for column in [&mut self.before, &mut self.after, &mut self.total] {
            column.clear();
            column.resize(paths.min(CHUNK_PATHS), 1.0);
        }
    }

    /// Prices after a step, and the growth of the whole.
    pub(super) fn tick(&mut self, now: &StepScript, ticks: &Ticks) {
        let prices = self.after.iter_mut().zip(&self.before).zip(&ticks.prices);
        prices.for_each(|((after, before), step)| *after = before * step);
        let mut columns = ticks.growth.iter().zip(&now.weights);
        if let Some((column, weight)) = columns.next() {
            self.total.iter_mut().zip(column).for_each(|(total, growth)| *total = weight * growth);
        }
        for (column, weight) in columns {
            self.total.iter_mut().zip(column).for_each(|(total, growth)| *total += weight * growth);
        }
    }

    pub(super) fn of<const CLASSES: usize>(&self, place: usize, timing: Timing, ticks: &Ticks) -> Tick<CLASSES> {
        let prices = if timing == Timing::Start { &self.before } else { &self.after };
        let at = |column: &[f64]| column.get(place).copied().unwrap_or(1.0);
        let (prices, before) = (at(prices), at(&self.before));
        let mut growth = [1.0; CLASSES];
        match growth.as_mut_slice() {
            [all] => *all = at(&self.total),
            classes => {
                for (slot, column) in classes.iter_mut().zip(&ticks.growth) {
                    *slot = at(column);
                }
            }
        }
        Tick { growth, prices, before }
    }

    /// After a step, its end is the next one's start.
    pub(super) fn turn(&mut self) {
        std::mem::swap(&mut self.before, &mut self.after);
    }
}
