//! The JSON form of a refusal: RFC 9457 `application/problem+json`.
//!
//! Invariant: the cause of an internal failure is logged once, by the edge, and never sent to the caller.

use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::access::{Denied, ProofTooOld};

/// A kind of refusal. Each domain defines its own as constants and maps each error variant to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    pub status: StatusCode,
    /// Stable and in snake_case; programs act on it.
    pub code: &'static str,
    /// The same sentence every time.
    pub title: &'static str,
}

impl Refusal {
    pub const fn new(status: StatusCode, code: &'static str, title: &'static str) -> Refusal {
        Refusal { status, code, title }
    }

    /// This refusal with details of the case at hand.
    pub fn because(self, detail: impl Into<Cow<'static, str>>) -> Problem {
        Problem::from(self).detail(detail)
    }
}

/// The fields of a domain's refusal, such as `account`, `asked` and `available`, as members of the problem.
pub fn members_of(refusal: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(refusal) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    }
}

/// The refusals of the HTTP kit itself, in one table.
pub mod refusals {
    use super::{Refusal, StatusCode};

    pub const BAD_UTF8: Refusal = Refusal::new(StatusCode::BAD_REQUEST, "bad_utf8", "The request is not valid UTF-8");
    pub const NUL_CHARACTER: Refusal =
        Refusal::new(StatusCode::BAD_REQUEST, "nul_character", "The request contains the character U+0000");
    pub const JSON_TOO_DEEP: Refusal =
        Refusal::new(StatusCode::BAD_REQUEST, "json_too_deep", "The JSON is nested too deeply");
    pub const JSON_MALFORMED: Refusal =
        Refusal::new(StatusCode::BAD_REQUEST, "json_malformed", "The body is not valid JSON");
    pub const BODY_MISSING: Refusal = Refusal::new(StatusCode::BAD_REQUEST, "body_missing", "A body is needed");
    pub const BODY_UNREADABLE: Refusal =
        Refusal::new(StatusCode::BAD_REQUEST, "body_unreadable", "The body ended before it was complete");
    pub const FIELD_INVALID: Refusal =
        Refusal::new(StatusCode::BAD_REQUEST, "field_invalid", "A field is missing, unknown or malformed");
    pub const LIMIT_TOO_LARGE: Refusal =
        Refusal::new(StatusCode::BAD_REQUEST, "limit_too_large", "The page size is above the maximum");
    pub const PAGE_SIZE: Refusal = Refusal::new(StatusCode::BAD_REQUEST, "page_size", "Page size is out of range");
    pub const CURSOR_INVALID: Refusal =
        Refusal::new(StatusCode::BAD_REQUEST, "cursor_invalid", "The cursor is not from this list");
    pub const IDEMPOTENCY_KEY_INVALID: Refusal =
        Refusal::new(StatusCode::BAD_REQUEST, "idempotency_key_invalid", "The Idempotency-Key is malformed");
    pub const DEADLINE_INVALID: Refusal =
        Refusal::new(StatusCode::BAD_REQUEST, "deadline_invalid", "X-Deadline-Ms is not a number of milliseconds");
    pub const UNAUTHENTICATED: Refusal =
        Refusal::new(StatusCode::UNAUTHORIZED, "unauthenticated", "Authentication is needed");
    pub const STEP_UP_REQUIRED: Refusal =
        Refusal::new(StatusCode::UNAUTHORIZED, "step_up_required", "Recent authentication is needed");
    pub const FORBIDDEN: Refusal = Refusal::new(StatusCode::FORBIDDEN, "forbidden", "Not permitted");
    pub const NOT_FOUND: Refusal = Refusal::new(StatusCode::NOT_FOUND, "not_found", "Not found");
    pub const ROUTE_UNKNOWN: Refusal =
        Refusal::new(StatusCode::NOT_FOUND, "route_unknown", "There is no route with this path; see /docs");
    pub const METHOD_NOT_ALLOWED: Refusal =
        Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "The path does not support this method");
    pub const BODY_TOO_LARGE: Refusal =
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "The body is too large");
    pub const CONTENT_TYPE_WRONG: Refusal =
        Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content_type_wrong", "The body must be application/json");
    pub const HOST_UNKNOWN: Refusal =
        Refusal::new(StatusCode::MISDIRECTED_REQUEST, "host_unknown", "This server does not have that host name");
    pub const RATE_LIMITED: Refusal =
        Refusal::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", "Too many requests; try again later");
    pub const INTERNAL: Refusal =
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something went wrong on our side");
    pub const OVERLOADED: Refusal =
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", "Too many requests are waiting; try again shortly");
    pub const DEADLINE_PASSED: Refusal = Refusal::new(
        StatusCode::GATEWAY_TIMEOUT,
        "deadline_passed",
        "The answer took too long and the outcome is unknown; repeat with the same key",
    );

    pub const ALL: &[Refusal] = &[
        BAD_UTF8,
        NUL_CHARACTER,
        JSON_TOO_DEEP,
        JSON_MALFORMED,
        BODY_MISSING,
        BODY_UNREADABLE,
        FIELD_INVALID,
        LIMIT_TOO_LARGE,
        PAGE_SIZE,
        CURSOR_INVALID,
        IDEMPOTENCY_KEY_INVALID,
        DEADLINE_INVALID,
        UNAUTHENTICATED,
        STEP_UP_REQUIRED,
        FORBIDDEN,
        NOT_FOUND,
        ROUTE_UNKNOWN,
        METHOD_NOT_ALLOWED,
        BODY_TOO_LARGE,
        CONTENT_TYPE_WRONG,
        HOST_UNKNOWN,
        RATE_LIMITED,
        INTERNAL,
        OVERLOADED,
        DEADLINE_PASSED,
    ];
}

/// A single refusal. Boxed, so that it is cheap to carry in a `Result`.
#[derive(Debug, Clone)]
pub struct Problem(Box<Parts>);

#[derive(Debug, Clone)]
struct Parts {
    refusal: Refusal,
    detail: Cow<'static, str>,
    errors: Vec<FieldError>,
    members: Map<String, Value>,
    headers: HeaderMap,
    cause: Option<Arc<dyn Error + Send + Sync>>,
}

/// A field of the request and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// Where, as a path into the body or the name of a parameter.
    #[schema(example = "postings[0].amount")]
    pub field: String,
    #[schema(example = "missing field `amount`")]
    pub detail: String,
}

/// The body of every refusal (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemBody<'a> {
    /// A relative reference that names the kind of problem.
    #[serde(rename = "type")]
    #[schema(example = "/problems/field_invalid")]
    pub kind: String,
    #[schema(example = "A field is missing, unknown or malformed")]
    pub title: &'a str,
    #[schema(example = 400)]
    pub status: u16,
    /// Details of this case.
    pub detail: &'a str,
    /// Stable and in snake_case; programs act on it.
    #[schema(example = "field_invalid")]
    pub code: &'a str,
    /// Also in the header `X-Request-Id` and in the log.
    pub request_id: &'a str,
    pub errors: &'a [FieldError],
    /// Details of some refusals, such as the account, what was requested and what is available.
    #[serde(flatten)]
    pub members: &'a Map<String, Value>,
}

const MEMBERS: [&str; 7] = ["type", "title", "status", "detail", "code", "request_id", "errors"];

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Problem {
        let detail = Cow::Borrowed(refusal.title);
        let (members, headers) = (Map::new(), HeaderMap::new());
        Problem(Box::new(Parts { refusal, detail, errors: Vec::new(), members, headers, cause: None }))
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Problem {
        match denied {
            Denied::NotFound => refusals::NOT_FOUND.into(),
            Denied::Forbidden => refusals::FORBIDDEN.into(),
        }
    }
}

/// RFC 9470: the client sends the user to log in again, with a second factor.
impl From<ProofTooOld> for Problem {
    fn from(ProofTooOld { seconds }: ProofTooOld) -> Problem {
        let challenge =
            format!("Bearer error=\"insufficient_user_authentication\", acr_values=\"mfa\", max_age=\"{seconds}\"");
        let problem = refusals::STEP_UP_REQUIRED.because("log in again with a second factor");
        match HeaderValue::from_str(&challenge) {
            Ok(challenge) => problem.header(WWW_AUTHENTICATE, challenge),
            Err(_) => problem,
        }
    }
}

impl Problem {
    /// A failure on our side. The cause goes to the log; the caller sees only that something went wrong, and the
    /// request id.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Problem {
        Problem::from(refusals::INTERNAL).caused_by(cause)
    }

    pub fn field(field: impl Into<String>, detail: impl Into<String>) -> Problem {
        Problem::from(refusals::FIELD_INVALID).and_field(field, detail)
    }

    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Problem {
        self.0.detail = detail.into();
        self
    }

    pub fn and_field(mut self, field: impl Into<String>, detail: impl Into<String>) -> Problem {
        self.0.errors.push(FieldError { field: field.into(), detail: detail.into() });
        self
    }

    pub fn caused_by(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Problem {
        self.0.cause = Some(Arc::from(cause.into()));
        self
    }

    pub fn retry_after_s(self, seconds: u32) -> Problem {
        self.header(RETRY_AFTER, HeaderValue::from(seconds))
    }

    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Problem {
        self.0.headers.insert(name, value);
        self
    }

    /// Adds a member to the body; the standard members win over one of the same name.
    pub fn member(mut self, name: impl Into<String>, value: impl Into<Value>) -> Problem {
        let name = name.into();
        if !MEMBERS.contains(&name.as_str()) {
            self.0.members.insert(name, value.into());
        }
        self
    }

    /// Sets the name of the field, as the request has it.
    pub fn renamed_field(mut self, field: impl Into<String>) -> Problem {
        if let Some(error) = self.0.errors.first_mut() {
            error.field = field.into();
        }
        self
    }

    /// For a part of a larger request: `place` is put before the name of each field.
    pub fn within(mut self, place: &str) -> Problem {
        self.0.errors.iter_mut().for_each(|error| error.field.insert_str(0, place));
        self
    }

    /// Answers with the headers of `other` too.
    pub fn headers_of(mut self, other: &Problem) -> Problem {
        self.0.headers.extend(other.0.headers.clone());
        self
    }

    pub fn refusal(&self) -> Refusal {
        self.0.refusal
    }

    /// Further headers of the answer.
    pub fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    pub fn errors(&self) -> &[FieldError] {
        &self.0.errors
    }

    pub(crate) fn cause(&self) -> Option<&(dyn Error + Send + Sync)> {
        self.0.cause.as_deref()
    }

    /// The body that the caller reads; also used for one line of an answer to many.
    pub fn body<'a>(&'a self, request_id: &'a str) -> ProblemBody<'a> {
        let Parts { refusal, detail, errors, members, .. } = &*self.0;
        ProblemBody {
            kind: format!("/problems/{}", refusal.code),
            title: refusal.title,
            status: refusal.status.as_u16(),
            detail,
            code: refusal.code,
            request_id,
            errors,
            members,
        }
    }

    /// The finished answer, with the id that the caller can quote.
    pub(crate) fn render(&self, request_id: &str) -> Response {
        let body = serde_json::to_vec(&self.body(request_id)).unwrap_or_default();
        let mut headers = self.0.headers.clone();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        (self.0.refusal.status, headers, body).into_response()
    }
}

/// The edge writes the body, because it knows the request id; until then the problem is carried in the response's
/// extensions.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.0.refusal.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extra_members_never_replace_the_standard_ones() {
        let problem = Problem::from(refusals::NOT_FOUND).member("account", "a:b").member("code", "other");
        let body = serde_json::to_value(problem.body("req-1")).unwrap();
        assert_eq!((&body["account"], &body["code"]), (&"a:b".into(), &"not_found".into()));
    }

    #[test]
    fn codes_are_unique_and_snake_case() {
        let mut codes: Vec<&str> = refusals::ALL.iter().map(|refusal| refusal.code).collect();
        assert!(
            codes.iter().all(|code| code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'))
        );
        codes.sort_unstable();
        let before = codes.len();
        codes.dedup();
        assert_eq!(codes.len(), before);
    }
}
