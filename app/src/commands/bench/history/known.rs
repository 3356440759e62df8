//! What is known about the long account: every row of it in the order of either clock, and the balance after each.

use ledger_api::{AccountPath, TimeBasis};

/// One row of the long account, in microseconds and smallest units.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub recorded: i64,
    pub effective: i64,
    pub delta: i64,
}

pub(super) struct Known {
    pub path: AccountPath,
    /// Rows of the whole log after the filling.
    pub rows: u64,
    /// The first and the last instant at which the filling wrote.
    pub span: (i64, i64),
    record: Order,
    event: Order,
}

impl Known {
    /// `entries` in record order.
    pub(super) fn new(path: AccountPath, rows: u64, start: i64, base: i64, entries: Vec<Entry>) -> Known {
        let end = entries.last().map_or(start, |entry| entry.recorded);
        let mut by_event = entries.clone();
        // Stable, like the books: rows of one instant stay in log order.
        by_event.sort_by_key(|entry| entry.effective);
        let record = Order::new(base, entries.iter().map(|entry| (entry.recorded, entry.delta)));
        let event = Order::new(base, by_event.iter().map(|entry| (entry.effective, entry.delta)));
        Known { path, rows, span: (start, end), record, event }
    }

    pub(super) fn order(&self, by: TimeBasis) -> &Order {
        match by {
            TimeBasis::Record => &self.record,
            TimeBasis::Event => &self.event,
        }
    }

    /// The balance after all rows.
    pub(super) fn end(&self) -> i64 {
        self.record.balance(self.record.rows.len())
    }
}

pub(super) struct Order {
    base: i64,
    /// Time, change, and the balance after it.
    rows: Vec<(i64, i64, i64)>,
}

impl Order {
    fn new(base: i64, rows: impl Iterator<Item = (i64, i64)>) -> Order {
        let mut balance = base;
        let behind = |(time, delta)| {
            balance += delta;
            (time, delta, balance)
        };
        Order { base, rows: rows.map(behind).collect() }
    }

    /// Rows up to and including an instant.
    pub(super) fn up_to(&self, at: i64) -> usize {
        self.rows.partition_point(|(time, ..)| *time <= at)
    }

    pub(super) fn before(&self, at: i64) -> usize {
        self.rows.partition_point(|(time, ..)| *time < at)
    }

    /// After that many rows.
    pub(super) fn balance(&self, rows: usize) -> i64 {
        rows.checked_sub(1).and_then(|last| self.rows.get(last)).map_or(self.base, |(.., balance)| *balance)
    }

    /// Times and changes from a position on.
    pub(super) fn from(&self, place: usize) -> impl Iterator<Item = (i64, i64)> + '_ {
        self.rows.iter().skip(place).map(|(time, delta, _)| (*time, *delta))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_row_has_two_instants() {
        let entry = |recorded, effective, delta| Entry { recorded, effective, delta };
        let entries = vec![entry(10, 10, 5), entry(20, 20, 7), entry(30, 10, 100), entry(40, 40, -2)];
        let known = Known::new("a".parse().unwrap(), 4, 5, 1_000, entries);
        let at = |by, at| known.order(by).balance(known.order(by).up_to(at));
        let by_record = [9, 10, 29, 30, 40].map(|instant| at(TimeBasis::Record, instant));
        let by_event = [9, 10, 29, 30, 40].map(|instant| at(TimeBasis::Event, instant));
        assert_eq!(by_record, [1_000, 1_005, 1_012, 1_112, 1_110]);
        assert_eq!(by_event, [1_000, 1_105, 1_112, 1_112, 1_110]);
        assert_eq!(known.order(TimeBasis::Event).before(10), 0);
        assert_eq!(known.order(TimeBasis::Event).from(0).nth(1), Some((10, 100)));
        assert_eq!((known.end(), known.span), (1_110, (5, 40)));
    }
}
