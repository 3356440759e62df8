//! Who the person behind a token is, for whoever holds it.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use identity_api::UserInfo;
use kernel::Secret;

use super::answer::{OAuthFailure, unkept};
use super::{Site, Visit, examples};

/// Ask who the person is
///
/// With an access token that a person's login gave, and the scope `openid`; `profile`, `email` and `phone` tell more. The token
/// comes in the header only: in an address or a form it would end up where tokens do not belong.
#[utoipa::path(
    get, path = "/oauth2/userinfo", operation_id = "user_info", tag = "OAuth", security(("bearer" = [])),
    responses((status = 200, description = "The person", body = UserInfo, example = json!(examples::user_info())))
)]
pub(super) async fn user_info(site: State<Arc<Site>>, visit: Visit, headers: HeaderMap) -> Response {
    about(site, visit, headers).await
}

/// Ask who the person is, by POST
///
/// The same for clients that ask in this way. The body is not looked at: the token comes in the header here, too.
#[utoipa::path(
    post, path = "/oauth2/userinfo", operation_id = "user_info_by_post", tag = "OAuth", security(("bearer" = [])),
    responses((status = 200, description = "The person", body = UserInfo, example = json!(examples::user_info())))
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
