//! Counters, gauges and histograms, kept in memory and rendered as text for a scraper.

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use super::TelemetryError;

/// Seconds. From a cached read to the longest deadline; fixed, because changing them breaks every dashboard.
const SECONDS: &[f64] = &[0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Items in one commit, page or batch.
const COUNTS: &[f64] = &[1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0, 2_000.0, 5_000.0, 10_000.0];

#[derive(Clone, Debug)]
pub struct Metrics {
    handle: PrometheusHandle,
}

impl Metrics {
    /// Makes this the recorder of the `metrics` macros in the whole process.
    pub fn install() -> Result<Metrics, TelemetryError> {
        let recorder = builder()?.build_recorder();
        let handle = recorder.handle();
        ::metrics::set_global_recorder(recorder).map_err(|_| TelemetryError::Twice)?;
        super::metric::METRICS.iter().for_each(super::Metric::describe);
        Ok(Metrics { handle })
    }

    /// Renders and records nothing: for servers that are started many times in one process.
    pub fn detached() -> Metrics {
        Metrics { handle: PrometheusBuilder::new().build_recorder().handle() }
    }

    /// The text of the Prometheus exposition format.
    pub fn render(&self) -> String {
        self.handle.render()
    }

    /// Drains what histograms have collected; without this and without a scraper they would grow.
    pub fn fold(&self) {
        self.handle.run_upkeep();
    }
}

fn builder() -> Result<PrometheusBuilder, TelemetryError> {
    let wrong = |_| TelemetryError::Twice;
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)
        .map_err(wrong)?
        .set_buckets_for_metric(Matcher::Suffix("_rows".to_owned()), COUNTS)
        .map_err(wrong)
}
