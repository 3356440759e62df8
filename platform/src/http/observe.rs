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
    /// Whether the request being answered is one of those that are logged: each `every`th, or none.
    pub(super) fn is_sampled(&self, every: u64) -> bool {
        every > 0 && self.count().is_multiple_of(every)
    }

    pub(super) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// The status is under both names that operators' rules use.
    pub(super) fn record(&self, service: &SharedString, what: &Observed, status: StatusCode, seconds: f64) {
        self.0.fetch_add(1, Ordering::Relaxed);
        let status = digits(status);
        let (method, endpoint) = (what.method, SharedString::from(what.endpoint.clone()));
        metrics::counter!(
            "http_requests_total",
            "service" => service.clone(),
            "method" => method,
            "endpoint" => endpoint.clone(),
            "status" => status.clone(),
            "code" => status.clone()
        )
        .increment(1);
        metrics::histogram!(
            "http_request_duration_seconds",
            "service" => service.clone(),
            "method" => method,
            "endpoint" => endpoint,
            "status" => status.clone(),
            "code" => status
        )
        .record(seconds);
    }
}

/// Successes are counted, and only some are logged, as the settings say: at thousands a second a line each says less than
/// the metrics. Refusals are logged, and internal failures are logged as errors with their cause. No line has an address, a
/// name or a raw path.
pub(super) fn log(response: &Response, seconds: f64, service: &str, is_sampled: bool) {
    let status = response.status().as_u16();
    let millis = (seconds * 1_000_000.0).round() / 1_000.0;
    let problem = response.extensions().get::<Problem>();
    let code = problem.map_or("", |problem| problem.refusal().code);
    match status {
        500.. => {
            let cause = problem.and_then(Problem::cause).map(chain).unwrap_or_default();
            tracing::error!(target: "access", status, millis, service, code, cause, "failed");
        }
        400.. => tracing::info!(target: "access", status, millis, service, code, "refused"),
        _ if is_sampled => tracing::info!(target: "access", status, millis, service, "answered"),
        _ => tracing::debug!(target: "access", status, millis, service, "answered"),
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
    let common = match status.as_u16() {
        200 => "200",
        201 => "201",
        204 => "204",
        400 => "400",
        401 => "401",
        403 => "403",
        404 => "404",
        409 => "409",
        422 => "422",
        429 => "429",
        503 => "503",
        _ => return SharedString::from(status.as_str().to_owned()),
    };
    SharedString::const_str(common)
}
