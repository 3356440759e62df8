//! Who the person behind a token is, for whoever holds it.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use kernel::Secret;

use super::answer::{Failure, unkept};
use super::{Site, Visit};

/// The token comes in the header only: in an address or a form it would end up where tokens do not belong.
pub(super) async fn user_info(State(site): State<Arc<Site>>, visit: Visit, headers: HeaderMap) -> Response {
    let Some(token) = bearer(&headers) else { return asked_for() };
    match site.identity.user_info(&visit.ctx, token).await {
        Ok(info) => unkept(StatusCode::OK, &info),
        Err(error) => Failure::from(error).for_bearer().into_response(),
    }
}

/// RFC 6750: whoever brought no token is told what is wanted, and no error.
fn asked_for() -> Response {
    let challenge = HeaderValue::from_static("Bearer realm=\"florin\"");
    (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, challenge)]).into_response()
}

fn bearer(headers: &HeaderMap) -> Option<Secret> {
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let (only, None) = (given.next()?, given.next()) else { return None };
    let (scheme, token) = only.to_str().ok()?.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then(|| Secret::new(token.trim()))
}
