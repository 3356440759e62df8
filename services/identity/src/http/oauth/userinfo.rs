//! The user of a token, for its holder.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use identity_api::UserInfo;
use kernel::Secret;

use super::answer::{OAuthFailure, unkept};
use super::{Site, Visit};

/// Read the user of a token
///
/// With an access token from a user's login and the scope `openid`; `profile`, `email` and `phone` return more. The
/// token is accepted only in the header: in a URL or form it would end up where tokens do not belong.
#[utoipa::path(
    get, path = "/oauth2/userinfo", operation_id = "user_info", tag = "OAuth", security(("bearer" = [])),
    responses((status = 200, description = "The user", body = UserInfo))
)]
pub(super) async fn user_info(site: State<Arc<Site>>, visit: Visit, headers: HeaderMap) -> Response {
    about(site, visit, headers).await
}

/// Read the user of a token, by POST
///
/// The same for clients that use POST. The body is ignored: the token is in the header here too.
#[utoipa::path(
    post, path = "/oauth2/userinfo", operation_id = "user_info_by_post", tag = "OAuth", security(("bearer" = [])),
    responses((status = 200, description = "The user", body = UserInfo))
)]
pub(super) async fn user_info_by_post(site: State<Arc<Site>>, visit: Visit, headers: HeaderMap) -> Response {
    about(site, visit, headers).await
}

async fn about(State(site): State<Arc<Site>>, visit: Visit, headers: HeaderMap) -> Response {
    let Some(token) = bearer(&headers) else { return asked_for() };
    match site.identity.user_info(&visit.ctx, token).await {
        Ok(info) => unkept(StatusCode::OK, &info),
        Err(error) => OAuthFailure::from(error).for_bearer().into_response(),
    }
}

/// RFC 6750: a request without a token gets the challenge without an error code.
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
