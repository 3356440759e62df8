//! A client whose secret comes from outside: of the demo, of tests, of a secret that is mounted in a cluster.

use identity_api::{ClientKind, CreateClient, IdentityError, Refusal};
use kernel::Secret;
use platform::db::Tx;
use serde_json::json;

use super::change::ends_tokens;
use super::create::told_created;
use super::{ClientRow, store};
use crate::IdentityService;
use crate::change::{Told, one_at_a_time};
use crate::errors::store_error;
use crate::rights::reach::roles_named;

/// Shorter ones can be guessed.
const SECRET_BYTES_MIN: usize = 32;
const BY: &str = "operator";

impl IdentityService {
    /// Whether there is a client of this id.
    pub async fn has_client(&self, id: &str) -> Result<bool, IdentityError> {
        let look = async { store::find(&self.db.read().await?, id).await };
        Ok(look.await.map_err(store_error)?.is_some())
    }

    /// Makes the client, or makes it what is asked for; the same again changes nothing and ends no token. The secret of a
    /// public client is not looked at.
    pub async fn put_client(&self, command: CreateClient, secret: Secret) -> Result<(), IdentityError> {
        let public = command.kind == ClientKind::Public;
        if !public && secret.expose().len() < SECRET_BYTES_MIN {
            return Err(Refusal::field("secret", format!("at least {SECRET_BYTES_MIN} bytes")).into());
        }
        let mut row = ClientRow::new(command, self.config.access_seconds, self.clock.now());
        self.valid_client(&row)?;
        let tx = self.begin().await?;
        one_at_a_time(&tx).await.map_err(store_error)?;
        roles_named(&tx, &row.roles).await?;
        let before = match store::find_to_change(&tx, &row.id).await.map_err(store_error)? {
            Some(before) => before,
            None => {
                row.secret = if public { None } else { Some(self.sealed_secret(&row.id, &secret)?) };
                match put_new(&tx, &row).await? {
                    None => return self.commit(tx, told_created(BY, &row)).await,
                    Some(before) => before,
                }
            }
        };
        row.created_at = before.created_at;
        row.epoch = before.epoch;
        let kept = public || self.is_secret(&before, &secret).await?;
        row.secret = match (public, kept) {
            (true, _) => None,
            (false, true) => before.secret.clone(),
            (false, false) => Some(self.sealed_secret(&row.id, &secret)?),
        };
        if row == before {
            return Ok(());
        }
        let data = json!({"by": BY, "change": "put"});
        let told = Told::nothing().event("identity.client.changed", row.id.clone(), data);
        let told = ends_tokens(&before, &mut row, told);
        store::set(&tx, &row).await.map_err(store_error)?;
        self.commit(tx, told).await
    }
}

/// None: it was added. Else another process that was started at the same moment has just done so.
async fn put_new(tx: &Tx, row: &ClientRow) -> Result<Option<ClientRow>, IdentityError> {
    if store::is_subject(tx, &row.id).await.map_err(store_error)? {
        return Err(Refusal::Taken { what: "client".to_owned(), name: row.id.clone() }.into());
    }
    if store::add(tx, row).await.map_err(store_error)? {
        return Ok(None);
    }
    let other = store::find_to_change(tx, &row.id).await.map_err(store_error)?;
    other.map(Some).ok_or(IdentityError::Unavailable)
}
