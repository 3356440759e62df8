//! `ledger_transactions_total`: operations and their outcomes. Both labels come from closed lists.

use ledger_api::{LedgerError, LineOutcome, Operation, Transaction, WantedStatus};

/// Describes the metrics, once.
pub(crate) fn describe() {
    use metrics::{describe_counter, describe_gauge};
    describe_counter!("ledger_transactions_total", "operations of the ledger, by kind and outcome");
    describe_gauge!("transactions_per_second", "ledger transactions committed per second");
}

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

pub(crate) fn one(kind: &'static str, outcome: Result<&Transaction, &LedgerError>) {
    let outcome = match outcome {
        Ok(transaction) if transaction.dry_run => return,
        Ok(transaction) if transaction.replayed => "replayed",
        Ok(_) => "recorded",
        Err(error) => error.code(),
    };
    metrics::counter!("ledger_transactions_total", "kind" => kind, "outcome" => outcome).increment(1);
}

pub(crate) fn lines(kinds: Vec<&'static str>, lines: &[LineOutcome]) {
    for (kind, line) in kinds.into_iter().zip(lines) {
        match line {
            LineOutcome::Done(transaction) => one(kind, Ok(transaction)),
            LineOutcome::Failed(error) => one(kind, Err(error)),
        }
    }
}
