//! A provider that is called over HTTP: with a circuit, a bound on calls at the same time, and what a call without an
//! answer means.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use http::header::RETRY_AFTER;
use kernel::{Clock, Deadline, Timestamp};
use platform::outbound::{Answer, Call, Outbound, OutboundError};
use tokio::sync::Semaphore;

use super::{Circuit, Outcome};

/// No answer of a provider is that long.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// How providers are called.
#[derive(Clone)]
pub(crate) struct Line {
    pub(crate) outbound: Outbound,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) deadline: Duration,
    pub(crate) at_once: usize,
}

pub(crate) struct Provider {
    name: &'static str,
    line: Line,
    /// None where each address has a host, and so a circuit, of its own.
    circuit: Option<Arc<Circuit>>,
    places: Semaphore,
}

impl Provider {
    pub(crate) fn new(name: &'static str, line: &Line, circuit: Option<Arc<Circuit>>) -> Provider {
        Provider { name, line: line.clone(), circuit, places: Semaphore::new(line.at_once) }
    }

    pub(crate) fn name(&self) -> String {
        self.name.to_owned()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.line.clock.now()
    }

    pub(crate) fn deadline(&self) -> Deadline {
        let ms = u64::try_from(self.line.deadline.as_millis()).unwrap_or(u64::MAX);
        Deadline::after_millis(&*self.line.clock, ms)
    }

    /// Sends one message, unless the provider is left alone at the moment.
    pub(crate) async fn give(&self, send: impl Future<Output = Outcome> + Send) -> Outcome {
        let _place = self.places.acquire().await;
        let Some(circuit) = &self.circuit else { return send.await };
        if let Some(open_s) = circuit.open_for_s() {
            return Outcome::Passing { detail: "the provider is away".to_owned(), retry_after_s: Some(open_s) };
        }
        let outcome = send.await;
        circuit.heard(&outcome);
        outcome
    }

    pub(crate) async fn ask(&self, mut call: Call) -> Result<Answer, OutboundError> {
        call.body_bytes_max = Some(ANSWER_BYTES_MAX);
        self.line.outbound.send(self.name, &call).await
    }
}

/// What a call without an answer means for a message: unknown if it may have arrived, else that it did not.
pub(crate) fn unanswered(error: &OutboundError) -> Outcome {
    let detail = error.code().to_owned();
    match error {
        error if error.may_have_been_carried_out() => Outcome::Unknown { detail },
        OutboundError::CircuitOpen { retry_after_s } => {
            Outcome::Passing { detail, retry_after_s: Some(*retry_after_s) }
        }
        OutboundError::UrlInvalid | OutboundError::AddressForbidden => Outcome::Ours { detail },
        _ => Outcome::passing(detail),
    }
}

/// What 429 and the statuses of a server in trouble mean: a gateway's answer does not say what was done behind it.
pub(crate) fn troubled(status: u16, detail: String, retry_after_s: Option<u32>) -> Outcome {
    match status {
        429 | 500 | 503 => Outcome::Passing { detail, retry_after_s },
        _ => Outcome::Unknown { detail },
    }
}

/// Seconds, or until a date.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<u32> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    if let Ok(seconds) = text.trim().parse() {
        return Some(seconds);
    }
    let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp().as_second();
    u32::try_from(at.saturating_sub(now.micros().div_euclid(1_000_000))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_answer_is_unknown_and_an_unsent_call_passes() {
        for (error, expected) in [
            (OutboundError::Lost, "unknown"),
            (OutboundError::DeadlineExceeded { sent: true }, "unknown"),
            (OutboundError::BodyTooLarge { max: 1 }, "unknown"),
            (OutboundError::DeadlineExceeded { sent: false }, "passing"),
            (OutboundError::NotReached, "passing"),
            (OutboundError::NotTrusted, "passing"),
            (OutboundError::CircuitOpen { retry_after_s: 7 }, "passing"),
            (OutboundError::AddressForbidden, "ours"),
        ] {
            assert_eq!(unanswered(&error).name(), expected, "{error}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = "2026-01-31T12:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("120", Some(120)),
            ("Sat, 31 Jan 2026 12:00:30 GMT", Some(30)),
            ("Sat, 31 Jan 2026 11:00:00 GMT", None),
            ("soon", None),
            ("-1", None),
        ] {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
            assert_eq!(retry_after(&headers, now), expected, "{text}");
        }
    }
}
