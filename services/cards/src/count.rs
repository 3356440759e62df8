//! Metrics of cards.

use kernel::{Clock, Money, Monotonic};
use platform::telemetry::{Metric, amount_category};

use crate::reason::Reason;

pub(crate) const METRICS: &[Metric] = &[
    Metric::counter(
        "payment_transactions_total",
        &["status", "amount_category"],
        "payments that ended, by card or between accounts",
    ),
    Metric::histogram("payment_processing_duration_seconds", &["rail"], "time from a payment's request to its answer"),
    Metric::counter("cards_balance_inquiries_total", &["status"], "balance inquiries"),
    Metric::counter("cards_without_risk_total", &["why", "outcome"], "decisions in which risk did not take part"),
    Metric::counter("cards_swept_total", &["what"], "authorizations and steps that were left behind and finished"),
    Metric::histogram("cards_gathered_size", &[], "questions sent to another service in one call").in_unit("questions"),
    Metric::counter("iso8583_messages_total", &["class", "code"], "messages of card networks"),
    Metric::counter("iso8583_unreadable_total", &[], "messages of card networks that could not be read"),
];

/// A decision. A decline is `declined` and never `failed`: alert rules on failures must not ring for it.
pub(crate) fn decided(outcome: &'static str, amount: Option<Money>) {
    let category = amount.map_or("unknown", amount_category);
    metrics::counter!("payment_transactions_total", "status" => outcome, "amount_category" => category).increment(1);
}

pub(crate) fn inquired(reason: Reason) {
    let status = if reason.is_approval() { "answered" } else { "declined" };
    metrics::counter!("cards_balance_inquiries_total", "status" => status).increment(1);
}

/// From the request to its answer.
pub(crate) fn took(clock: &dyn Clock, begun: Monotonic) {
    let passed = std::time::Duration::from_micros(clock.monotonic().micros_since(begun));
    metrics::histogram!("payment_processing_duration_seconds", "rail" => "card").record(passed);
}

/// Risk did not take part in a decision.
pub(crate) fn without_risk(why: &'static str, outcome: &'static str) {
    metrics::counter!("cards_without_risk_total", "why" => why, "outcome" => outcome).increment(1);
}

/// Authorizations and steps that the sweeper finished.
pub(crate) fn swept(what: &'static str) {
    metrics::counter!("cards_swept_total", "what" => what).increment(1);
}
