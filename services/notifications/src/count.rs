//! Metrics. Labels come from closed lists: channels, outcomes, and providers, which are the relays of the settings and three
//! names of ours.

use std::time::Duration;

use kernel::Timestamp;
use notifications_api::DeliveryState;
use platform::telemetry::Metric;

use crate::channel::Outcome;
use crate::kinds::Kind;
use crate::store::delivery::Delivery;

pub(crate) const METRICS: &[Metric] = &[
    Metric::counter("notification_messages_total", &["category"], "accepted messages"),
    Metric::counter("notification_deliveries_total", &["channel", "provider", "outcome"], "deliveries taken or ended"),
    Metric::counter("notification_unknown_total", &["channel"], "deliveries that may or may not have arrived"),
    Metric::histogram("notification_delivery_seconds", &["channel"], "from being due to the provider's answer"),
    Metric::counter("webhook_attempts_total", &["outcome"], "posts to webhooks"),
    Metric::counter("webhook_endpoints_disabled", &[], "webhooks that were disabled because they failed"),
    Metric::gauge("notification_queue_depth", &["lane"], "deliveries that wait"),
    Metric::gauge("notification_dead", &[], "deliveries that were given up"),
    Metric::gauge("notification_provider_open", &["provider"], "1 while a provider is not asked because it failed"),
];

pub(crate) fn accepted(kind: &Kind) {
    let category: &'static str = kind.category.into();
    metrics::counter!("notification_messages_total", "category" => category).increment(1);
}

/// A delivery that has ended, or was taken.
pub(crate) fn changed(row: &Delivery, provider: &str) {
    if row.state != DeliveryState::Sent && !row.state.is_final() {
        return;
    }
    let (channel, outcome): (&'static str, &'static str) = (row.channel.into(), row.state.into());
    let labels = [("channel", channel.to_owned()), ("provider", provider.to_owned()), ("outcome", outcome.to_owned())];
    metrics::counter!("notification_deliveries_total", &labels).increment(1);
}

pub(crate) fn answered(row: &Delivery, outcome: &Outcome, now: Timestamp) {
    let channel: &'static str = row.channel.into();
    match outcome {
        Outcome::Taken { .. } => {
            let passed = Duration::from_micros(now.micros_since(row.due_at).unsigned_abs());
            metrics::histogram!("notification_delivery_seconds", "channel" => channel).record(passed);
        }
        Outcome::Unknown { .. } => metrics::counter!("notification_unknown_total", "channel" => channel).increment(1),
        _ => {}
    }
}
