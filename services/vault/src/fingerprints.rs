//! How card numbers are found: by HMAC-SHA-256 of the whole number, under a key with a life of its own.
//!
//! Two keys exist while a rotation runs, and numbers are stored and looked up under both until every number is found by
//! the newest. Each process reads the keys again every few seconds; an old key stays for longer than that.

use std::sync::{Arc, PoisonError, RwLock};

use platform::crypto::{KeyEncryptionKey, KeyRing, Place, PurposeKey};
use platform::db::{Db, DbError, Fault, Tx};
use vault_api::Pan;

use crate::store::{self, StoredKey};

const TABLE: &str = "fingerprint_key";

/// The keys that find numbers, the newest first.
#[derive(Debug, Default)]
pub(crate) struct Fingerprints {
    keys: RwLock<Arc<Vec<FingerprintKey>>>,
}

#[derive(Debug, Clone)]
pub(crate) struct FingerprintKey {
    pub(crate) id: i64,
    pub(crate) made_at: i64,
    key: PurposeKey,
}

impl FingerprintKey {
    pub(crate) fn mac(&self, pan: &Pan) -> [u8; 32] {
        self.key.mac(pan.expose().as_bytes())
    }
}

impl Fingerprints {
    pub(crate) fn all(&self) -> Arc<Vec<FingerprintKey>> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the keys as they are now; makes the first one in a new store.
    pub(crate) async fn refresh(&self, db: &Db, ring: &KeyRing, now: i64) -> Result<(), DbError> {
        let stored = store::fingerprint_keys(&db.read().await?).await?;
        if stored.is_empty() {
            return Box::pin(self.make(db, ring, now)).await;
        }
        let keys = self.all();
        if stored.iter().map(|key| key.id).eq(keys.iter().map(|key| key.id)) {
            return Ok(());
        }
        let mut opened = Vec::with_capacity(stored.len());
        for key in &stored {
            opened.push(open(ring, key).await?);
        }
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(opened);
        Ok(())
    }

    /// Makes the next key.
    pub(crate) async fn make(&self, db: &Db, ring: &KeyRing, now: i64) -> Result<(), DbError> {
        let tx = db.begin().await?;
        tx.one_at_a_time().await?;
        let newest = store::fingerprint_keys(&tx).await?.first().map(|key| key.id);
        // Another process may have been faster.
        let known = self.all().first().map(|key| key.id);
        if newest == known {
            add(&tx, ring, newest.unwrap_or(0) + 1, now).await?;
        }
        tx.commit().await?;
        self.refresh(db, ring, now).await
    }
}

async fn add(tx: &Tx, ring: &KeyRing, id: i64, now: i64) -> Result<(), DbError> {
    let material = KeyEncryptionKey::random().derive("fingerprint key");
    let sealed = ring.seal(Place::new(TABLE, "sealed", &id.to_be_bytes()), &*material).map_err(unsealed)?;
    store::add_fingerprint_key(tx, &StoredKey { id, sealed, made_at: now }).await
}

async fn open(ring: &KeyRing, key: &StoredKey) -> Result<FingerprintKey, DbError> {
    let plain = ring.unseal(Place::new(TABLE, "sealed", &key.id.to_be_bytes()), &key.sealed).await;
    let key_of = PurposeKey::of(&plain.map_err(unsealed)?);
    Ok(FingerprintKey { id: key.id, made_at: key.made_at, key: key_of })
}

/// Seals the keys under the newest data key.
pub(crate) async fn reseal(tx: &Tx, ring: &KeyRing) -> Result<(), DbError> {
    for key in store::fingerprint_keys(tx).await? {
        if KeyRing::key_of(&key.sealed) == Some(ring.current()) {
            continue;
        }
        let row = key.id.to_be_bytes();
        let place = Place::new(TABLE, "sealed", &row);
        let plain = ring.unseal(place, &key.sealed).await.map_err(unsealed)?;
        let sealed = ring.seal(place, &plain).map_err(unsealed)?;
        store::reseal_fingerprint_key(tx, key.id, &sealed).await?;
    }
    Ok(())
}

/// A value of this store that its keys do not open, or no key to seal with.
pub(crate) fn unsealed(error: platform::crypto::SealError) -> DbError {
    DbError::caused("open or seal a value of the vault", Fault::Corrupt, error)
}
