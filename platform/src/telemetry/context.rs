//! A trace goes on in the next process: its place travels as W3C's `traceparent`, in a header or beside a call.

use std::collections::HashMap;

use opentelemetry::propagation::TextMapPropagator;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

pub(crate) const TRACEPARENT: &str = "traceparent";

/// Where the current span stands in its trace; nothing while no traces are kept.
pub(crate) fn traceparent() -> Option<String> {
    let mut carrier = HashMap::new();
    TraceContextPropagator::new().inject_context(&Span::current().context(), &mut carrier);
    carrier.remove(TRACEPARENT)
}

/// Makes `span`, which nobody has entered yet, a part of the trace that `traceparent` tells of. What is malformed begins a
/// trace of its own.
pub(crate) fn follow(span: &Span, traceparent: Option<&str>) {
    let Some(traceparent) = traceparent else { return };
    let carrier = HashMap::from([(TRACEPARENT.to_owned(), traceparent.to_owned())]);
    // It fails where no traces are kept.
    let _ = span.set_parent(TraceContextPropagator::new().extract(&carrier));
}
