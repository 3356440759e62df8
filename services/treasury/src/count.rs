//! Metrics of treasury.

use platform::telemetry::Metric;

pub(crate) const METRICS: &[Metric] = &[
    Metric::gauge("treasury_stale_accounts", &[], "accounts whose bank has told no balance for too long"),
    Metric::gauge(
        "treasury_models",
        &["state"],
        "forecast models by what became of their training: fitted or fallback",
    ),
    Metric::counter("treasury_sweeps_total", &["outcome"], "sweeps that ended"),
    Metric::gauge("treasury_var_ratio", &[], "the last value at risk of one day as a share of the position"),
    Metric::gauge("treasury_backtest_exceedances", &[], "days of the last back-test that lost more than was told"),
];

pub(crate) fn stale_accounts(count: usize) {
    metrics::gauge!("treasury_stale_accounts").set(count as f64);
}

pub(crate) fn models(fitted: usize, fallback: usize) {
    metrics::gauge!("treasury_models", "state" => "fitted").set(fitted as f64);
    metrics::gauge!("treasury_models", "state" => "fallback").set(fallback as f64);
}

pub(crate) fn sweep_ended(outcome: &'static str) {
    metrics::counter!("treasury_sweeps_total", "outcome" => outcome).increment(1);
}

pub(crate) fn value_at_risk_ratio(ratio: f64) {
    metrics::gauge!("treasury_var_ratio").set(ratio);
}

pub(crate) fn exceedances(count: usize) {
    metrics::gauge!("treasury_backtest_exceedances").set(count as f64);
}
