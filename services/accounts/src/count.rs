//! `transactions_indexed_total` and `accounts_day_accounts_total`. Without labels.

use platform::telemetry::Metric;

pub(crate) const METRICS: &[Metric] = &[
    Metric::counter("transactions_indexed_total", &[], "movements put into the index"),
    Metric::counter("accounts_day_accounts_total", &[], "accounts whose interest of a day has been computed"),
];
