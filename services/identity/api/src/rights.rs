//! Roles and policies: what users and programs may do, and who would gain and lose by a change.

use access::{Policy, Role};
use async_trait::async_trait;
use kernel::{Ctx, Permission};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::IdentityError;

/// Needs permissions on `roles` and `policies`: read, change. Changes need a recent authentication and take effect on
/// the next decision.
#[async_trait]
pub trait Rights {
    async fn roles(&self, ctx: &Ctx) -> Result<Vec<Role>, IdentityError>;
    async fn put_role(&self, ctx: &Ctx, command: PutRole) -> Result<Role, IdentityError>;
    async fn remove_role(&self, ctx: &Ctx, name: String) -> Result<(), IdentityError>;

    async fn policies(&self, ctx: &Ctx) -> Result<Vec<Policy>, IdentityError>;
    async fn put_policy(&self, ctx: &Ctx, command: PutPolicy) -> Result<Policy, IdentityError>;
    async fn remove_policy(&self, ctx: &Ctx, id: String) -> Result<(), IdentityError>;

    /// Changes nothing: returns who would gain and who would lose.
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

/// A change to try, without making it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
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
    /// Users and service clients whose decisions were compared, including disabled ones.
    pub asked: u64,
    /// Their total number. If fewer were compared, the comparison grew too large and stopped there.
    pub of: u64,
    /// More are affected than are listed.
    pub more: bool,
}

/// One user or client, and what changes for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EffectOn {
    pub subject: String,
    /// A username, or a client id.
    pub name: String,
    pub kind: String,
    /// `accounts:read:own` and so on. `own`: their own objects, `all`: others' and unowned objects, `list`: what a list
    /// may contain. With the times and days at which it changes, if not always.
    pub what: Vec<String>,
}
