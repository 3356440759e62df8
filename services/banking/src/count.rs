//! `bank_transactions_total` and `bank_import_refused_total`. Labels come from closed lists: formats, outcomes, reasons.

use banking_api::Counts;
use platform::telemetry::Metric;

pub(crate) const METRICS: &[Metric] = &[
    Metric::counter("bank_transactions_total", &["format", "outcome"], "entries of banks"),
    Metric::counter("bank_import_refused_total", &["format", "reason"], "refused files"),
    Metric::counter("bank_sync_total", &["bank", "outcome"], "rounds of connections to banks"),
    Metric::gauge("bank_balance_age_seconds", &["bank"], "time since the connection read longest ago was read"),
    Metric::gauge("bank_gaps", &[], "gaps between booked balances, of the first 1,000 accounts"),
];

/// What a committed step added.
pub(crate) fn told(format: Option<&str>, before: &Counts, after: &Counts) {
    let format = label(format);
    for (outcome, before, after) in [
        ("new", before.new, after.new),
        ("known", before.known, after.known),
        ("changed", before.changed, after.changed),
        ("removed", before.removed, after.removed),
        ("possible_duplicate", before.possible_duplicates, after.possible_duplicates),
    ] {
        if after > before {
            let labels = [("format", format.clone()), ("outcome", outcome.to_owned())];
            metrics::counter!("bank_transactions_total", &labels).increment(after - before);
        }
    }
}

pub(crate) fn refused(format: Option<&str>, reason: &str) {
    let labels = [("format", label(format)), ("reason", reason.to_owned())];
    metrics::counter!("bank_import_refused_total", &labels).increment(1);
}

/// Without the version.
fn label(format: Option<&str>) -> String {
    let name = format.unwrap_or("none");
    name.split(['.', ' ']).take(2).collect::<Vec<_>>().join(".").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_has_no_version() {
        for (format, expected) in [(Some("camt.053.001.08"), "camt.053"), (Some("MT940"), "mt940"), (None, "none")] {
            assert_eq!(label(format), expected);
        }
    }
}
