//! Identity's interface: its traits, commands and replies, and every refusal by name.
//!
//! Owns the types for users, clients, logins, tokens, roles and policies. Other crates depend on this one and never on
//! identity itself. Secrets are passed in [`kernel::Secret`], which prints as redacted. Start reading at [`Identity`].

mod client;
mod login;
mod person;
mod refusal;
mod remote;
mod rights;
mod security;
mod source;
mod token;

use access::{Since, Standing};
use async_trait::async_trait;
use kernel::Ctx;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

pub use client::{
    ChangeClient, Client, ClientChange, ClientKind, Clients, CreateClient, KeyState, NewClient, RotatedKeys, SigningKey,
};
pub use login::{BeginLogin, FactorKind, Login, LoginAct, LoginPage, LoginReply, LoginStep, NewSession, SentTo, Stage};
pub use person::{ChangeUser, CreateUser, NewUser, People, User, UserChange, UserId, UserPage, UserQuery, UserStatus};
pub use refusal::{IdentityError, OAuthError, Refusal};
pub use remote::{FACE, RemoteIdentity, SERVICE, methods};
pub use rights::{Effect, EffectOn, PutPolicy, PutRole, Rights, TryChange};
pub use security::{
    Consented, Enrolment, Security, SecurityAct, SecurityReply, SecurityStep, SecurityView, SessionView,
};
pub use source::{TermsOf, own_token};
pub use token::{
    Authorize, AuthorizeReply, ClientAuth, Consent, Discovery, EndSession, EndSessionReply, Grant, Introspect,
    Introspection, RevokeToken, TokenReply, TokenRequest, Tokens, UserInfo,
};

/// Limits of commands; each has its refusal.
pub mod limits {
    pub const PASSWORD_LETTERS_MIN: usize = 12;
    /// Longer ones would be pointless work.
    pub const PASSWORD_BYTES_MAX: usize = 256;
    pub const USERNAME_BYTES_MAX: usize = 128;
    pub const BACKUP_CODES: usize = 8;
    pub const ROLES_MAX: usize = 32;
    /// Maximum number of roles, besides the built-in ones.
    pub const ROLES_KEPT_MAX: usize = 500;
    /// Length of a role's or a policy's name.
    pub const NAME_BYTES_MAX: usize = 64;
    pub const DESCRIPTION_BYTES_MAX: usize = 512;
    pub const PERMISSIONS_MAX: usize = 256;
    pub const POLICY_BYTES_MAX: usize = 16_384;
    pub const POLICIES_MAX: usize = 500;
    /// Users or programs listed on each side of an effect.
    pub const EFFECTS_MAX: usize = 100;
    pub const REDIRECT_URIS_MAX: usize = 16;
    pub const SCOPES_MAX: usize = 64;
    pub const PAGE_DEFAULT: usize = 50;
    pub const PAGE_MAX: usize = 500;
    /// Maximum age of a second-factor authentication for operations that need a recent one.
    pub const FRESH_SECONDS: i64 = 300;
    /// How long a browser is known after its last login.
    pub const DEVICE_SECONDS: i64 = 365 * 24 * 60 * 60;
}

/// Identity, in this process or another. A local call promises no more than a remote one.
///
/// [`Login`], [`Security`] and [`Tokens`] need no principal in `ctx`: the command itself proves who the caller is. The
/// rest needs permissions.
#[async_trait]
pub trait Identity: Login + Security + Tokens + People + Clients + Rights + Send + Sync {
    /// What a process needs to verify tokens and to decide by itself; waits a while for changes if there are none.
    async fn standing(&self, ctx: &Ctx, since: Since) -> Result<Standing, IdentityError>;

    async fn status(&self, ctx: &Ctx) -> Result<IdentityStatus, IdentityError>;
}

/// The origin of a command, as the edge saw it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    pub address: Option<IpAddr>,
    /// The user agent of the caller's browser or program, shortened.
    pub agent: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityStatus {
    /// Version of the terms under which tokens are accepted.
    pub version: u64,
    pub users: u64,
    pub clients: u64,
    /// Logins whose password is waiting to be checked.
    pub waiting: u64,
}
