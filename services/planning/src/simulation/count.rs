//! `planning_simulations_total`, `planning_simulation_seconds` and `planning_paths_total`. Labels come from closed lists, and no
//! amount is in them.

use planning_api::{Mode, SimulationError};

const SERVICE: &str = "simulation-service";

/// Describes the metrics, once.
pub(super) fn describe() {
    use metrics::{describe_counter, describe_histogram};
    describe_counter!("planning_simulations_total", "questions about scenarios, by mode and outcome");
    describe_histogram!("planning_simulation_seconds", "time of a question on its threads, by mode");
    describe_counter!("planning_paths_total", "paths of answered simulations");
}

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
