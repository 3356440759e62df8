//! Roles and policies: what users and programs may do. They are part of the terms that every process knows.
//!
//! Invariant: nothing is stored that a process could not use, because a process keeps its old terms rather than half of
//! the new ones.

mod effect;
mod permit;
mod policy;
pub(crate) mod reach;
mod role;
pub(crate) mod store;

use access::{Policy, Role};
use async_trait::async_trait;
use identity_api::{Effect, IdentityError, PutPolicy, PutRole, Rights, TryChange};
use kernel::Ctx;

use crate::IdentityService;
use permit::{may, may_change};

#[cfg(test)]
pub(crate) use store::SQL;

#[async_trait]
impl Rights for IdentityService {
    async fn roles(&self, ctx: &Ctx) -> Result<Vec<Role>, IdentityError> {
        may(ctx, "roles", "read")?;
        let roles = async { Ok(store::all_roles(&self.config.words, &self.db.read().await?).await?) };
        self.in_time(ctx, roles).await
    }

    async fn put_role(&self, ctx: &Ctx, command: PutRole) -> Result<Role, IdentityError> {
        may_change(ctx, "roles", self.clock.now())?;
        self.in_time(ctx, self.keep_role(ctx, command)).await
    }

    async fn remove_role(&self, ctx: &Ctx, name: String) -> Result<(), IdentityError> {
        may_change(ctx, "roles", self.clock.now())?;
        self.in_time(ctx, self.drop_role(ctx, &name)).await
    }

    async fn policies(&self, ctx: &Ctx) -> Result<Vec<Policy>, IdentityError> {
        may(ctx, "policies", "read")?;
        let policies = async { Ok(store::all_policies(&self.db.read().await?).await?) };
        self.in_time(ctx, policies).await
    }

    async fn put_policy(&self, ctx: &Ctx, command: PutPolicy) -> Result<Policy, IdentityError> {
        may_change(ctx, "policies", self.clock.now())?;
        self.in_time(ctx, self.keep_policy(ctx, command)).await
    }

    async fn remove_policy(&self, ctx: &Ctx, id: String) -> Result<(), IdentityError> {
        may_change(ctx, "policies", self.clock.now())?;
        self.in_time(ctx, self.drop_policy(ctx, &id)).await
    }

    /// Needs the permission for the change itself, but no recent authentication, because nothing is changed.
    async fn try_change(&self, ctx: &Ctx, command: TryChange) -> Result<Effect, IdentityError> {
        let resource = match &command {
            TryChange::PutRole(_) | TryChange::RemoveRole { .. } => "roles",
            TryChange::PutPolicy(_) | TryChange::RemovePolicy { .. } => "policies",
        };
        may(ctx, resource, "change")?;
        self.in_time(ctx, self.effect_of(ctx, command)).await
    }
}

#[cfg(test)]
mod tests;
