//! What the endpoints take, as the document describes it. The handlers read fields by name ([`Fields`]) and leave out what they
//! do not know, as the standards have it; a test holds the names that they read against these.
//!
//! [`Fields`]: crate::http::browser::Fields
#![expect(dead_code, reason = "it is described, and read field by field")]

use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

/// A browser asks for a code.
#[derive(ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct AuthorizeParameters {
    /// `code`, the only one.
    #[param(example = "code")]
    response_type: String,
    /// The client's id.
    #[param(example = "budget")]
    client_id: String,
    /// Where the browser comes back to: letter by letter as it was registered.
    #[param(example = "https://budget.example.com/callback")]
    redirect_uri: String,
    /// What the token is to be good for; without it, all that the client may have but `offline_access`.
    scope: Option<String>,
    /// Comes back as it is. Compare it.
    state: Option<String>,
    /// Comes back in the ID token.
    nonce: Option<String>,
    /// PKCE: the SHA-256 of `code_verifier`, in base64url. Asked of every client.
    #[param(example = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")]
    code_challenge: String,
    /// `S256`, the only one.
    #[param(example = "S256")]
    code_challenge_method: String,
    /// `none`, `login` or `consent`.
    prompt: Option<String>,
    /// Seconds that a login may be old.
    max_age: Option<i64>,
    /// `mfa` asks for a second factor.
    acr_values: Option<String>,
    /// An ID token of ours, expired or not: whom the client expects. Anybody else is asked to log in.
    id_token_hint: Option<String>,
    /// Refused: `request_not_supported`.
    request: Option<String>,
    /// Refused: `request_uri_not_supported`.
    request_uri: Option<String>,
}

/// A program asks for a token. Which fields there are depends on `grant_type`.
#[derive(ToSchema)]
pub(super) struct TokenForm {
    /// `authorization_code`, `refresh_token` or `client_credentials`.
    grant_type: String,
    /// Of `authorization_code`: what came back to `redirect_uri`.
    code: Option<String>,
    /// Of `authorization_code`: the same as in the request for the code.
    redirect_uri: Option<String>,
    /// Of `authorization_code`: what `code_challenge` is the hash of.
    code_verifier: Option<String>,
    /// Of `refresh_token`.
    refresh_token: Option<String>,
    /// Of `refresh_token` and `client_credentials`: less than there may be.
    scope: Option<String>,
    /// The client, where it does not say who it is by HTTP Basic.
    client_id: Option<String>,
    /// Its secret, where it has one and does not say it by HTTP Basic.
    client_secret: Option<String>,
}

/// A program asks about a token.
#[derive(ToSchema)]
pub(super) struct IntrospectForm {
    /// An access token or a refresh token.
    token: String,
    /// Taken and not needed.
    token_type_hint: Option<String>,
    /// The client, where it does not say who it is by HTTP Basic.
    client_id: Option<String>,
    /// Its secret, likewise.
    client_secret: Option<String>,
}

/// A program gives a token back.
#[derive(ToSchema)]
pub(super) struct RevokeForm {
    /// An access token or a refresh token.
    token: String,
    /// Taken and not needed.
    token_type_hint: Option<String>,
    /// The client, where it does not say who it is by HTTP Basic.
    client_id: Option<String>,
    /// Its secret, where it has one and does not say it by HTTP Basic.
    client_secret: Option<String>,
}

/// A client sends its person to be logged out.
#[derive(ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct LogoutParameters {
    /// An ID token of ours, expired or not: whose session is meant.
    id_token_hint: Option<String>,
    /// The client, where there is no ID token.
    client_id: Option<String>,
    /// Where the browser goes then: letter by letter as it was registered.
    post_logout_redirect_uri: Option<String>,
    /// Goes along to that address.
    state: Option<String>,
}

/// Addresses and what is supported, in the words of RFC 8414 and OpenID Connect Discovery.
#[derive(ToSchema)]
#[schema(value_type = Object)]
pub(super) struct ServerMetadata(Map<String, Value>);

/// Keys in the words of RFC 7517.
#[derive(ToSchema)]
pub(super) struct KeySet {
    keys: Vec<Map<String, Value>>,
}
