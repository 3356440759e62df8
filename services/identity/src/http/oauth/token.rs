//! Getting, introspecting and revoking tokens.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use identity_api::{Grant, Introspect, Introspection, RevokeToken, TokenReply, TokenRequest};

use super::Site;
use super::answer::{OAuthFailure, unkept};
use super::form::OAuthForm;
use super::forms::{IntrospectForm, RevokeForm, TokenForm};

/// Get a token
///
/// With the code of a user's login, with a refresh token, or for the service itself. A client with a secret
/// authenticates with HTTP Basic or in the form, never both; a public one only names itself. A code works once, within
/// a minute. A refresh token works once: the response has the next one.
#[utoipa::path(
    post, path = "/oauth2/token", tag = "OAuth", security(("client" = []), ()),
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "The token", body = TokenReply))
)]
pub(super) async fn token(State(site): State<Arc<Site>>, form: OAuthForm) -> Result<Response, OAuthFailure> {
    let grant = grant(&form)?;
    let command = TokenRequest { client: form.client, grant, origin: form.visit.origin };
    let reply = site.identity.token(&form.visit.ctx, command).await?;
    Ok(unkept(StatusCode::OK, &reply))
}

fn grant(form: &OAuthForm) -> Result<Grant, OAuthFailure> {
    let kind = form.wanted("grant_type")?;
    Ok(match kind.expose() {
        "authorization_code" => Grant::AuthorizationCode {
            code: form.wanted("code")?,
            redirect_uri: form.fields.text("redirect_uri"),
            code_verifier: form.fields.secret("code_verifier"),
        },
        "refresh_token" => {
            Grant::RefreshToken { refresh_token: form.wanted("refresh_token")?, scope: form.fields.text("scope") }
        }
        "client_credentials" => Grant::ClientCredentials { scope: form.fields.text("scope") },
        other => Grant::Other(other.chars().take(80).collect()),
    })
}

/// Introspect a token
///
/// For clients with a secret (RFC 7662): a service may ask about any token, others only about their own. For a token
/// that is not valid, or not theirs, it returns `active: false` and nothing else.
#[utoipa::path(
    post, path = "/oauth2/introspect", tag = "OAuth", security(("client" = []), ()),
    request_body(
        content = IntrospectForm, content_type = "application/x-www-form-urlencoded"
    ),
    responses((
        status = 200, description = "Information about the token", body = Introspection
    ))
)]
pub(super) async fn introspect(State(site): State<Arc<Site>>, form: OAuthForm) -> Result<Response, OAuthFailure> {
    let token = form.wanted("token")?;
    let command = Introspect { client: form.client, token, origin: form.visit.origin };
    let reply = site.identity.introspect(&form.visit.ctx, command).await?;
    Ok(unkept(StatusCode::OK, &reply))
}

/// Revoke a token
///
/// It ends at once (RFC 7009); a refresh token also ends everything issued from the same login. An unknown one counts
/// as revoked; another client's is refused.
#[utoipa::path(
    post, path = "/oauth2/revoke", tag = "OAuth", security(("client" = []), ()),
    request_body(
        content = RevokeForm, content_type = "application/x-www-form-urlencoded"
    ),
    responses((status = 200, description = "The token is revoked", body = Object))
)]
pub(super) async fn revoke(State(site): State<Arc<Site>>, form: OAuthForm) -> Result<Response, OAuthFailure> {
    let (token, hint) = (form.wanted("token")?, form.fields.text("token_type_hint"));
    let command = RevokeToken { client: form.client, token, hint, origin: form.visit.origin };
    site.identity.revoke(&form.visit.ctx, command).await?;
    Ok(unkept(StatusCode::OK, &serde_json::json!({})).into_response())
}
