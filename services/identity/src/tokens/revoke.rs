//! A client revokes a token (RFC 7009). A refresh token takes its family with it; an unknown one counts as revoked.

use access::{Claims, RevokedWhat, TOKEN_TYPE};
use identity_api::{IdentityError, OAuthError, RevokeToken};
use platform::crypto::digest;
use platform::db::Tx;
use serde_json::json;

use super::claims::seconds;
use super::ending::Of;
use super::{family, refresh, refused};
use crate::IdentityService;
use crate::change::Told;
use crate::clients::ClientRow;

/// Taken before checking whether a token is revoked, so that of two concurrent requests the second finds it so.
const REVOCATIONS_TAKE: &str = "
update revocation_last
set seq = seq
where one = 1";

#[cfg(test)]
pub(super) const SQL: &[&str] = &[REVOCATIONS_TAKE];

impl IdentityService {
    /// A hint at the type is not needed: the two cannot be confused.
    pub(super) async fn revoke_token(&self, command: &RevokeToken) -> Result<(), IdentityError> {
        let client = self.authenticated_now(&command.client).await?;
        let tx = self.begin().await?;
        let token = command.token.expose();
        let told = match refresh::find(&tx, &digest(token)).await? {
            Some(token) => self.end_line(&tx, &client, &token.family).await?,
            None => match self.signed_by_us::<Claims>(&tx, token, TOKEN_TYPE).await? {
                Some(claims) if claims.exp > seconds(self.clock.now()) => self.end_token(&tx, &client, &claims).await?,
                _ => return Ok(()),
            },
        };
        self.commit(tx, told).await
    }

    async fn end_line(&self, tx: &Tx, client: &ClientRow, id: &[u8; 16]) -> Result<Told, IdentityError> {
        let family = family::find(tx, id).await?;
        is_own(client, &family.client)?;
        if family.ended {
            return Ok(Told::nothing());
        }
        let data = json!({"client": client.id, "session": family.proved.sid});
        let told = Told::nothing().event("identity.token.revoked", client.id.clone(), data);
        self.end_families(tx, Of::Family(id), told).await.map_err(IdentityError::from)
    }

    /// An already revoked one is not recorded again: otherwise a client could fill the store.
    async fn end_token(&self, tx: &Tx, client: &ClientRow, claims: &Claims) -> Result<Told, IdentityError> {
        is_own(client, &claims.client_id)?;
        tx.execute(REVOCATIONS_TAKE, &[]).await?;
        if self.is_revoked(tx, &claims.jti).await? {
            return Ok(Told::nothing());
        }
        let data = json!({"client": client.id, "jti": claims.jti});
        let told = Told::nothing().event("identity.token.revoked", client.id.clone(), data);
        Ok(told.revoked(RevokedWhat::Token { jti: claims.jti.clone() }))
    }
}

fn is_own(client: &ClientRow, owner: &str) -> Result<(), IdentityError> {
    if client.id == owner {
        return Ok(());
    }
    Err(refused(OAuthError::InvalidGrant, "the token was issued to another client"))
}
