//! Metrics of payments.

use kernel::{Clock, Money, Monotonic};
use platform::telemetry::{Metric, amount_category};

use crate::face::PaymentState;

/// The first two are also those of cards.
pub(crate) const METRICS: &[Metric] = &[
    Metric::counter(
        "payment_transactions_total",
        &["status", "amount_category"],
        "payments that ended, by card or between accounts",
    ),
    Metric::histogram("payment_processing_duration_seconds", &["rail"], "time from a payment's request to its answer"),
    Metric::counter("payments_swept_total", &["what"], "payments that were left behind and continued or ended"),
];

/// A payment's end, once.
pub(crate) fn ended(state: PaymentState, amount: Money) {
    metrics::counter!("payment_transactions_total", "status" => state.name(), "amount_category" => amount_category(amount))
        .increment(1);
}

/// From the command to its answer.
pub(crate) fn took(clock: &dyn Clock, begun: Monotonic) {
    let passed = std::time::Duration::from_micros(clock.monotonic().micros_since(begun));
    metrics::histogram!("payment_processing_duration_seconds", "rail" => "internal").record(passed);
}

/// Payments that the sweeper continued or ended.
pub(crate) fn swept(what: &'static str) {
    metrics::counter!("payments_swept_total", "what" => what).increment(1);
}
