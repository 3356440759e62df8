//! The log's own signing keys: Ed25519, sealed in the store. A key that was replaced signs for some time beside its
//! successor, so that those who keep the old one can learn the new one from a note that both have signed.

use std::sync::Arc;

use aws_lc_rs::rand;
use kernel::Clock;
use platform::crypto::{KeyRing, Place, SealError};
use platform::db::{DbError, Fault, Tx};

use crate::note::{SigningKey, VerifyingKey};
use crate::store::key::{self, StoredKey};

const SEED_BYTES: usize = 32;

#[derive(Clone)]
pub(crate) struct Keys {
    pub(crate) ring: KeyRing,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) overlap_days: i64,
}

impl Keys {
    /// Makes the first key of a new log.
    pub(crate) async fn begin(&self, tx: &Tx) -> Result<(), DbError> {
        if key::list(tx).await?.is_empty() { self.make(tx, 1).await } else { Ok(()) }
    }

    /// A new key from now on; the others sign for some days more.
    pub(crate) async fn renew(&self, tx: &Tx) -> Result<(), DbError> {
        let number = key::list(tx).await?.first().map_or(1, |newest| newest.number + 1);
        self.make(tx, number).await?;
        key::replace(tx, number, self.clock.now().plus_seconds(self.overlap_days * 86_400)).await
    }

    async fn make(&self, tx: &Tx, number: i64) -> Result<(), DbError> {
        let mut seed = [0; SEED_BYTES];
        rand::fill(&mut seed).map_err(|_| DbError::shape("the system has no random numbers"))?;
        let made = SigningKey::of("log", &seed).ok_or_else(|| DbError::shape("a random seed is no key"))?;
        let row = number.to_be_bytes();
        let sealed = self.ring.seal(place(&row), &seed).map_err(unusable)?;
        let public = made.verifying.public();
        key::add(tx, &StoredKey { number, sealed, public, signs_until: None }, self.clock.now()).await
    }

    /// Those that sign now under this name, the newest first.
    pub(crate) async fn signing(&self, tx: &Tx, name: &str) -> Result<Vec<SigningKey>, DbError> {
        let now = self.clock.now();
        let mut keys = Vec::new();
        for stored in key::list(tx).await? {
            if stored.signs_until.is_some_and(|until| until <= now) {
                continue;
            }
            let row = stored.number.to_be_bytes();
            let seed = self.ring.unseal(place(&row), &stored.sealed).await.map_err(unusable)?;
            let read = SigningKey::of(name, &seed).filter(|key| key.verifying.public() == stored.public);
            keys.push(read.ok_or_else(|| DbError::shape("a signing key is not that of its row"))?);
        }
        Ok(keys)
    }

    /// All keys that have ever signed, under this name, the newest first.
    pub(crate) async fn verifying(&self, tx: &Tx, name: &str) -> Result<Vec<(VerifyingKey, bool)>, DbError> {
        let now = self.clock.now();
        let shown = |stored: &StoredKey| {
            let signs = stored.signs_until.is_none_or(|until| until > now);
            (VerifyingKey::new(name, stored.public), signs)
        };
        Ok(key::list(tx).await?.iter().map(shown).collect())
    }
}

fn place(row: &[u8; 8]) -> Place<'_> {
    Place::new("signing_key", "sealed", row)
}

fn unusable(error: SealError) -> DbError {
    match error {
        SealError::Store(error) => error,
        other => DbError::caused("use the signing key of the log".to_owned(), Fault::Corrupt, other),
    }
}
