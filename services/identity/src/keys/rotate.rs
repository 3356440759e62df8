//! When the next key signs, and how this happens once although several processes find it due.
//!
//! The next key exists since the previous rotation, so by the time it signs everybody has known it for days.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, RwLock};

use identity_api::{IdentityError, KeyState};
use kernel::Timestamp;
use platform::db::Tx;
use serde_json::json;

use super::sign::{Signer, new_key};
use super::store::{self, StoredKey};
use crate::IdentityService;
use crate::change::Told;

const DAY_SECONDS: i64 = 86_400;
/// A verifier whose clock is behind may accept a token for this much longer.
const SKEW_SECONDS: i64 = 60;

/// What this process remembers about the keys.
#[derive(Default)]
pub(crate) struct Held {
    pub(super) signer: RwLock<Option<Arc<Signer>>>,
    /// When there will be something to do, in microseconds; 0: not checked yet.
    due_at: AtomicI64,
}

impl IdentityService {
    /// Rotates the signing keys if it is time, and forgets those without unexpired tokens. To be called regularly; it
    /// only accesses the store when something is due.
    pub async fn keep_keys(&self) -> Result<(), IdentityError> {
        if self.clock.now().micros() < self.keys.due_at.load(Ordering::Relaxed) {
            return Ok(());
        }
        let tx = self.begin().await?;
        let keys = store::locked(&tx).await?;
        let now = self.clock.now();
        let turn = signing(&keys).is_none_or(|key| self.is_over(key, now));
        if turn {
            self.rotate(tx, &keys, "identity").await
        } else if keys.iter().any(|key| key.is_gone(now)) {
            store::clear(&tx, now).await?;
            self.look_ahead(&tx).await?;
            self.commit(tx, Told::nothing().terms()).await
        } else {
            self.look_ahead(&tx).await
        }
    }

    /// The same alongside other work, for which the current key is good enough.
    pub(crate) async fn keep_keys_or_warn(&self) {
        if let Err(error) = self.keep_keys().await {
            tracing::warn!(%error, "the signing keys could not be maintained; the next call tries again");
        }
    }

    /// The next key signs from now on, whether or not it is time.
    pub(super) async fn rotate(&self, tx: Tx, keys: &[StoredKey], by: &str) -> Result<(), IdentityError> {
        let now = self.clock.now();
        let kid = match keys.iter().find(|key| key.state() == KeyState::Next) {
            Some(next) => next.kid.clone(),
            None => self.add_key(&tx, now).await?,
        };
        let gone_at = now.plus_seconds(self.config.access_seconds + SKEW_SECONDS);
        let turn = async {
            store::clear(&tx, now).await?;
            store::retire(&tx, now, gone_at).await?;
            store::begin(&tx, &kid, now).await
        };
        turn.await?;
        let next = self.add_key(&tx, now).await?;
        self.look_ahead(&tx).await?;
        let told = Told::nothing().event("identity.key.rotated", kid.clone(), json!({"by": by, "next": next}));
        self.commit(tx, told.terms()).await
    }

    async fn add_key(&self, tx: &Tx, now: Timestamp) -> Result<String, IdentityError> {
        let key = new_key(&self.ring)?;
        store::add(tx, &key.kid, &key.public, &key.sealed, now).await?;
        Ok(key.kid)
    }

    /// Remembers when something is next due.
    async fn look_ahead(&self, tx: &Tx) -> Result<(), IdentityError> {
        let keys = store::list(tx).await?;
        let turn = signing(&keys).map(|key| self.over_at(key));
        let gone = keys.iter().filter_map(|key| key.gone_at).min();
        let due = [turn, gone].into_iter().flatten().min().unwrap_or_default();
        self.keys.due_at.store(due.micros(), Ordering::Relaxed);
        Ok(())
    }

    fn is_over(&self, key: &StoredKey, now: Timestamp) -> bool {
        self.over_at(key) <= now
    }

    fn over_at(&self, key: &StoredKey) -> Timestamp {
        key.signs_from.unwrap_or_default().plus_seconds(self.config.key_days * DAY_SECONDS)
    }
}

fn signing(keys: &[StoredKey]) -> Option<&StoredKey> {
    keys.iter().find(|key| key.state() == KeyState::Signing)
}
