//! Clients: how they are stored, authenticated and administered.
//!
//! Invariants: a secret is shown once and stored as a sealed digest; whatever makes a client's tokens out of date (a
//! new secret, other roles or scopes, disabling) raises its epoch in the same commit.

mod authenticate;
mod change;
mod create;
mod put;
mod reach;
mod row;
mod secret;
mod store;
mod uris;
mod validate;

use async_trait::async_trait;
use identity_api::{
    ChangeClient, Client, Clients, CreateClient, IdentityError, NewClient, Refusal, RotatedKeys, SigningKey,
};
use kernel::Ctx;

use crate::IdentityService;
use crate::permit;
pub(crate) use row::ClientRow;
#[cfg(test)]
pub(crate) use store::SQL;
pub(crate) use store::find;
pub(crate) use uris::same_but_port;

const RESOURCE: &str = "clients";

#[async_trait]
impl Clients for IdentityService {
    async fn create_client(&self, ctx: &Ctx, command: CreateClient) -> Result<NewClient, IdentityError> {
        self.in_time(ctx, self.add_client(ctx, command)).await
    }

    async fn client(&self, ctx: &Ctx, id: String) -> Result<Client, IdentityError> {
        permit::may(ctx, RESOURCE, "read")?;
        let look = async { Ok(find(&self.db.read().await?, &id).await?) };
        let row = self.in_time(ctx, look).await?.ok_or_else(|| Refusal::not_found("client", id))?;
        Ok(row.shown())
    }

    async fn clients(&self, ctx: &Ctx) -> Result<Vec<Client>, IdentityError> {
        permit::may(ctx, RESOURCE, "read")?;
        let look = async { Ok(store::list(&self.db.read().await?).await?) };
        Ok(self.in_time(ctx, look).await?.into_iter().map(ClientRow::shown).collect())
    }

    async fn change_client(&self, ctx: &Ctx, command: ChangeClient) -> Result<NewClient, IdentityError> {
        self.in_time(ctx, self.alter_client(ctx, command)).await
    }

    async fn signing_keys(&self, ctx: &Ctx) -> Result<Vec<SigningKey>, IdentityError> {
        self.in_time(ctx, self.list_keys(ctx)).await
    }

    async fn rotate_keys(&self, ctx: &Ctx) -> Result<RotatedKeys, IdentityError> {
        self.in_time(ctx, self.rotate_by_hand(ctx)).await
    }
}

#[cfg(test)]
mod tests;
