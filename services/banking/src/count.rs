//! `bank_transactions_total` and `bank_import_refused_total`. Labels come from closed lists: formats, outcomes, reasons.

use banking_api::Counts;

/// Describes the metrics, once.
pub(crate) fn describe() {
    use metrics::describe_counter;
    describe_counter!("bank_transactions_total", "entries of banks, by format and outcome");
    describe_counter!("bank_import_refused_total", "refused files, by format and reason");
}

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
