//! Roles and policies: what people and programs may do, and who would gain and lose if that were changed.

use access::{Policy, Role};
use async_trait::async_trait;
use kernel::{Ctx, Permission};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::IdentityError;

/// Permissions on `roles` and `policies`: read, change. Changes ask for a fresh proof and hold from the next decision on.
#[async_trait]
pub trait Rights {
    async fn roles(&self, ctx: &Ctx) -> Result<Vec<Role>, IdentityError>;
    async fn put_role(&self, ctx: &Ctx, command: PutRole) -> Result<Role, IdentityError>;
    async fn remove_role(&self, ctx: &Ctx, name: String) -> Result<(), IdentityError>;

    async fn policies(&self, ctx: &Ctx) -> Result<Vec<Policy>, IdentityError>;
    async fn put_policy(&self, ctx: &Ctx, command: PutPolicy) -> Result<Policy, IdentityError>;
    async fn remove_policy(&self, ctx: &Ctx, id: String) -> Result<(), IdentityError>;

    /// Changes nothing: says who would gain and who would lose.
    async fn try_change(&self, ctx: &Ctx, command: TryChange) -> Result<Effect, IdentityError>;
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutRole {
    pub name: String,
    #[serde(default)]
    pub description: String,
    #[schema(value_type = Vec<String>, example = json!(["accounts:read:all"]))]
    pub permissions: Vec<Permission>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutPolicy {
    pub id: String,
    #[serde(default)]
    pub description: String,
    /// One policy in the Cedar language.
    pub text: String,
    pub enabled: bool,
}

/// A change that is not made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TryChange {
    PutRole(PutRole),
    RemoveRole { name: String },
    PutPolicy(PutPolicy),
    RemovePolicy { id: String },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Effect {
    pub gains: Vec<EffectOn>,
    pub loses: Vec<EffectOn>,
    /// People and programs that act for themselves whose decisions were compared, disabled ones too.
    pub asked: u64,
    /// How many of them there are. Where fewer were asked, the comparison grew too large and ended there.
    pub of: u64,
    /// More are affected than are listed.
    pub more: bool,
}

/// One person or program, and what changes for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EffectOn {
    pub subject: String,
    /// A username, or a client's id.
    pub name: String,
    pub kind: String,
    /// `accounts:read:own` and the like: what is theirs, `all`: what is the house's or somebody else's, `list`: what a list
    /// may hold. With the times of the day and the days at which it changes, where those are not all.
    pub what: Vec<String>,
}
