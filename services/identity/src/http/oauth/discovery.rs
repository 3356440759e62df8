//! Discovery: where the endpoints are, what is supported, and the keys.

use std::sync::Arc;

use access::PublicKey;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL};
use identity_api::Discovery;
use platform::http::Json;
use serde_json::{Value, json};

use super::answer::OAuthFailure;
use super::forms::{KeySet, ServerMetadata};
use super::{AUTHORIZE, INTROSPECT, JWKS, LOGOUT, REVOKE, Site, TOKEN, USERINFO, Visit};

/// A new key is published long before it signs, so this is soon enough.
const CACHE: &str = "public, max-age=300";

/// Discover the endpoints
///
/// All endpoints, and what they support (OpenID Connect Discovery). May be cached for five minutes.
#[utoipa::path(
    get, path = "/.well-known/openid-configuration", tag = "OAuth", security(()),
    responses((status = 200, description = "The addresses", body = ServerMetadata))
)]
pub(super) async fn openid_configuration(site: State<Arc<Site>>, visit: Visit) -> Result<Response, OAuthFailure> {
    document(site, visit).await
}

/// Discover the endpoints, without OpenID Connect
///
/// The same for clients that only know OAuth (RFC 8414).
#[utoipa::path(
    get, path = "/.well-known/oauth-authorization-server", tag = "OAuth", security(()),
    responses((status = 200, description = "The addresses", body = ServerMetadata))
)]
pub(super) async fn oauth_authorization_server(site: State<Arc<Site>>, visit: Visit) -> Result<Response, OAuthFailure> {
    document(site, visit).await
}

async fn document(State(site): State<Arc<Site>>, visit: Visit) -> Result<Response, OAuthFailure> {
    let discovery = site.identity.discovery(&visit.ctx).await?;
    Ok(public(metadata(&discovery)))
}

/// Read the keys that sign tokens
///
/// Public keys, as a JWK set (RFC 7517): the one that signs, the next one, and old ones with unexpired tokens. Select
/// by a token's `kid`. May be cached for five minutes.
#[utoipa::path(
    get, path = "/oauth2/jwks", tag = "OAuth", security(()),
    responses((status = 200, description = "The keys", body = KeySet))
)]
pub(super) async fn jwks(State(site): State<Arc<Site>>, visit: Visit) -> Result<Response, OAuthFailure> {
    let discovery = site.identity.discovery(&visit.ctx).await?;
    Ok(public(key_set(&discovery.keys)))
}

pub(super) fn key_set(keys: &[PublicKey]) -> Value {
    let keys: Vec<Value> = keys.iter().map(web_key).collect();
    json!({ "keys": keys })
}

/// It contains no secrets, so pages of other sites may read it.
fn public(document: Value) -> Response {
    ([(CACHE_CONTROL, CACHE), (ACCESS_CONTROL_ALLOW_ORIGIN, "*")], Json(document)).into_response()
}

pub(super) fn metadata(discovery: &Discovery) -> Value {
    let issuer = discovery.issuer.trim_end_matches('/');
    let at = |path: &str| format!("{issuer}{path}");
    let mut algorithms: Vec<&str> = discovery.keys.iter().map(|key| key.alg.as_str()).collect();
    algorithms.sort_unstable();
    algorithms.dedup();
    let by_secret = ["client_secret_basic", "client_secret_post"];
    json!({
        "issuer": discovery.issuer,
        "authorization_endpoint": at(AUTHORIZE),
        "token_endpoint": at(TOKEN),
        "userinfo_endpoint": at(USERINFO),
        "jwks_uri": at(JWKS),
        "introspection_endpoint": at(INTROSPECT),
        "revocation_endpoint": at(REVOKE),
        "end_session_endpoint": at(LOGOUT),
        "scopes_supported": discovery.scopes,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": algorithms,
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "introspection_endpoint_auth_methods_supported": by_secret,
        "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": ["none", "login", "consent"],
        "acr_values_supported": ["pwd", "mfa"],
        "claims_supported": ["sub", "name", "preferred_username", "email", "phone_number", "auth_time", "amr", "acr"],
        "authorization_response_iss_parameter_supported": true,
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "ui_locales_supported": ["en"],
    })
}

fn web_key(key: &PublicKey) -> Value {
    let PublicKey { kid, alg, x, y } = key;
    match y {
        None => json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": alg, "kid": kid, "x": x }),
        Some(y) => json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": alg, "kid": kid, "x": x, "y": y }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_names_the_endpoints_and_the_keys_are_web_keys() {
        let key = |alg: &str, y: Option<&str>| {
            let y = y.map(str::to_owned);
            PublicKey { kid: "1".to_owned(), alg: alg.to_owned(), x: "xx".to_owned(), y }
        };
        let keys = vec![key("EdDSA", None), key("ES256", Some("yy")), key("EdDSA", None)];
        let discovery = Discovery { issuer: "https://id.test".to_owned(), keys, scopes: vec!["openid".to_owned()] };
        let document = metadata(&discovery);
        assert_eq!(document["issuer"], "https://id.test");
        assert_eq!(document["token_endpoint"], "https://id.test/oauth2/token");
        assert_eq!(document["id_token_signing_alg_values_supported"], json!(["ES256", "EdDSA"]));
        assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]));
        let okp = json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": "1", "x": "xx" });
        assert_eq!(web_key(&discovery.keys[0]), okp);
        assert_eq!(
            (&web_key(&discovery.keys[1])["kty"], &web_key(&discovery.keys[1])["y"]),
            (&json!("EC"), &json!("yy"))
        );
    }
}
