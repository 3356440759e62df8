//! Where programs get tokens, ask about them and give them back.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use identity_api::{Grant, Introspect, RevokeToken, TokenRequest};

use super::Site;
use super::answer::{Failure, unkept};
use super::form::OAuthForm;

pub(super) async fn token(State(site): State<Arc<Site>>, form: OAuthForm) -> Result<Response, Failure> {
    let grant = grant(&form)?;
    let command = TokenRequest { client: form.client, grant, origin: form.visit.origin };
    let reply = site.identity.token(&form.visit.ctx, command).await?;
    Ok(unkept(StatusCode::OK, &reply))
}

fn grant(form: &OAuthForm) -> Result<Grant, Failure> {
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

pub(super) async fn introspect(State(site): State<Arc<Site>>, form: OAuthForm) -> Result<Response, Failure> {
    let token = form.wanted("token")?;
    let command = Introspect { client: form.client, token, origin: form.visit.origin };
    let reply = site.identity.introspect(&form.visit.ctx, command).await?;
    Ok(unkept(StatusCode::OK, &reply))
}

/// What was never a token of the client is gone as well: the answer is the same.
pub(super) async fn revoke(State(site): State<Arc<Site>>, form: OAuthForm) -> Result<Response, Failure> {
    let (token, hint) = (form.wanted("token")?, form.fields.text("token_type_hint"));
    let command = RevokeToken { client: form.client, token, hint, origin: form.visit.origin };
    site.identity.revoke(&form.visit.ctx, command).await?;
    Ok(unkept(StatusCode::OK, &serde_json::json!({})).into_response())
}
