//! A new client.

use identity_api::{ClientKind, CreateClient, IdentityError, NewClient, Refusal};
use kernel::Ctx;
use platform::db::Tx;
use serde_json::json;

use super::reach::within_reach;
use super::row::kind_name;
use super::{ClientRow, RESOURCE, secret, store};
use crate::IdentityService;
use crate::change::{Told, one_at_a_time};
use crate::permit;

impl IdentityService {
    pub(super) async fn add_client(&self, ctx: &Ctx, command: CreateClient) -> Result<NewClient, IdentityError> {
        permit::may(ctx, RESOURCE, "create")?;
        permit::fresh(ctx, self.clock.now())?;
        let turn = self.once.begin(ctx, "create_client", &command).await?;
        let mut row = ClientRow::new(command, self.config.access_seconds, self.clock.now());
        self.valid_client(&row)?;
        let secret = (row.kind != ClientKind::Public).then(secret::new_secret);
        row.secret = secret.as_ref().map(|secret| self.sealed_secret(&row.id, secret)).transpose()?;
        let tx = self.begin().await?;
        if let Some(id) = turn.again::<String>(&tx).await? {
            return client_again(&tx, &id, secret.is_some()).await;
        }
        match self.insert_client(&tx, ctx, &row).await {
            Ok(()) => {
                turn.made(&tx, &row.id).await?;
                self.commit(tx, told_created(&ctx.principal.subject, &row)).await?;
                Ok(NewClient::first(row.shown(), secret))
            }
            Err(error) => Err(turn.refused(tx, error).await),
        }
    }

    async fn insert_client(&self, tx: &Tx, ctx: &Ctx, row: &ClientRow) -> Result<(), IdentityError> {
        one_at_a_time(tx).await?;
        within_reach(&self.config.words, tx, ctx, row).await?;
        // A token's subject alone identifies its owner.
        let taken = store::is_subject(tx, &row.id).await?;
        if taken || !store::add(tx, row).await? {
            return Err(Refusal::Taken { what: "client".to_owned(), name: row.id.clone() }.into());
        }
        Ok(())
    }
}

/// The answer to a repeat: the client as it is now. Only the first answer had the secret.
pub(super) async fn client_again(tx: &Tx, id: &str, with_secret: bool) -> Result<NewClient, IdentityError> {
    let row = store::find(tx, id).await?.ok_or_else(|| Refusal::not_found("client", id))?;
    Ok(NewClient::again(row.shown(), with_secret))
}

pub(super) fn told_created(by: &str, row: &ClientRow) -> Told {
    let data = json!({"by": by, "kind": kind_name(row.kind), "scopes": row.scopes, "roles": row.roles});
    Told::nothing().event("identity.client.created", row.id.clone(), data)
}
