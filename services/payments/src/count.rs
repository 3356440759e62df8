//! Metrics of payments.

use crate::face::PaymentState;
use kernel::{Clock, Money, Monotonic};
use platform::telemetry::Metric;

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

/// From this many whole units of the currency on.
const HIGH_FROM: i64 = 10_000;
const MEDIUM_FROM: i64 = 1_000;

/// A payment's end, once.
pub(crate) fn ended(state: PaymentState, amount: Money) {
    metrics::counter!("payment_transactions_total", "status" => state.name(), "amount_category" => category(amount))
        .increment(1);
}

fn category(amount: Money) -> &'static str {
    match amount.minor() / 10_i64.pow(u32::from(amount.currency().scale())) {
        HIGH_FROM.. => "high_value",
        MEDIUM_FROM.. => "medium_value",
        _ => "low_value",
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_categories_by_whole_units() {
        let of = |amount, currency| category(Money::parse(amount, currency).unwrap());
        assert_eq!([of("999.99", "USD"), of("1000.00", "USD")], ["low_value", "medium_value"]);
        assert_eq!([of("9999", "JPY"), of("10000", "JPY")], ["medium_value", "high_value"]);
    }
}
