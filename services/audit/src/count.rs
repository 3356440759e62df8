//! Metrics. Labels come from closed lists: classes, and the rooms that are read.

use platform::telemetry::Metric;

use crate::entry::Draft;

pub(crate) const METRICS: &[Metric] = &[
    Metric::counter("audit_entries_total", &["class"], "entries added to the log"),
    Metric::counter("audit_unknown_total", &[], "entries whose type has no row in the catalogue"),
    Metric::counter(
        "audit_log_delivery_failures_total",
        &["source"],
        "failed deliveries to the log, parked events included; each rise needs a look",
    ),
    Metric::gauge("audit_lag_seconds", &["source"], "from the last recorded fact to its entry"),
    Metric::gauge("audit_tree_size", &[], "entries of the log"),
    Metric::gauge(
        "audit_checkpoint_age_seconds",
        &[],
        "since the last entry that no signed head covers; 0 if there is none",
    ),
];

pub(crate) fn added(draft: &Draft) {
    let class: &'static str = draft.kind.class.into();
    metrics::counter!("audit_entries_total", "class" => class).increment(1);
    if draft.is_unknown() {
        metrics::counter!("audit_unknown_total").increment(1);
    }
}

/// From the start, so that a first failure is a rise.
pub(crate) fn begin(source: &'static str) {
    metrics::counter!("audit_log_delivery_failures_total", "source" => source).increment(0);
}

pub(crate) fn failed(source: &'static str) {
    metrics::counter!("audit_log_delivery_failures_total", "source" => source).increment(1);
}

pub(crate) fn lag(source: &'static str, seconds: f64) {
    metrics::gauge!("audit_lag_seconds", "source" => source).set(seconds);
}

pub(crate) fn grown(size: u64, unsigned_s: f64) {
    metrics::gauge!("audit_tree_size").set(size as f64);
    metrics::gauge!("audit_checkpoint_age_seconds").set(unsigned_s);
}
