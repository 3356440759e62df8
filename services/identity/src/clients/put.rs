//! A client whose secret comes from outside: for the demo, for tests, or from a mounted secret in a deployment.

use identity_api::{ClientKind, CreateClient, IdentityError, Refusal};
use kernel::Secret;
use platform::db::Tx;
use platform::error::Failure;
use serde_json::json;

use super::change::ends_tokens;
use super::create::told_created;
use super::{ClientRow, store};
use crate::IdentityService;
use crate::change::{Told, one_at_a_time};
use crate::rights::reach::roles_named;

/// Shorter ones could be guessed.
const SECRET_BYTES_MIN: usize = 32;
const BY: &str = "operator";

impl IdentityService {
    /// Whether there is a client of this id.
    pub async fn has_client(&self, id: &str) -> Result<bool, IdentityError> {
        let look = async { store::find(&self.db.read().await?, id).await };
        Ok(look.await?.is_some())
    }

    /// Creates the client if there is none with its id. For an existing one only the secret is replaced, and only by a
    /// different one than last came from outside: what administrators changed since, including the secret, survives a
    /// restart. The secret of a public client is ignored.
    pub async fn put_client(&self, command: CreateClient, secret: Secret) -> Result<(), IdentityError> {
        let public = command.kind == ClientKind::Public;
        if !public && secret.expose().len() < SECRET_BYTES_MIN {
            return Err(Refusal::field("secret", format!("expected at least {SECRET_BYTES_MIN} bytes")).into());
        }
        let mut row = ClientRow::new(command, self.config.access_seconds, self.clock.now());
        self.valid_client(&row)?;
        let tx = self.begin().await?;
        one_at_a_time(&tx).await?;
        roles_named(&self.config.words, &tx, &row.roles).await?;
        let before = match store::find_to_change(&tx, &row.id).await? {
            Some(before) => before,
            None => {
                if !public {
                    self.set_from_outside(&mut row, &secret)?;
                }
                match put_new(&tx, &row).await? {
                    None => return self.commit(tx, told_created(BY, &row)).await,
                    Some(before) => before,
                }
            }
        };
        if before.kind == ClientKind::Public || self.is_put_secret(&before, &secret).await? {
            return Ok(());
        }
        let mut row = before.clone();
        self.set_from_outside(&mut row, &secret)?;
        let data = json!({"by": BY, "change": "put"});
        let told = Told::nothing().event("identity.client.changed", row.id.clone(), data);
        let told = ends_tokens(&before, &mut row, told);
        store::set(&tx, &row).await?;
        self.commit(tx, told).await
    }

    fn set_from_outside(&self, row: &mut ClientRow, secret: &Secret) -> Result<(), IdentityError> {
        row.secret = Some(self.sealed_secret(&row.id, secret)?);
        row.put_secret = Some(self.sealed_put_secret(&row.id, secret)?);
        Ok(())
    }
}

/// `None`: it was added. Otherwise another process that started at the same moment has just done so.
async fn put_new(tx: &Tx, row: &ClientRow) -> Result<Option<ClientRow>, IdentityError> {
    if store::is_subject(tx, &row.id).await? {
        return Err(Refusal::Taken { what: "client".to_owned(), name: row.id.clone() }.into());
    }
    if store::add(tx, row).await? {
        return Ok(None);
    }
    let other = store::find_to_change(tx, &row.id).await?;
    other.map(Some).ok_or(IdentityError::Failed(Failure::Unavailable))
}
