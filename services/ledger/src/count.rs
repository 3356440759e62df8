//! `ledger_transactions_total`: operations and their outcomes, both from closed lists; and `transactions_per_second`, by
//! which autoscalers size what calls the ledger.

use std::sync::atomic::{AtomicU64, Ordering};

use kernel::Monotonic;
use ledger_api::{LedgerError, LineOutcome, Operation, Transaction, WantedStatus};
use platform::telemetry::Metric;

pub(crate) const METRICS: &[Metric] = &[
    Metric::counter("ledger_transactions_total", &["kind", "outcome"], "operations of the ledger"),
    Metric::gauge("transactions_per_second", &[], "ledger transactions committed per second"),
];

/// An operation's kind, as a label.
pub(crate) fn kind(operation: &Operation) -> &'static str {
    match operation {
        Operation::Create(create) if create.scheduled => "scheduled",
        Operation::Create(create) if create.status == WantedStatus::Pending => "pending",
        Operation::Create(_) => "posted",
        Operation::Post(_) => "post",
        Operation::Void(_) => "void",
        Operation::Increase(_) => "increase",
        Operation::Reverse(_) => "reversal",
        Operation::Cancel(_) => "cancellation",
    }
}

/// Transactions that this process recorded in a book since its start.
#[derive(Debug, Default)]
pub(crate) struct Recorded(AtomicU64);

impl Recorded {
    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn one(&self, kind: &'static str, outcome: Result<&Transaction, &LedgerError>) {
        let outcome = match outcome {
            Ok(transaction) if transaction.dry_run => return,
            Ok(transaction) if transaction.replayed => "replayed",
            Ok(_) => {
                self.0.fetch_add(1, Ordering::Relaxed);
                "recorded"
            }
            Err(error) => error.code(),
        };
        metrics::counter!("ledger_transactions_total", "kind" => kind, "outcome" => outcome).increment(1);
    }

    pub(crate) fn lines(&self, kinds: Vec<&'static str>, lines: &[LineOutcome]) {
        for (kind, line) in kinds.into_iter().zip(lines) {
            match line {
                LineOutcome::Done(transaction) => self.one(kind, Ok(transaction)),
                LineOutcome::Failed(error) => self.one(kind, Err(error)),
            }
        }
    }
}

/// The rate between two looks.
#[derive(Debug)]
pub(crate) struct Rate {
    count: u64,
    at: Monotonic,
}

impl Rate {
    pub(crate) fn from(at: Monotonic) -> Rate {
        Rate { count: 0, at }
    }

    pub(crate) fn tell(&mut self, count: u64, at: Monotonic) {
        metrics::gauge!("transactions_per_second").set(self.turn(count, at));
    }

    /// A book that was closed takes its count along.
    fn turn(&mut self, count: u64, at: Monotonic) -> f64 {
        let seconds = at.micros_since(self.at) as f64 / 1e6;
        let rate = if seconds > 0.0 { count.saturating_sub(self.count) as f64 / seconds } else { 0.0 };
        *self = Rate { count, at };
        rate
    }
}

#[cfg(test)]
mod tests {
    use kernel::Clock;
    use testkit::FakeClock;

    use super::*;

    #[test]
    fn the_rate_is_of_the_time_since_the_last_look() {
        let clock = FakeClock::default();
        let mut rate = Rate::from(clock.monotonic());
        clock.advance_millis(5_000);
        assert_eq!(rate.turn(1_000, clock.monotonic()), 200.0);
        assert_eq!(rate.turn(2_000, clock.monotonic()), 0.0);
        clock.advance_millis(500);
        assert_eq!(rate.turn(2_050, clock.monotonic()), 100.0);
        clock.advance_millis(500);
        assert_eq!(rate.turn(0, clock.monotonic()), 0.0);
    }
}
