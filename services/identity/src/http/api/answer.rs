//! What callers of the API get: refusals as problems with their particulars, and secrets that nothing on the way keeps.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, HeaderValue};
use identity_api::{IdentityError, Refusal};
use platform::access::ProofTooOld;
use platform::http::{Json, Problem, members_of};
use serde::Serialize;

/// Seconds after which it is worth trying again.
const RETRY_AFTER_S: u32 = 1;

/// An answer that may hold a secret, shown once.
pub(super) struct Kept<T>(pub(super) StatusCode, pub(super) T);

impl<T: Serialize> IntoResponse for Kept<T> {
    fn into_response(self) -> Response {
        let mut response = (self.0, Json(self.1)).into_response();
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

/// A refusal of identity as a problem.
pub(super) fn problem(error: IdentityError) -> Problem {
    if let IdentityError::StepUp { seconds } = error {
        return ProofTooOld { seconds }.into();
    }
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = platform::http::Refusal::new(status, error.code(), error.title());
    let problem = kind.because(error.to_string());
    match error {
        IdentityError::Refused(refusal) => refused(problem, &refusal),
        IdentityError::Internal => problem.caused_by("identity failed; its own line in the log says why"),
        IdentityError::Forbidden | IdentityError::StorageFull | IdentityError::StepUp { .. } => problem,
        IdentityError::Overloaded
        | IdentityError::AccessStale
        | IdentityError::Unavailable
        | IdentityError::DeadlineExceeded
        | IdentityError::OutcomeUnknown => problem.retry_after_s(RETRY_AFTER_S),
    }
}

fn refused(problem: Problem, refusal: &Refusal) -> Problem {
    let mut problem =
        members_of(refusal).into_iter().fold(problem, |problem, (name, value)| problem.member(name, value));
    if let Some(field) = field(refusal) {
        problem = problem.and_field(field, refusal.to_string());
    }
    match refusal {
        Refusal::TooManyFailures { retry_after_s } => problem.retry_after_s(*retry_after_s),
        _ => problem,
    }
}

/// The field of the request that a refusal is about.
fn field(refusal: &Refusal) -> Option<&str> {
    match refusal {
        Refusal::FieldInvalid { field, .. } => Some(field),
        Refusal::PageSize { .. } => Some("limit"),
        Refusal::PolicyInvalid { .. } => Some("text"),
        _ => None,
    }
}
