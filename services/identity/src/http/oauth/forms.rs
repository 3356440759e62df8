//! The endpoints' parameters, as the document describes them. The handlers read fields by name ([`Fields`]) and ignore
//! unknown ones, as the standards require; a test compares the names they read with these.
//!
//! [`Fields`]: crate::http::browser::Fields
#![expect(dead_code, reason = "only described; it is read field by field")]

use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

/// A request for an authorization code.
#[derive(ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct AuthorizeParameters {
    /// `code`, the only supported value.
    #[param(example = "code")]
    response_type: String,
    /// The client's id.
    #[param(example = "budget")]
    client_id: String,
    /// Where the browser is redirected; must match a registered URI exactly.
    #[param(example = "https://budget.example.com/callback")]
    redirect_uri: String,
    /// The requested scopes; if omitted, all of the client's scopes except `offline_access`.
    scope: Option<String>,
    /// Returned unchanged. Compare it.
    state: Option<String>,
    /// Returned in the ID token.
    nonce: Option<String>,
    /// PKCE: the SHA-256 of `code_verifier`, in base64url. Required from every client.
    #[param(example = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")]
    code_challenge: String,
    /// `S256`, the only supported value.
    #[param(example = "S256")]
    code_challenge_method: String,
    /// `none`, `login` or `consent`.
    prompt: Option<String>,
    /// Maximum age of the login in seconds.
    max_age: Option<i64>,
    /// `mfa` requires a second factor.
    acr_values: Option<String>,
    /// One of our ID tokens, expired or not: the user the client expects. Anybody else has to log in.
    id_token_hint: Option<String>,
    /// Refused: `request_not_supported`.
    request: Option<String>,
    /// Refused: `request_uri_not_supported`.
    request_uri: Option<String>,
}

/// A token request. The required fields depend on `grant_type`.
#[derive(ToSchema)]
pub(super) struct TokenForm {
    /// `authorization_code`, `refresh_token` or `client_credentials`.
    grant_type: String,
    /// For `authorization_code`: the code from the redirect.
    code: Option<String>,
    /// For `authorization_code`: the same as in the authorization request.
    redirect_uri: Option<String>,
    /// For `authorization_code`: the value of which `code_challenge` is the hash.
    code_verifier: Option<String>,
    /// For `refresh_token`.
    refresh_token: Option<String>,
    /// For `refresh_token` and `client_credentials`: a subset of the allowed scopes.
    scope: Option<String>,
    /// The client, if it does not use HTTP Basic.
    client_id: Option<String>,
    /// Its secret, if it has one and does not use HTTP Basic.
    client_secret: Option<String>,
}

/// A request for information about a token.
#[derive(ToSchema)]
pub(super) struct IntrospectForm {
    /// An access token or a refresh token.
    token: String,
    /// Accepted and not needed.
    token_type_hint: Option<String>,
    /// The client, if it does not use HTTP Basic.
    client_id: Option<String>,
    /// Its secret, if it does not use HTTP Basic.
    client_secret: Option<String>,
}

/// A request to revoke a token.
#[derive(ToSchema)]
pub(super) struct RevokeForm {
    /// An access token or a refresh token.
    token: String,
    /// Accepted and not needed.
    token_type_hint: Option<String>,
    /// The client, if it does not use HTTP Basic.
    client_id: Option<String>,
    /// Its secret, if it has one and does not use HTTP Basic.
    client_secret: Option<String>,
}

/// A client's request to log its user out.
#[derive(ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct LogoutParameters {
    /// One of our ID tokens, expired or not: it names the session.
    id_token_hint: Option<String>,
    /// The client, if there is no ID token.
    client_id: Option<String>,
    /// Where the browser goes afterwards; must match a registered URI exactly.
    post_logout_redirect_uri: Option<String>,
    /// Added to that URI.
    state: Option<String>,
}

/// Addresses and features, as in RFC 8414 and OpenID Connect Discovery.
#[derive(ToSchema)]
#[schema(value_type = Object)]
pub(super) struct ServerMetadata(Map<String, Value>);

/// Keys, as in RFC 7517.
#[derive(ToSchema)]
pub(super) struct KeySet {
    keys: Vec<Map<String, Value>>,
}
