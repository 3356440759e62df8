//! Answers and errors in the form of RFC 6749: a small JSON object that no cache keeps.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, HeaderValue, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, StatusCode};
use identity_api::{IdentityError, OAuthError, Refusal};
use platform::error::Failure;
use platform::http::Json;
use serde::Serialize;
use utoipa::ToSchema;

const RETRY_AFTER_S: u32 = 1;
const BASIC: HeaderValue = HeaderValue::from_static("Basic realm=\"florin\", charset=\"UTF-8\"");

/// The error that a client gets; the cause of a failure stays in the log.
#[derive(Debug)]
pub(super) struct OAuthFailure {
    status: StatusCode,
    error: &'static str,
    description: Cow<'static, str>,
    header: Option<(HeaderName, HeaderValue)>,
}

/// A refusal in the form of RFC 6749.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OAuthRefusal)]
pub(super) struct Body {
    /// Programs act on this code.
    error: &'static str,
    /// For people.
    error_description: String,
}

impl Body {
    pub(super) fn error(&self) -> &'static str {
        self.error
    }
}

impl OAuthFailure {
    pub(super) fn new(error: OAuthError, description: impl Into<Cow<'static, str>>) -> OAuthFailure {
        let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
        let header = (error == OAuthError::InvalidClient).then_some((WWW_AUTHENTICATE, BASIC));
        OAuthFailure { status, error: error.code(), description: description.into(), header }
    }

    pub(super) fn request(description: impl Into<Cow<'static, str>>) -> OAuthFailure {
        OAuthFailure::new(OAuthError::InvalidRequest, description)
    }

    /// At an endpoint with bearer tokens, RFC 6750 puts the error in a header as well.
    pub(super) fn for_bearer(mut self) -> OAuthFailure {
        if matches!(self.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            let text = format!("Bearer realm=\"florin\", error=\"{}\"", self.error);
            self.header = HeaderValue::from_str(&text).ok().map(|value| (WWW_AUTHENTICATE, value));
        }
        self
    }

    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    pub(super) fn body(&self) -> Body {
        Body { error: self.error, error_description: spelt(&self.description) }
    }

    fn later(status: StatusCode, seconds: u32, description: impl Into<Cow<'static, str>>) -> OAuthFailure {
        let header = Some((RETRY_AFTER, HeaderValue::from(seconds)));
        OAuthFailure {
            status,
            error: OAuthError::TemporarilyUnavailable.code(),
            description: description.into(),
            header,
        }
    }
}

impl From<IdentityError> for OAuthFailure {
    fn from(error: IdentityError) -> OAuthFailure {
        match error {
            IdentityError::Refused { refusal: Refusal::OAuth { error, description }, .. } => {
                OAuthFailure::new(error, description)
            }
            IdentityError::Refused { refusal: Refusal::TooManyFailures { retry_after_s }, .. } => {
                OAuthFailure::later(StatusCode::TOO_MANY_REQUESTS, retry_after_s, "too many attempts failed")
            }
            IdentityError::Refused { refusal, .. } => OAuthFailure::request(refusal.to_string()),
            IdentityError::Failed(Failure::Forbidden | Failure::NotFound) => {
                OAuthFailure::new(OAuthError::AccessDenied, "this is not permitted")
            }
            IdentityError::Failed(Failure::StepUpRequired { .. }) => {
                OAuthFailure::new(OAuthError::LoginRequired, "the user must log in again")
            }
            IdentityError::Failed(
                Failure::Overloaded
                | Failure::AccessStale
                | Failure::DeadlineExceeded
                | Failure::OutcomeUnknown
                | Failure::ClockBehind
                | Failure::StorageFull
                | Failure::Unavailable,
            ) => OAuthFailure::later(StatusCode::SERVICE_UNAVAILABLE, RETRY_AFTER_S, "not now; try again shortly"),
            IdentityError::Failed(
                failure @ (Failure::IdempotencyMissing
                | Failure::IdempotencyKeyTaken
                | Failure::IdempotencyKeyBusy
                | Failure::EventsGone { .. }
                | Failure::CursorAhead { .. }),
            ) => OAuthFailure::request(failure.to_string()),
            IdentityError::Failed(Failure::Internal) => OAuthFailure {
                status: StatusCode::INTERNAL_SERVER_ERROR,
                error: "server_error",
                description: "something went wrong on our side".into(),
                header: None,
            },
        }
    }
}

impl IntoResponse for OAuthFailure {
    fn into_response(self) -> Response {
        let mut response = unkept(self.status, &self.body());
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

/// The standard allows visible ASCII without quotes and backslashes.
fn spelt(description: &str) -> String {
    let allowed = |letter: char| matches!(letter, ' '..='~') && !matches!(letter, '"' | '\\');
    description.chars().map(|letter| if allowed(letter) { letter } else { '?' }).take(200).collect()
}

/// An answer that no cache keeps.
pub(super) fn unkept(status: StatusCode, body: &impl Serialize) -> Response {
    let mut response = (status, Json(body)).into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    async fn told(error: impl Into<IdentityError>) -> (u16, Option<String>, serde_json::Value) {
        let (parts, body) = OAuthFailure::from(error.into()).into_response().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        assert_eq!(parts.headers[CACHE_CONTROL], "no-store");
        assert_eq!(parts.headers[PRAGMA], "no-cache");
        assert_eq!(parts.headers["content-type"], "application/json");
        let header = parts.headers.get(WWW_AUTHENTICATE).or(parts.headers.get(RETRY_AFTER));
        let header = header.map(|value| value.to_str().unwrap().to_owned());
        (parts.status.as_u16(), header, serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test]
    async fn errors_have_the_standards_codes_and_headers() {
        let (status, header, body) = told(Refusal::oauth(OAuthError::InvalidClient, "no \"such\" client")).await;
        assert_eq!((status, header.as_deref()), (401, Some("Basic realm=\"florin\", charset=\"UTF-8\"")));
        let wanted = serde_json::json!({ "error": "invalid_client", "error_description": "no ?such? client" });
        assert_eq!(body, wanted);
        let (status, header, body) = told(Refusal::oauth(OAuthError::InvalidGrant, "the code was used")).await;
        assert_eq!((status, header, &body["error"]), (400, None, &"invalid_grant".into()));
        let (status, header, body) = told(Refusal::TooManyFailures { retry_after_s: 30 }).await;
        assert_eq!((status, header.as_deref(), &body["error"]), (429, Some("30"), &"temporarily_unavailable".into()));
        let (status, header, body) = told(IdentityError::Failed(Failure::Unavailable)).await;
        assert_eq!((status, header.as_deref(), &body["error"]), (503, Some("1"), &"temporarily_unavailable".into()));
        let (status, _, body) = told(IdentityError::Failed(Failure::Internal)).await;
        assert_eq!((status, &body["error"]), (500, &"server_error".into()));
        assert_eq!(body["error_description"], "something went wrong on our side");
    }
}
