//! The face of identity: its traits, its commands and answers, and every refusal by name.
//!
//! Owns the words for people, clients, logins, tokens, roles and policies. Other rooms depend on this crate and never on
//! identity itself. Secrets travel in [`kernel::Secret`], which prints as redacted. Start reading at [`Identity`].

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
use platform::feed::{Event, Pull};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

pub use client::{
    ChangeClient, Client, ClientChange, ClientKind, Clients, CreateClient, KeyState, NewClient, SigningKey,
};
pub use login::{BeginLogin, FactorKind, Login, LoginAct, LoginPage, LoginReply, LoginStep, NewSession, SentTo, Stage};
pub use person::{ChangeUser, CreateUser, NewUser, People, User, UserChange, UserId, UserPage, UserQuery, UserStatus};
pub use refusal::{IdentityError, OAuthError, Refusal};
pub use remote::{FACE, RemoteIdentity, SERVICE, methods};
pub use rights::{Effect, EffectOn, PutPolicy, PutRole, Rights, TryChange};
pub use security::{
    Consented, Enrolment, Security, SecurityAct, SecurityReply, SecurityStep, SecurityView, SessionView,
};
pub use source::TermsOf;
pub use token::{
    Authorize, AuthorizeReply, ClientAuth, Consent, Discovery, EndSession, EndSessionReply, Grant, Introspect,
    Introspection, RevokeToken, TokenReply, TokenRequest, Tokens, UserInfo,
};

/// What a command may hold at most; each has its refusal.
pub mod limits {
    pub const PASSWORD_LETTERS_MIN: usize = 12;
    /// Longer ones would be work for nothing.
    pub const PASSWORD_BYTES_MAX: usize = 256;
    pub const USERNAME_BYTES_MAX: usize = 128;
    pub const BACKUP_CODES: usize = 8;
    pub const ROLES_MAX: usize = 32;
    /// Roles that there may be, beside the product's own.
    pub const ROLES_KEPT_MAX: usize = 500;
    /// Of a role's or a policy's name.
    pub const NAME_BYTES_MAX: usize = 64;
    pub const DESCRIPTION_BYTES_MAX: usize = 512;
    pub const PERMISSIONS_MAX: usize = 256;
    pub const POLICY_BYTES_MAX: usize = 16_384;
    pub const POLICIES_MAX: usize = 500;
    /// People or programs that are listed on each side of an effect.
    pub const EFFECTS_MAX: usize = 100;
    pub const REDIRECT_URIS_MAX: usize = 16;
    pub const SCOPES_MAX: usize = 64;
    pub const PAGE_DEFAULT: usize = 50;
    pub const PAGE_MAX: usize = 500;
    /// How old a person's proof with a second factor may be for acts that ask for a fresh one.
    pub const FRESH_SECONDS: i64 = 300;
    /// A browser is known so long behind its last login.
    pub const DEVICE_SECONDS: i64 = 365 * 24 * 60 * 60;
}

/// Identity, in this process or another. A local call promises no more than a remote one.
///
/// What [`Login`], [`Security`] and [`Tokens`] do needs no principal in `ctx`: whoever calls proves in the command itself
/// who they are. The rest is for callers with permissions.
#[async_trait]
pub trait Identity: Login + Security + Tokens + People + Clients + Rights + Send + Sync {
    /// What a process needs in order to verify tokens and to decide by itself; waits for news a while where there is none.
    async fn standing(&self, ctx: &Ctx, since: Since) -> Result<Standing, IdentityError>;

    /// Everything that happened behind a cursor, in order, at least once.
    async fn events_after(&self, ctx: &Ctx, pull: Pull) -> Result<Vec<Event>, IdentityError>;

    async fn status(&self, ctx: &Ctx) -> Result<IdentityStatus, IdentityError>;
}

/// Where a command came from, as the edge saw it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    pub address: Option<IpAddr>,
    /// What the caller's browser or program calls itself, shortened.
    pub agent: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityStatus {
    /// Of the terms that tokens are believed under.
    pub version: u64,
    pub users: u64,
    pub clients: u64,
    /// Logins whose password waits for its turn.
    pub waiting: u64,
}
