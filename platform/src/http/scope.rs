//! What the edge determines about a request once, for extractors and handlers.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;
use kernel::{Ctx, Deadline, IdempotencyKey, Principal};
use utoipa::IntoParams;

use super::problem::{Problem, refusals};

/// Added to the request by the edge.
#[derive(Debug, Clone)]
pub struct Scope {
    pub request_id: Arc<str>,
    pub deadline: Deadline,
    pub limits: Limits,
    /// The origin of the request: the other end of the connection, or the address that a trusted proxy reports.
    pub from: Option<IpAddr>,
    /// It was encrypted on its way: it came over TLS, or a trusted proxy says so.
    pub secure: bool,
}

#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub body_bytes_max: usize,
    pub json_depth_max: usize,
}

impl Scope {
    /// A route mounted without the edge is our mistake, and is refused rather than run without bounds.
    pub(crate) fn of(extensions: &http::Extensions) -> Result<&Scope, Problem> {
        extensions.get::<Scope>().ok_or_else(|| Problem::internal("a route is mounted without the edge"))
    }
}

/// The context of the call. Authentication adds the principal to the request; without one the answer is 401.
#[derive(Debug, Clone)]
pub struct CallCtx(pub Ctx);

impl<S: Sync> FromRequestParts<S> for CallCtx {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<CallCtx, Problem> {
        let scope = Scope::of(&parts.extensions)?;
        let principal = parts.extensions.get::<Principal>().cloned().ok_or(refusals::UNAUTHENTICATED)?;
        let idempotency_key = idempotency_key(parts)?;
        let (deadline, request_id) = (scope.deadline, scope.request_id.clone());
        Ok(CallCtx(Ctx { principal, deadline, request_id, idempotency_key }))
    }
}

/// The header that makes a repeat safe.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes a header that CallCtx reads")]
pub struct Repeatable {
    /// Makes a repeat safe for 30 days: the same command under the same key gets the first response again, with the
    /// header `Idempotency-Replayed: true`; a different command under it is refused. 1 to 128 visible ASCII characters.
    #[param(rename = "Idempotency-Key", example = "order-17-attempt", max_length = 128)]
    idempotency_key: Option<String>,
}

/// With two keys it would be unclear which one counts, so they are refused like a malformed one.
fn idempotency_key(parts: &Parts) -> Result<Option<IdempotencyKey>, Problem> {
    let mut given = parts.headers.get_all("idempotency-key").iter();
    let Some(first) = given.next() else { return Ok(None) };
    let key = first.to_str().ok().and_then(|text| text.parse::<IdempotencyKey>().ok());
    match (key, given.next()) {
        (Some(key), None) => Ok(Some(key)),
        _ => Err(refusals::IDEMPOTENCY_KEY_INVALID
            .because("send one Idempotency-Key of 1 to 128 visible ASCII characters")
            .and_field("Idempotency-Key", "expected 1 to 128 visible ASCII characters")),
    }
}
