//! Authentication at the edge: the bearer token of a request becomes its principal.
//!
//! A token is only read from the header `Authorization`: URLs and bodies end up in logs. Invariant: a request with a
//! credential is judged by it; one with a bad credential is never treated as somebody else.

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use kernel::Principal;
use platform::http::{Problem, refusals};

use crate::gate::Gate;
use crate::refusal::TokenRefusal;

#[derive(Debug, Clone)]
struct Door {
    gate: Gate,
    without_token: Option<Principal>,
}

/// Wraps all routes of `router`. A request without a token is handled as `without_token` says (only `--demo` has such a
/// principal), and otherwise refused.
pub fn authenticate(router: Router, gate: Gate, without_token: Option<Principal>) -> Router {
    router.layer(middleware::from_fn_with_state(Door { gate, without_token }, admit))
}

async fn admit(State(door): State<Door>, mut request: Request, next: Next) -> Response {
    match door.principal(request.headers()) {
        Ok(principal) => {
            request.extensions_mut().insert(principal);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

impl Door {
    fn principal(&self, headers: &HeaderMap) -> Result<Principal, Problem> {
        let Some(token) = bearer(headers).map_err(refused)? else {
            return self.without_token.clone().ok_or_else(unauthenticated);
        };
        self.gate.verify(token).map_err(refused)
    }
}

/// `None`: the request has no credential.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, TokenRefusal> {
    let mut sent = headers.get_all(AUTHORIZATION).iter();
    let Some(one) = sent.next() else { return Ok(None) };
    // With two it would be unclear which one counts, for us and for any proxy in front of us.
    if sent.next().is_some() {
        return Err(TokenRefusal::Malformed);
    }
    let (scheme, token) = one.to_str().ok().and_then(|text| text.split_once(' ')).ok_or(TokenRefusal::Malformed)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(TokenRefusal::Malformed);
    }
    Ok(Some(token.trim_matches(' ')))
}

fn refused(why: TokenRefusal) -> Problem {
    metrics::counter!("access_tokens_refused_total", "code" => Problem::from(why).refusal().code).increment(1);
    tracing::info!(target: "access", %why, "a token was refused");
    why.into()
}

/// A request without a credential is told how to send one, and gets no error code in the challenge.
fn unauthenticated() -> Problem {
    let problem = refusals::UNAUTHENTICATED.because("send an access token: Authorization: Bearer …");
    problem.header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}

#[cfg(test)]
mod tests;
