//! `planning_simulations_total`, `planning_simulation_seconds` and `planning_paths_total`. Labels come from closed lists, and no
//! amount is in them.

use planning_api::{Mode, SimulationError};
use platform::telemetry::Metric;

const SERVICE: &str = "simulation-service";

pub(super) const METRICS: &[Metric] = &[
    Metric::counter("planning_simulations_total", &["service", "mode", "outcome"], "questions about scenarios"),
    Metric::histogram("planning_simulation_seconds", &["service", "mode"], "time of a question on its threads"),
    Metric::counter("planning_paths_total", &["service"], "paths of answered simulations"),
];

pub(super) fn asked<T>(mode: Mode, answer: &Result<T, SimulationError>, micros: u64) {
    let mode: &str = mode.into();
    let outcome = match answer {
        Ok(_) => "answered",
        Err(error) if error.refusal().is_some() => "refused",
        Err(_) => "failed",
    };
    let labels = [("service", SERVICE), ("mode", mode), ("outcome", outcome)];
    metrics::counter!("planning_simulations_total", &labels).increment(1);
    let labels = [("service", SERVICE), ("mode", mode)];
    metrics::histogram!("planning_simulation_seconds", &labels).record(micros as f64 / 1e6);
}

pub(super) fn paths(count: usize) {
    metrics::counter!("planning_paths_total", "service" => SERVICE).increment(count as u64);
}
