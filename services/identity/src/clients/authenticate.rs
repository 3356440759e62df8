//! Authentication of clients at the token endpoint and its neighbours.
//!
//! One answer for an unknown client, a disabled one, a wrong secret, a missing one, and one where there should be none.

use identity_api::{ClientAuth, ClientKind, IdentityError, OAuthError, Refusal};
use platform::db::Tx;

use super::{ClientRow, find};
use crate::IdentityService;

impl IdentityService {
    pub(crate) async fn authenticated(&self, tx: &Tx, auth: &ClientAuth) -> Result<ClientRow, IdentityError> {
        let id = auth.id.as_deref().ok_or_else(unproved)?;
        let client = find(tx, id).await?.filter(|client| client.enabled).ok_or_else(unproved)?;
        let proved = match (client.kind, &auth.secret) {
            (ClientKind::Public, secret) => secret.is_none(),
            (_, None) => false,
            (_, Some(secret)) => self.is_secret(&client, secret).await?,
        };
        if proved { Ok(client) } else { Err(unproved()) }
    }

    /// The same for endpoints that require a client with a secret.
    pub(crate) async fn authenticated_by_secret(&self, tx: &Tx, auth: &ClientAuth) -> Result<ClientRow, IdentityError> {
        let client = self.authenticated(tx, auth).await?;
        if client.kind == ClientKind::Public { Err(unproved()) } else { Ok(client) }
    }
}

fn unproved() -> IdentityError {
    Refusal::oauth(OAuthError::InvalidClient, "the client could not be authenticated").into()
}
