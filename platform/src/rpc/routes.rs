//! The internal listener's routes. A call is not looked at before its credential.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::{Answered, Credential, Served, TransportError};

/// Enough for the largest batch and its reply.
pub const BODY_BYTES_MAX: usize = 32 << 20;

/// How a failure is sent; `failure_of` reads it.
const LOST: StatusCode = StatusCode::INTERNAL_SERVER_ERROR;
const NOT_UNDERSTOOD: StatusCode = StatusCode::BAD_REQUEST;
/// "Not now", with two different reasons; a caller that does not know the second one treats it like the first and
/// retries as well.
const OVERLOADED: StatusCode = StatusCode::SERVICE_UNAVAILABLE;
const WHY: HeaderName = HeaderName::from_static("x-rpc-failure");
const STALE: HeaderValue = HeaderValue::from_static("access_stale");

struct Door {
    served: Arc<Served>,
    credential: Credential,
}

/// `POST /rpc/{service}/{method}`, for callers with the credential.
pub fn routes(served: Arc<Served>, credential: Credential) -> Router {
    Router::new().route("/rpc/{service}/{method}", post(answer)).with_state(Arc::new(Door { served, credential }))
}

async fn answer(
    State(door): State<Arc<Door>>,
    Path((service, method)): Path<(String, String)>,
    request: Request,
) -> Response {
    if !knows(&door.credential, request.headers()) {
        metrics::counter!("rpc_strangers_total").increment(1);
        tracing::warn!(service, method, "a call without the credential was refused");
        return (StatusCode::UNAUTHORIZED, "the credential is missing or wrong").into_response();
    }
    let call = match read(request.into_body()).await {
        Ok(call) => call,
        Err(refusal) => return refusal,
    };
    respond(door.served.answer(&service, &method, call).await)
}

fn knows(credential: &Credential, headers: &HeaderMap) -> bool {
    headers.get(AUTHORIZATION).is_some_and(|given| credential.is(given.as_bytes()))
}

async fn read(body: Body) -> Result<Bytes, Response> {
    match Limited::new(body, BODY_BYTES_MAX).collect().await {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err((StatusCode::PAYLOAD_TOO_LARGE, format!("{BODY_BYTES_MAX} bytes at most")).into_response())
        }
        Err(_) => Err((NOT_UNDERSTOOD, "the call was cut").into_response()),
    }
}

fn respond(answered: Answered) -> Response {
    match answered {
        Ok(body) => ([(CONTENT_TYPE, "application/json")], body).into_response(),
        Err(TransportError::NotUnderstood(why)) => (NOT_UNDERSTOOD, why).into_response(),
        Err(TransportError::Overloaded(why)) => (OVERLOADED, why).into_response(),
        Err(TransportError::Stale(why)) => (OVERLOADED, [(WHY, STALE)], why).into_response(),
        Err(TransportError::Away(why) | TransportError::NotSent(why) | TransportError::Lost(why)) => {
            (LOST, why).into_response()
        }
    }
}

/// The meaning of a response other than 200, for the other side.
pub(super) fn failure_of(status: StatusCode, headers: &HeaderMap, why: &[u8]) -> TransportError {
    let why: String = String::from_utf8_lossy(why).chars().take(200).collect();
    let why = format!("{status}: {why}");
    match status {
        OVERLOADED if headers.get(WHY) == Some(&STALE) => TransportError::Stale(why),
        OVERLOADED => TransportError::Overloaded(why),
        status if status.is_client_error() => TransportError::NotUnderstood(why),
        _ => TransportError::Lost(why),
    }
}
