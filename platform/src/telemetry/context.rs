//! Continues a trace in the next process: its position is sent as W3C `traceparent`, in a header or with a call.
//!
//! A process that sends no traces passes on what came to it, so that a trace has no gap there.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::Either;
use http::HeaderValue;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

pub(crate) const TRACEPARENT: &str = "traceparent";

/// Version, trace, parent and flags, in hexadecimal digits.
const PARTS: [usize; 4] = [2, 32, 16, 2];

tokio::task_local! {
    static CAME: Arc<str>;
}

/// The position in a request's header; `None` if it is malformed, which starts a new trace.
pub(crate) fn came(header: Option<&HeaderValue>) -> Option<Arc<str>> {
    let text = header?.to_str().ok()?;
    is_shaped(text).then(|| text.into())
}

fn is_shaped(text: &str) -> bool {
    let hexadecimal = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    let parts: Vec<&str> = text.split('-').take(PARTS.len() + 1).collect();
    parts.len() == PARTS.len()
        && parts.iter().zip(PARTS).all(|(part, digits)| part.len() == digits && hexadecimal(part))
}

/// Work whose calls belong to the trace that came.
pub(crate) fn passing_on<F: Future>(came: Option<Arc<str>>, work: F) -> impl Future<Output = F::Output> {
    match came {
        Some(came) => Either::Left(CAME.scope(came, work)),
        None => Either::Right(work),
    }
}

/// The current span's position in its trace. If tracing is off, the position that came, if one did.
pub(crate) fn traceparent() -> Option<String> {
    let mut carrier = HashMap::new();
    TraceContextPropagator::new().inject_context(&Span::current().context(), &mut carrier);
    carrier.remove(TRACEPARENT).or_else(|| CAME.try_with(|came| came.to_string()).ok())
}

/// Makes `span`, which has not been entered yet, part of the trace in `traceparent`. A malformed one starts a new
/// trace.
pub(crate) fn follow(span: &Span, traceparent: Option<&str>) {
    let Some(traceparent) = traceparent else { return };
    let carrier = HashMap::from([(TRACEPARENT.to_owned(), traceparent.to_owned())]);
    // It fails if tracing is off.
    let _ = span.set_parent(TraceContextPropagator::new().extract(&carrier));
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIVEN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[tokio::test]
    async fn a_process_without_tracing_passes_on_what_came() {
        let header = HeaderValue::from_static(GIVEN);
        let passed = passing_on(came(Some(&header)), async { traceparent() }).await;
        assert_eq!(passed.as_deref(), Some(GIVEN));
        assert_eq!(passing_on(None, async { traceparent() }).await, None);
    }

    #[test]
    fn a_malformed_position_is_not_passed_on() {
        let wide = format!("{GIVEN}-00");
        for bad in ["", "00", &GIVEN[1..], &GIVEN.to_uppercase(), &wide, &"0".repeat(60_000)] {
            assert_eq!(came(Some(&HeaderValue::from_str(bad).unwrap())), None);
        }
    }
}
