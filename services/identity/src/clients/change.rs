//! One change of a client. Whatever makes its tokens out of date raises its epoch, and they end with the commit.

use access::RevokedWhat;
use identity_api::{ChangeClient, ClientChange, ClientKind, IdentityError, NewClient, Refusal};
use kernel::{Ctx, Secret};
use platform::db::Tx;
use serde_json::json;

use super::create::client_again;
use super::reach::{may_touch, within_reach};
use super::{ClientRow, RESOURCE, secret, store};
use crate::IdentityService;
use crate::change::{Told, one_at_a_time};
use crate::permit;

impl IdentityService {
    pub(super) async fn alter_client(&self, ctx: &Ctx, command: ChangeClient) -> Result<NewClient, IdentityError> {
        permit::may(ctx, RESOURCE, "change")?;
        permit::fresh(ctx, self.clock.now())?;
        let turn = self.once.begin(ctx, operation(&command.change), &command).await?;
        let with_secret = command.change == ClientChange::NewSecret;
        let tx = self.begin().await?;
        if let Some(id) = turn.again::<String>(&tx).await? {
            return client_again(&tx, &id, with_secret).await;
        }
        match self.altered_client(&tx, ctx, command).await {
            Ok((row, secret, told)) => {
                turn.made(&tx, &row.id).await?;
                self.commit(tx, told).await?;
                Ok(NewClient::first(row.shown(), secret))
            }
            Err(error) => Err(turn.refused(tx, error).await),
        }
    }

    /// The changed client, its new secret if it has one, and the events.
    async fn altered_client(
        &self,
        tx: &Tx,
        ctx: &Ctx,
        command: ChangeClient,
    ) -> Result<(ClientRow, Option<Secret>, Told), IdentityError> {
        one_at_a_time(tx).await?;
        let found = store::find_to_change(tx, &command.id).await?;
        let before = found.ok_or_else(|| Refusal::not_found("client", command.id))?;
        // Giving a client another secret, or other redirect URIs, amounts to taking it over.
        may_touch(&self.config.words, tx, ctx, &before).await?;
        let what = name(&command.change);
        let (mut row, secret) = self.changed_client(before.clone(), command.change)?;
        if row == before {
            return Ok((row, None, Told::nothing()));
        }
        self.valid_client(&row)?;
        within_reach(&self.config.words, tx, ctx, &row).await?;
        let told = Told::nothing().event(
            "identity.client.changed",
            row.id.clone(),
            json!({"by": &*ctx.principal.subject, "change": what}),
        );
        let told = ends_tokens(&before, &mut row, told);
        store::set(tx, &row).await?;
        Ok((row, secret, told))
    }

    fn changed_client(
        &self,
        mut row: ClientRow,
        change: ClientChange,
    ) -> Result<(ClientRow, Option<Secret>), IdentityError> {
        match change {
            ClientChange::NewSecret if row.kind == ClientKind::Public => {
                return Err(Refusal::field("change", "a public client has no secret").into());
            }
            ClientChange::NewSecret => {
                let secret = secret::new_secret();
                row.secret = Some(self.sealed_secret(&row.id, &secret)?);
                return Ok((row, Some(secret)));
            }
            ClientChange::SetRoles { roles } => row.roles = roles,
            ClientChange::SetScopes { scopes } => row.scopes = scopes,
            ClientChange::SetRedirectUris { redirect_uris, post_logout_redirect_uris } => {
                row.redirect_uris = redirect_uris;
                row.post_logout_redirect_uris = post_logout_redirect_uris;
            }
            ClientChange::Disable => row.enabled = false,
            ClientChange::Enable => row.enabled = true,
        }
        Ok((row, None))
    }
}

/// Raises the epoch if earlier tokens are out of date.
pub(super) fn ends_tokens(before: &ClientRow, row: &mut ClientRow, told: Told) -> Told {
    let same = row.secret == before.secret
        && row.roles == before.roles
        && row.scopes == before.scopes
        && row.kind == before.kind
        && row.access_seconds == before.access_seconds
        && (row.enabled || !before.enabled);
    if same {
        return told;
    }
    row.epoch = before.epoch + 1;
    told.revoked(RevokedWhat::Client { client: row.id.clone(), epoch: row.epoch })
}

fn name(change: &ClientChange) -> &'static str {
    match change {
        ClientChange::NewSecret => "new_secret",
        ClientChange::SetRoles { .. } => "set_roles",
        ClientChange::SetScopes { .. } => "set_scopes",
        ClientChange::SetRedirectUris { .. } => "set_redirect_uris",
        ClientChange::Disable => "disable",
        ClientChange::Enable => "enable",
    }
}

/// The operation's name in the API; an idempotency key belongs to one operation.
fn operation(change: &ClientChange) -> &'static str {
    match change {
        ClientChange::NewSecret => "new_client_secret",
        ClientChange::SetRoles { .. } => "set_client_roles",
        ClientChange::SetScopes { .. } => "set_client_scopes",
        ClientChange::SetRedirectUris { .. } => "set_client_redirect_uris",
        ClientChange::Disable => "disable_client",
        ClientChange::Enable => "enable_client",
    }
}
