//! Information about a token (RFC 7662), for authenticated clients. About an invalid one: nothing.
//!
//! A service may ask about any token shown to it; a client that acts for users, only about its own.

use identity_api::{ClientAuth, ClientKind, IdentityError, Introspection};
use kernel::Secret;
use platform::crypto::digest;
use platform::db::{DbError, Tx};

use super::alive::Alive;
use super::claims::seconds;
use super::{family, refresh};
use crate::IdentityService;
use crate::clients::{self, ClientRow};

impl IdentityService {
    pub(super) async fn look_into(&self, auth: &ClientAuth, token: &Secret) -> Result<Introspection, IdentityError> {
        let tx = self.db.read().await?;
        let asker = self.authenticated_by_secret(&tx, auth).await?;
        let found = match self.good_token(&tx, token.expose()).await? {
            Some(alive) => Some(about(alive)),
            None => self.about_refresh(&tx, token).await?,
        };
        tx.commit().await?;
        Ok(found.filter(|found| is_open(&asker, found)).unwrap_or_default())
    }

    async fn about_refresh(&self, tx: &Tx, token: &Secret) -> Result<Option<Introspection>, IdentityError> {
        let look = async {
            let Some(token) = refresh::find(tx, &digest(token.expose())).await? else { return Ok::<_, DbError>(None) };
            let family = family::find(tx, &token.family).await?;
            let ends_at = family.refresh_ends_at(self.config.refresh_seconds);
            if token.used_at.is_some() || ends_at <= self.clock.now() {
                return Ok(None);
            }
            let Some(client) = clients::find(tx, &family.client).await? else { return Ok(None) };
            let Some(person) = family.stands(tx, &client).await? else { return Ok(None) };
            Ok(Some(Introspection {
                active: true,
                scope: Some(family.scopes.join(" ")),
                client_id: Some(client.id),
                username: Some(person.username),
                token_type: Some("refresh_token".to_owned()),
                exp: Some(seconds(ends_at)),
                sub: Some(person.subject),
                iss: Some(self.config.issuer.clone()),
                ..Introspection::default()
            }))
        };
        look.await.map_err(IdentityError::from)
    }
}

fn about(alive: Alive) -> Introspection {
    let claims = alive.claims;
    Introspection {
        active: true,
        scope: Some(claims.scope),
        client_id: Some(claims.client_id),
        username: alive.person.map(|person| person.username),
        token_type: Some("Bearer".to_owned()),
        exp: Some(claims.exp),
        iat: Some(claims.iat),
        nbf: Some(claims.nbf),
        sub: Some(claims.sub),
        aud: Some(claims.aud),
        iss: Some(claims.iss),
        jti: Some(claims.jti),
    }
}

fn is_open(asker: &ClientRow, found: &Introspection) -> bool {
    asker.kind == ClientKind::Service || found.client_id.as_ref() == Some(&asker.id)
}
