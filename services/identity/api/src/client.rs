//! Clients (programs that get tokens), and the keys that sign tokens.

use async_trait::async_trait;
use kernel::{Ctx, Secret, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::IdentityError;

/// Needs permissions on `clients` (read, create, change) and `keys` (read, rotate). Changes need a recent
/// authentication.
#[async_trait]
pub trait Clients {
    async fn create_client(&self, ctx: &Ctx, command: CreateClient) -> Result<NewClient, IdentityError>;
    async fn client(&self, ctx: &Ctx, id: String) -> Result<Client, IdentityError>;
    async fn clients(&self, ctx: &Ctx) -> Result<Vec<Client>, IdentityError>;
    async fn change_client(&self, ctx: &Ctx, command: ChangeClient) -> Result<NewClient, IdentityError>;

    async fn signing_keys(&self, ctx: &Ctx) -> Result<Vec<SigningKey>, IdentityError>;
    /// The next key signs from now on; old ones verify for as long as their tokens can live.
    async fn rotate_keys(&self, ctx: &Ctx) -> Result<RotatedKeys, IdentityError>;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientKind {
    /// Acts for itself, with a secret: client credentials.
    Service,
    /// Acts for users and can keep a secret: a web application with a server.
    Confidential,
    /// Acts for users and cannot keep a secret: an app, a page. It is protected by PKCE alone, which every client
    /// needs.
    Public,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateClient {
    /// Lower-case letters, digits and dashes.
    #[schema(example = "reporting")]
    pub id: String,
    pub name: String,
    pub kind: ClientKind,
    /// Compared exactly. https, or http on 127.0.0.1, `[::1]` and localhost, where any port matches.
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    #[serde(default)]
    pub post_logout_redirect_uris: Vec<String>,
    /// The scopes that it may request: `openid`, `profile`, `email`, `offline_access`, and scopes such as
    /// `read:accounts`.
    pub scopes: Vec<String>,
    /// The roles of a service.
    #[serde(default)]
    pub roles: Vec<String>,
    /// First-party: users are not asked for consent.
    #[serde(default)]
    pub first_party: bool,
    /// Lifetime of an access token, if shorter than an hour.
    #[serde(default)]
    pub access_seconds: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Client {
    pub id: String,
    pub name: String,
    pub kind: ClientKind,
    pub redirect_uris: Vec<String>,
    pub post_logout_redirect_uris: Vec<String>,
    pub scopes: Vec<String>,
    pub roles: Vec<String>,
    pub first_party: bool,
    pub access_seconds: u32,
    pub enabled: bool,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// A client, and its secret if one was created. The secret is shown only here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NewClient {
    pub client: Client,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub secret: Option<Secret>,
    /// The same command was executed before; the client is shown as it is now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replayed: bool,
    /// The field that only the first answer had: its value is not stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withheld: Option<String>,
}

impl NewClient {
    pub fn first(client: Client, secret: Option<Secret>) -> NewClient {
        NewClient { client, secret, replayed: false, withheld: None }
    }

    /// `with_secret`: the first answer had one.
    pub fn again(client: Client, with_secret: bool) -> NewClient {
        NewClient { client, secret: None, replayed: true, withheld: with_secret.then(|| "secret".to_owned()) }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeClient {
    pub id: String,
    pub change: ClientChange,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ClientChange {
    /// The old one no longer works, nor do its tokens.
    NewSecret,
    SetRoles {
        roles: Vec<String>,
    },
    SetScopes {
        scopes: Vec<String>,
    },
    SetRedirectUris {
        redirect_uris: Vec<String>,
        post_logout_redirect_uris: Vec<String>,
    },
    Disable,
    Enable,
}

/// All keys after a rotation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RotatedKeys {
    pub keys: Vec<SigningKey>,
    /// The same command was executed before; these are the current keys.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replayed: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SigningKey {
    pub kid: String,
    pub alg: String,
    pub state: KeyState,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it stops signing, or signed for the last time.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub retired_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// Already published, so that the change is not noticed; signs next.
    Next,
    Signing,
    /// No longer signs; its tokens are still accepted.
    Retired,
}
