//! A client's secret: 256 bits that are shown once. Stored as a digest, sealed for the client's row, so that the store
//! alone does not help somebody who guesses.

use identity_api::IdentityError;
use kernel::Secret;
use platform::crypto::{Place, digest, random_token, same};
use platform::error::Failure;

use super::ClientRow;
use crate::IdentityService;

const SECRET_BYTES: usize = 32;

pub(super) fn new_secret() -> Secret {
    random_token(SECRET_BYTES)
}

impl IdentityService {
    pub(super) fn sealed_secret(&self, client: &str, secret: &Secret) -> Result<Vec<u8>, IdentityError> {
        self.sealed(client, place(client), secret)
    }

    /// The same for the column with the last one from outside.
    pub(super) fn sealed_put_secret(&self, client: &str, secret: &Secret) -> Result<Vec<u8>, IdentityError> {
        self.sealed(client, put_place(client), secret)
    }

    fn sealed(&self, client: &str, place: Place<'_>, secret: &Secret) -> Result<Vec<u8>, IdentityError> {
        self.ring.seal(place, &digest(secret.expose())).map_err(|error| {
            tracing::error!(%error, client, "a client's secret cannot be sealed");
            IdentityError::Failed(Failure::Internal)
        })
    }

    /// In constant time.
    pub(super) async fn is_secret(&self, client: &ClientRow, secret: &Secret) -> Result<bool, IdentityError> {
        self.is_sealed(client, place(&client.id), client.secret.as_deref(), secret).await
    }

    /// Whether the last one from outside was this one.
    pub(super) async fn is_put_secret(&self, client: &ClientRow, secret: &Secret) -> Result<bool, IdentityError> {
        self.is_sealed(client, put_place(&client.id), client.put_secret.as_deref(), secret).await
    }

    async fn is_sealed(
        &self,
        client: &ClientRow,
        place: Place<'_>,
        sealed: Option<&[u8]>,
        secret: &Secret,
    ) -> Result<bool, IdentityError> {
        let Some(sealed) = sealed else { return Ok(false) };
        let kept = self.ring.unseal(place, sealed).await.map_err(|error| {
            tracing::error!(%error, client = client.id, "a client's secret cannot be opened");
            IdentityError::Failed(Failure::Internal)
        })?;
        Ok(same(&kept, &digest(secret.expose())))
    }
}

fn put_place(client: &str) -> Place<'_> {
    Place::new("client", "put_secret", client)
}

fn place(client: &str) -> Place<'_> {
    Place::new("client", "secret", client)
}
