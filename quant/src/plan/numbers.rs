//! A step's prices and growth for the paths of a chunk, column by column.

use super::Timing;
use super::lanes::{Four, LANES, ONE, four};
use super::market::Ticks;
use super::script::StepScript;
use super::step::Tick;

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
            column.resize(paths.next_multiple_of(LANES), 1.0);
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

    /// The numbers of four paths.
    #[inline(always)]
    pub(super) fn of<const CLASSES: usize>(&self, group: usize, timing: Timing, ticks: &Ticks) -> Tick<CLASSES> {
        let before = four(&self.before, group);
        let prices = if timing == Timing::Start { before } else { four(&self.after, group) };
        let mut growth: [Four; CLASSES] = [ONE; CLASSES];
        match growth.as_mut_slice() {
            [all] => *all = four(&self.total, group),
            classes => {
                let columns = classes.iter_mut().zip(&ticks.growth);
                columns.for_each(|(slot, column)| *slot = four(column, group));
            }
        }
        Tick { growth, prices, before }
    }

    /// After a step, its end is the next one's start.
    pub(super) fn turn(&mut self) {
        std::mem::swap(&mut self.before, &mut self.after);
    }
}
