//! The keys that sign tokens: Ed25519; one that signs, a published one that signs next, and those with unexpired
//! tokens.
//!
//! Invariants: a key is published long before it signs and until its last token has expired; the private half is
//! sealed, and removed from the store by the rotation that retires it; if several processes find a rotation due, one
//! does it.

mod rotate;
mod sign;
mod store;
mod verify;

use access::PublicKey;
use identity_api::{IdentityError, KeyState, RotatedKeys, SigningKey};
use kernel::{Ctx, Timestamp};
use platform::db::{DbError, Tx};

use crate::IdentityService;
use crate::permit;
pub(crate) use rotate::Held;
#[cfg(test)]
pub(crate) use store::SQL;
use store::StoredKey;

pub(crate) const ALGORITHM: &str = "EdDSA";

/// All keys that tokens may be signed with, including the next one: for the terms.
pub(crate) async fn published(tx: &Tx) -> Result<Vec<PublicKey>, DbError> {
    let keys = store::list(tx).await?;
    Ok(keys.into_iter().map(|key| PublicKey { kid: key.kid, alg: key.alg, x: key.public, y: None }).collect())
}

impl IdentityService {
    pub(crate) async fn list_keys(&self, ctx: &Ctx) -> Result<Vec<SigningKey>, IdentityError> {
        permit::may(ctx, "keys", "read")?;
        self.keys_now().await
    }

    pub(crate) async fn rotate_by_hand(&self, ctx: &Ctx) -> Result<RotatedKeys, IdentityError> {
        permit::may(ctx, "keys", "rotate")?;
        permit::fresh(ctx, self.clock.now())?;
        let turn = self.once.begin(ctx, "rotate_keys", &()).await?;
        let tx = self.begin().await?;
        let replayed = turn.again::<()>(&tx).await?.is_some();
        if replayed {
            drop(tx);
        } else {
            let keys = store::locked(&tx).await?;
            turn.made(&tx, &()).await?;
            self.rotate(tx, &keys, &ctx.principal.subject).await?;
        }
        Ok(RotatedKeys { keys: self.keys_now().await?, replayed })
    }

    async fn keys_now(&self) -> Result<Vec<SigningKey>, IdentityError> {
        let look = async { store::list(&self.db.read().await?).await };
        Ok(look.await?.iter().map(shown).collect())
    }
}

fn shown(key: &StoredKey) -> SigningKey {
    SigningKey {
        kid: key.kid.clone(),
        alg: key.alg.clone(),
        state: key.state(),
        created_at: key.created_at,
        retired_at: key.retired_at,
    }
}

impl StoredKey {
    fn state(&self) -> KeyState {
        match (self.signs_from, self.retired_at) {
            (None, _) => KeyState::Next,
            (Some(_), None) => KeyState::Signing,
            (Some(_), Some(_)) => KeyState::Retired,
        }
    }

    fn is_gone(&self, now: Timestamp) -> bool {
        self.gone_at.is_some_and(|gone| gone <= now)
    }
}

#[cfg(test)]
mod tests;
