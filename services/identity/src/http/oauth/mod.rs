//! The endpoints of OAuth 2.1 and OpenID Connect.
//!
//! Invariants: what is wrong is told in the words of the standards, never as a problem; no answer with a token is kept on
//! the way; a parameter that is given twice is refused.

mod answer;
mod authorize;
mod client;
mod consent;
mod discovery;
mod form;
mod logout;
mod token;
mod userinfo;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

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

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/.well-known/openid-configuration", get(discovery::openid_configuration))
        .route("/.well-known/oauth-authorization-server", get(discovery::oauth_authorization_server))
        .route(JWKS, get(discovery::jwks))
        .route(AUTHORIZE, get(authorize::by_link).post(authorize::by_form))
        .route("/consent", get(consent::nothing_asked).post(consent::answer))
        .route(TOKEN, post(token::token))
        .route(INTROSPECT, post(token::introspect))
        .route(REVOKE, post(token::revoke))
        .route(USERINFO, get(userinfo::user_info).post(userinfo::user_info))
        .route(LOGOUT, get(logout::by_link).post(logout::by_form))
}
