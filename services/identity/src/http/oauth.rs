//! The endpoints of OAuth 2.1 and OpenID Connect.
//!
//! Invariants: errors follow the standards and are never problems; no response with a token may be cached; a repeated
//! parameter is refused; each endpoint is in the API's document, because it is mounted from its description.

mod answer;
mod authorize;
mod client;
pub(super) mod consent;
mod discovery;
mod document;
mod form;
mod forms;
mod logout;
mod token;
mod userinfo;

use std::sync::Arc;

use axum::Router;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Site;
use super::browser::Visit;

pub(super) use logout::wanted;

pub(super) const AUTHORIZE: &str = "/oauth2/authorize";
const TOKEN: &str = "/oauth2/token";
const INTROSPECT: &str = "/oauth2/introspect";
const REVOKE: &str = "/oauth2/revoke";
const USERINFO: &str = "/oauth2/userinfo";
const LOGOUT: &str = "/oauth2/logout";
const JWKS: &str = "/oauth2/jwks";

/// The endpoints, and their description.
pub(super) fn routes() -> (Router<Arc<Site>>, OpenApi) {
    let (routes, api) = all().split_for_parts();
    (routes, document::finished(api))
}

/// Only the description.
pub(super) fn api() -> OpenApi {
    document::finished(all().into_openapi())
}

fn all() -> OpenApiRouter<Arc<Site>> {
    OpenApiRouter::new()
        .routes(routes!(discovery::openid_configuration))
        .routes(routes!(discovery::oauth_authorization_server))
        .routes(routes!(discovery::jwks))
        .routes(routes!(authorize::authorize, authorize::authorize_by_form))
        .routes(routes!(token::token))
        .routes(routes!(token::introspect))
        .routes(routes!(token::revoke))
        .routes(routes!(userinfo::user_info, userinfo::user_info_by_post))
        .routes(routes!(logout::end_session, logout::end_session_by_form))
}
