//! Metrics and log lines of answered requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::response::Response;
use http::{Method, StatusCode};
use metrics::SharedString;

use super::problem::Problem;

/// Identifies one request in metrics, log and trace.
#[derive(Debug, Clone)]
pub(super) struct Observed {
    pub(super) method: &'static str,
    /// The route, such as `/v1/accounts/{id}`: a raw path would create a label for every id.
    pub(super) endpoint: Arc<str>,
}

/// Requests answered since the start, for the rate that autoscalers use.
#[derive(Debug, Default)]
pub(super) struct Answered(AtomicU64);

impl Answered {
    pub(super) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn record(&self, service: &SharedString, what: &Observed, status: StatusCode, seconds: f64) {
        self.0.fetch_add(1, Ordering::Relaxed);
        let endpoint = || SharedString::from(what.endpoint.clone());
        metrics::counter!(
            "http_requests_total",
            "service" => service.clone(), "method" => what.method, "endpoint" => endpoint(), "status" => digits(status)
        )
        .increment(1);
        metrics::histogram!(
            "http_request_duration_seconds",
            "service" => service.clone(), "method" => what.method, "endpoint" => endpoint()
        )
        .record(seconds);
    }
}

/// Successes are counted, and logged only on request (`access=debug`): at thousands a second a line each says less than
/// the metrics. Refusals are logged, and internal failures are logged as errors with their cause.
pub(super) fn log(response: &Response, seconds: f64) {
    let status = response.status().as_u16();
    let millis = (seconds * 1_000_000.0).round() / 1_000.0;
    let problem = response.extensions().get::<Problem>();
    let code = problem.map_or("", |problem| problem.refusal().code);
    match status {
        500.. => {
            let cause = problem.and_then(Problem::cause).map(chain).unwrap_or_default();
            tracing::error!(target: "access", status, millis, code, cause, "failed");
        }
        400.. => tracing::info!(target: "access", status, millis, code, "refused"),
        _ => tracing::debug!(target: "access", status, millis, "answered"),
    }
}

/// An error with all its sources, outermost first.
fn chain(error: &(dyn std::error::Error + Send + Sync)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}

/// Callers can invent methods, but not labels.
pub(super) fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}

/// Without allocating for the common ones.
fn digits(status: StatusCode) -> SharedString {
    match status {
        StatusCode::OK => SharedString::const_str("200"),
        StatusCode::CREATED => SharedString::const_str("201"),
        other => SharedString::from(other.as_str().to_owned()),
    }
}
