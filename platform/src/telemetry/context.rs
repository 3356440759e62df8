//! Continues a trace in the next process: its position is sent as W3C `traceparent`, in a header or with a call.

use std::collections::HashMap;

use opentelemetry::propagation::TextMapPropagator;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

pub(crate) const TRACEPARENT: &str = "traceparent";

/// The current span's position in its trace; `None` if tracing is off.
pub(crate) fn traceparent() -> Option<String> {
    let mut carrier = HashMap::new();
    TraceContextPropagator::new().inject_context(&Span::current().context(), &mut carrier);
    carrier.remove(TRACEPARENT)
}

/// Makes `span`, which has not been entered yet, part of the trace in `traceparent`. A malformed one starts a new
/// trace.
pub(crate) fn follow(span: &Span, traceparent: Option<&str>) {
    let Some(traceparent) = traceparent else { return };
    let carrier = HashMap::from([(TRACEPARENT.to_owned(), traceparent.to_owned())]);
    // It fails if tracing is off.
    let _ = span.set_parent(TraceContextPropagator::new().extract(&carrier));
}
