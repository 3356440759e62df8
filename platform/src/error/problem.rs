//! Converts a service's error to a problem, and lists its refusals for the API document.

use http::{HeaderName, HeaderValue};

use crate::access::ProofTooOld;
use crate::http::document::Sample;
use crate::http::{self as kit, Problem, members_of};

use super::{Failure, Refusal, Row, ServiceError};

/// Marks an answer that was already given to the same command.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Problem {
        if let Failure::StepUpRequired { seconds } = failure {
            return ProofTooOld { seconds }.into();
        }
        let problem = kind(failure.code(), failure.row()).because(failure.to_string());
        let problem = match failure.retry_after_s() {
            Some(seconds) => problem.retry_after_s(seconds),
            None => problem,
        };
        match failure {
            Failure::Internal => problem.caused_by("a service failed; see its own log line"),
            Failure::EventsGone { first } => problem.member("first", first),
            Failure::CursorAhead { end } => problem.member("end", end),
            _ => problem,
        }
    }
}

impl<R: Refusal> From<ServiceError<R>> for Problem {
    fn from(error: ServiceError<R>) -> Problem {
        let (refusal, replayed) = match error {
            ServiceError::Failed(failure) => return failure.into(),
            ServiceError::Refused { refusal, replayed } => (refusal, replayed),
        };
        let text = refusal.to_string();
        let mut problem = kind(refusal.code(), refusal.row()).because(text.clone());
        problem = members_of(&refusal).into_iter().fold(problem, |problem, (name, value)| problem.member(name, value));
        if let Some(field) = refusal.field() {
            problem = problem.and_field(field, text);
        }
        if let Some(seconds) = refusal.retry_after_s() {
            problem = problem.retry_after_s(seconds);
        }
        if replayed {
            problem = problem.header(REPLAYED, HeaderValue::from_static("true")).member("replayed", true);
        }
        problem
    }
}

fn kind(code: &'static str, row: Row) -> kit::Refusal {
    kit::Refusal::new(row.status(), code, row.title)
}

/// A service's refusals for the document.
pub fn samples<R: Refusal>() -> Vec<Sample> {
    let sample = |refusal: R| Sample { when: refusal.row().when, problem: ServiceError::from(refusal).into() };
    R::samples().into_iter().map(sample).collect()
}

/// The failures of every service, for the document.
pub fn failures() -> Vec<Sample> {
    Failure::all().iter().map(|failure| Sample { when: failure.row().when, problem: (*failure).into() }).collect()
}
