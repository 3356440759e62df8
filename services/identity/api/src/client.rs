//! Programs that get tokens, and the keys that tokens are signed with.

use async_trait::async_trait;
use kernel::{Ctx, Secret, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::IdentityError;

/// Permissions on `clients` (read, create, change) and `keys` (read, rotate). Changes ask for a fresh proof.
#[async_trait]
pub trait Clients {
    async fn create_client(&self, ctx: &Ctx, command: CreateClient) -> Result<NewClient, IdentityError>;
    async fn client(&self, ctx: &Ctx, id: String) -> Result<Client, IdentityError>;
    async fn clients(&self, ctx: &Ctx) -> Result<Vec<Client>, IdentityError>;
    async fn change_client(&self, ctx: &Ctx, command: ChangeClient) -> Result<NewClient, IdentityError>;

    async fn signing_keys(&self, ctx: &Ctx) -> Result<Vec<SigningKey>, IdentityError>;
    /// A new key signs from now on; the old ones verify as long as tokens of theirs can live.
    async fn rotate_keys(&self, ctx: &Ctx) -> Result<Vec<SigningKey>, IdentityError>;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientKind {
    /// Acts for itself, with a secret: client credentials.
    Service,
    /// Acts for people and can keep a secret: a web application with a server.
    Confidential,
    /// Acts for people and cannot keep one: an app, a page. PKCE is all that protects it, and is asked of everybody.
    Public,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateClient {
    /// Small letters, digits and dashes.
    #[schema(example = "reporting")]
    pub id: String,
    pub name: String,
    pub kind: ClientKind,
    /// Compared letter by letter. https, or http on 127.0.0.1, `[::1]` and localhost, where any port is meant.
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    #[serde(default)]
    pub post_logout_redirect_uris: Vec<String>,
    /// What it may ask for: `openid`, `profile`, `email`, `offline_access`, and scopes such as `read:accounts`.
    pub scopes: Vec<String>,
    /// Of a service.
    #[serde(default)]
    pub roles: Vec<String>,
    /// Ours: people are not asked for their consent.
    #[serde(default)]
    pub first_party: bool,
    /// Life of an access token, where it shall be shorter than an hour.
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

/// A client, and its secret where one was made. It is shown here and nowhere else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NewClient {
    pub client: Client,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub secret: Option<Secret>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeClient {
    pub id: String,
    pub change: ClientChange,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientChange {
    /// The old one works no longer, nor do the tokens that it got.
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

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SigningKey {
    pub kid: String,
    pub alg: String,
    pub state: KeyState,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it signs no more, or signed for the last time.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub retired_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// Told to everybody already, so that the change is not felt; signs next.
    Next,
    Signing,
    /// Signs no more; its tokens are still believed.
    Retired,
}
