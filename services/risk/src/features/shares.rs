//! The share of fraud at a merchant or a terminal.
//!
//! Labels come late, and a share that knew them early would be a leak. So a share looks at a window that ends some days before
//! now, at whole hours of it, or at whole quarters of a day for the longer windows.

use super::Turned;
use super::window::{DAY_US, HOUR_US};

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Shares {
    /// For the window of one day.
    pub(super) hours: Tally,
    /// For the windows of 7 and 30 days.
    pub(super) quarters: Tally,
}

const QUARTER_US: i64 = DAY_US / 4;

/// Counts by slots of time: number, events, fraud.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Tally(pub(super) Vec<(i32, u32, u32)>);

impl Shares {
    pub(super) fn count(&mut self, at: i64, newest: i64, delay_us: i64) {
        self.hours.count(at, HOUR_US, newest - delay_us - DAY_US);
        self.quarters.count(at, QUARTER_US, newest - delay_us - 30 * DAY_US);
    }

    pub(super) fn labelled(&mut self, at: i64, turned: Turned) {
        self.hours.labelled(at, HOUR_US, turned);
        self.quarters.labelled(at, QUARTER_US, turned);
    }

    /// Events and fraud in the window that ends at `end`, as far as it was known.
    pub(super) fn known(&self, end: i64, window: i64) -> (u32, u32) {
        if window <= DAY_US {
            self.hours.between(end, window, HOUR_US)
        } else {
            self.quarters.between(end, window, QUARTER_US)
        }
    }

    pub(super) fn bytes(&self) -> usize {
        size_of::<Shares>() + (self.hours.0.capacity() + self.quarters.0.capacity()) * size_of::<(i32, u32, u32)>()
    }
}

fn slot(at: i64, step: i64) -> i32 {
    i32::try_from(at.div_euclid(step)).unwrap_or(i32::MAX)
}

impl Tally {
    /// `oldest`: what ended by then is dropped, and not counted any more.
    fn count(&mut self, at: i64, step: i64, oldest: i64) {
        let is_over = |number: i32| (i64::from(number) + 1) * step <= oldest;
        let over = self.0.partition_point(|(number, ..)| is_over(*number));
        self.0.drain(..over);
        let number = slot(at, step);
        if is_over(number) {
            return;
        }
        match self.0.binary_search_by_key(&number, |(number, ..)| *number) {
            Ok(index) => {
                if let Some((_, count, _)) = self.0.get_mut(index) {
                    *count = count.saturating_add(1);
                }
            }
            Err(index) => self.0.insert(index, (number, 1, 0)),
        }
    }

    fn labelled(&mut self, at: i64, step: i64, turned: Turned) {
        let found = self.0.binary_search_by_key(&slot(at, step), |(number, ..)| *number);
        if let Some((_, count, fraud)) = found.ok().and_then(|index| self.0.get_mut(index)) {
            *fraud = match turned {
                Turned::IntoFraud => fraud.saturating_add(1).min(*count),
                Turned::OutOfFraud => fraud.saturating_sub(1),
            };
        }
    }

    /// Over the slots that end in (end - window, end].
    fn between(&self, end: i64, window: i64, step: i64) -> (u32, u32) {
        let first = end.saturating_sub(window).div_euclid(step);
        let last = end.div_euclid(step) - 1;
        let from = self.0.partition_point(|(number, ..)| i64::from(*number) < first);
        let slots = self.0.get(from..).unwrap_or_default().iter();
        let within = slots.take_while(|(number, ..)| i64::from(*number) <= last);
        within.fold((0, 0), |(counts, frauds), (_, count, fraud)| (counts + count, frauds + fraud))
    }
}
