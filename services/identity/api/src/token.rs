//! OAuth 2.1 and OpenID Connect: how programs get tokens, and information about tokens.

use async_trait::async_trait;
use kernel::{Ctx, Secret};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{IdentityError, Origin};

#[async_trait]
pub trait Tokens {
    /// A browser requests a code. Errors about the client or its redirect URI are shown to the user, never sent there.
    async fn authorize(&self, ctx: &Ctx, command: Authorize) -> Result<AuthorizeReply, IdentityError>;

    /// The user's answer to a consent question.
    async fn consent(&self, ctx: &Ctx, command: Consent) -> Result<AuthorizeReply, IdentityError>;

    async fn token(&self, ctx: &Ctx, command: TokenRequest) -> Result<TokenReply, IdentityError>;
    async fn introspect(&self, ctx: &Ctx, command: Introspect) -> Result<Introspection, IdentityError>;
    async fn revoke(&self, ctx: &Ctx, command: RevokeToken) -> Result<(), IdentityError>;
    async fn user_info(&self, ctx: &Ctx, token: Secret) -> Result<UserInfo, IdentityError>;
    async fn end_session(&self, ctx: &Ctx, command: EndSession) -> Result<EndSessionReply, IdentityError>;
    async fn discovery(&self, ctx: &Ctx) -> Result<Discovery, IdentityError>;
}

/// The parameters as received; identity decides which are valid.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Authorize {
    pub response_type: Option<String>,
    pub client_id: Option<String>,
    pub redirect_uri: Option<String>,
    pub scope: Option<String>,
    pub state: Option<String>,
    pub nonce: Option<String>,
    pub code_challenge: Option<String>,
    pub code_challenge_method: Option<String>,
    /// none, login or consent.
    pub prompt: Option<String>,
    pub max_age: Option<i64>,
    /// `mfa` requires a second factor.
    pub acr_values: Option<String>,
    /// One of our id tokens: the user the client expects at the browser.
    pub id_token_hint: Option<Secret>,
    /// A request object, which is not supported.
    pub request: Option<String>,
    pub request_uri: Option<String>,
    /// The user has just logged in for this, and is not sent to log in as somebody else again.
    pub logged_in: bool,
    /// The browser's session.
    pub session: Option<Secret>,
    pub origin: Origin,
}

impl Authorize {
    /// The request after the user has logged in again: another login is not required, but whether it happened is still
    /// checked.
    pub fn behind_login(mut self) -> Authorize {
        let words: Vec<&str> = self.prompt.iter().flat_map(|prompt| prompt.split(' ')).collect();
        let login = words.contains(&"login");
        let prompt = words.into_iter().filter(|word| *word != "login").collect::<Vec<_>>().join(" ");
        self.max_age = match self.max_age {
            Some(age) => Some(age.max(LOGIN_SECONDS)),
            None => login.then_some(LOGIN_SECONDS),
        };
        self.prompt = Some(prompt).filter(|prompt| !prompt.is_empty());
        self.logged_in = true;
        self
    }
}

/// How long the way from a login back here may take.
const LOGIN_SECONDS: i64 = 300;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthorizeReply {
    /// Back to the client, with a code or a standard error.
    Redirect { to: Secret },
    /// The user has to log in first. `again`: although there is a session. [`Authorize::behind_login`] comes after it.
    LogIn { again: bool, second_factor: bool },
    /// The user is asked for consent.
    Ask { client_name: String, redirect_host: String, scopes: Vec<String>, username: String, form_key: Secret },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    pub asked: Authorize,
    pub form_key: Secret,
    pub agreed: bool,
}

/// A client's credentials; a public one has no secret.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientAuth {
    pub id: Option<String>,
    pub secret: Option<Secret>,
    /// They came in the header `Authorization: Basic`.
    pub basic: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenRequest {
    pub client: ClientAuth,
    pub grant: Grant,
    pub origin: Origin,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Grant {
    AuthorizationCode {
        code: Secret,
        redirect_uri: Option<String>,
        code_verifier: Option<Secret>,
    },
    RefreshToken {
        refresh_token: Secret,
        scope: Option<String>,
    },
    ClientCredentials {
        scope: Option<String>,
    },
    /// A room gets a token for itself, for calls to one other room.
    AtRoom {
        room: String,
    },
    /// An unknown one, by its name.
    Other(String),
}

/// As in RFC 6749.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TokenReply {
    #[schema(value_type = String)]
    pub access_token: Secret,
    pub token_type: String,
    pub expires_in: i64,
    pub scope: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub refresh_token: Option<Secret>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub id_token: Option<Secret>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Introspect {
    pub client: ClientAuth,
    pub token: Secret,
    pub origin: Origin,
}

/// As in RFC 7662; nothing else is returned for a token that is not active.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Introspection {
    pub active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aud: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokeToken {
    pub client: ClientAuth,
    pub token: Secret,
    pub hint: Option<String>,
    pub origin: Origin,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UserInfo {
    pub sub: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred_username: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EndSession {
    pub id_token_hint: Option<Secret>,
    pub client_id: Option<String>,
    pub post_logout_redirect_uri: Option<String>,
    pub state: Option<String>,
    pub session: Option<Secret>,
    pub origin: Origin,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndSessionReply {
    /// The session has ended, and the client wants the browser back.
    Redirect { to: String },
    /// The session has ended.
    Ended,
    /// Nothing proves that the user wants it; the page asks.
    Ask,
}

/// Discovery: the parts of the document that are not fixed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discovery {
    pub issuer: String,
    pub keys: Vec<access::PublicKey>,
    pub scopes: Vec<String>,
}
