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
    Metric::counter("cards_legacy_decisions_total", &["status"], "payments that an old system was asked about"),
    Metric::counter(
        "cards_legacy_moves_total",
        &["to", "outcome"],
        "attempts to move an account between an old system and this one",
    ),
    Metric::histogram("cards_gathered_size", &["service"], "questions sent to another service in one call")
        .in_unit("questions"),
    Metric::histogram(
        "cards_stage_duration_seconds",
        &["stage"],
        "time of a decision's stages: find, intent, risk, hold, outcome",
    ),
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

pub(crate) fn gathered(service: &'static str, questions: usize) {
    let questions = u32::try_from(questions).unwrap_or(u32::MAX);
    metrics::histogram!("cards_gathered_size", "service" => service).record(questions);
}

/// Waits for one stage of a decision, and measures it.
pub(crate) async fn timed<T>(clock: &dyn Clock, stage: &'static str, work: impl Future<Output = T>) -> T {
    let begun = clock.monotonic();
    let done = work.await;
    let passed = std::time::Duration::from_micros(clock.monotonic().micros_since(begun));
    metrics::histogram!("cards_stage_duration_seconds", "stage" => stage).record(passed);
    done
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

/// An old system was asked; it may have been away.
pub(crate) fn passed(reason: Reason) {
    let status = match reason {
        Reason::LegacyAway => "away",
        reason if reason.is_approval() => "approved",
        _ => "declined",
    };
    metrics::counter!("cards_legacy_decisions_total", "status" => status).increment(1);
}

pub(crate) fn account_moved(to: &'static str, outcome: &'static str) {
    metrics::counter!("cards_legacy_moves_total", "to" => to, "outcome" => outcome).increment(1);
}

/// Authorizations and steps that the sweeper finished.
pub(crate) fn swept(what: &'static str) {
    metrics::counter!("cards_swept_total", "what" => what).increment(1);
}
