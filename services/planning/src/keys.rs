//! Keys of planning: one per data subject, which seals names, births, notes, goals and plans.
//!
//! Invariant: an erased subject gets no new key, and what was sealed under the old one can no longer be read; amounts and days
//! stay.

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::rand;
use kernel::Clock;
use platform::crypto::{KeyEncryptionKey, KeyRing, Place, SealError};
use platform::db::{Db, DbError, Fault, Tx, Value};
use serde::Serialize;
use serde::de::DeserializeOwned;

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[KEY_FIND, KEY_ADD, KEY_DESTROY];

const KEY_FIND: &str = "
select sealed
from subject_key
where subject = $1";

const KEY_ADD: &str = "
insert into subject_key (subject, sealed)
values ($1, $2)";

/// The row stays, so that no new key is made.
const KEY_DESTROY: &str = "
insert into subject_key (subject, sealed)
values ($1, $2)
on conflict (subject) do update set sealed = excluded.sealed";

const KEY_BYTES: usize = 32;

pub(crate) struct Keys {
    ring: KeyRing,
}

/// Seals values of one subject. Without a key it was erased, and nothing of it is read or written.
pub(crate) struct Sealer(Option<RandomizedNonceKey>);

#[derive(Debug, thiserror::Error)]
enum KeyError {
    #[error("the random generator or a key failed")]
    Library,
    #[error("the data subject was erased")]
    Erased,
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> DbError {
    DbError::caused("use a key of planning", Fault::Corrupt, error)
}

fn of_ring(error: SealError) -> DbError {
    match error {
        SealError::Store(error) => error,
        other => failed(other),
    }
}

impl Keys {
    pub(crate) async fn open(db: &Db, kek: &KeyEncryptionKey, clock: Arc<dyn Clock>) -> Result<Keys, SealError> {
        Ok(Keys { ring: KeyRing::open(db, kek, clock).await? })
    }

    /// The key of a subject; made when it is first needed.
    pub(crate) async fn sealer(&self, tx: &Tx, subject: &str) -> Result<Sealer, DbError> {
        if let Some(sealer) = self.known(tx, subject).await? {
            return Ok(sealer);
        }
        let mut bytes = [0_u8; KEY_BYTES];
        rand::fill(&mut bytes).map_err(|_| failed(KeyError::Library))?;
        let sealed = self.ring.seal(Place::new("subject_key", "sealed", subject), &bytes).map_err(of_ring)?;
        tx.execute(KEY_ADD, &[Value::Text(subject), Value::Bytes(&sealed)]).await?;
        Sealer::of(&bytes)
    }

    /// The key of a subject to read by; what has no key reads as erased.
    pub(crate) async fn reader(&self, tx: &Tx, subject: &str) -> Result<Sealer, DbError> {
        Ok(self.known(tx, subject).await?.unwrap_or(Sealer(None)))
    }

    async fn known(&self, tx: &Tx, subject: &str) -> Result<Option<Sealer>, DbError> {
        let rows = tx.query(KEY_FIND, &[Value::Text(subject)]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        if row.bytes(0)?.is_empty() {
            return Ok(Some(Sealer(None)));
        }
        let place = Place::new("subject_key", "sealed", subject);
        let bytes = self.ring.unseal(place, row.bytes(0)?).await.map_err(of_ring)?;
        Sealer::of(&bytes).map(Some)
    }

    pub(crate) async fn destroy(&self, tx: &Tx, subject: &str) -> Result<(), DbError> {
        tx.execute(KEY_DESTROY, &[Value::Text(subject), Value::Bytes(b"")]).await.map(drop)
    }
}

impl Sealer {
    fn of(bytes: &[u8]) -> Result<Sealer, DbError> {
        let key = RandomizedNonceKey::new(&AES_256_GCM, bytes).map_err(|_| failed(KeyError::Library))?;
        Ok(Sealer(Some(key)))
    }

    pub(crate) fn is_erased(&self) -> bool {
        self.0.is_none()
    }

    /// Seals a value for its row.
    pub(crate) fn seal(&self, row: &[u8], value: &impl Serialize) -> Result<Vec<u8>, DbError> {
        let key = self.0.as_ref().ok_or_else(|| failed(KeyError::Erased))?;
        let mut text = serde_json::to_vec(value).map_err(|error| DbError::shape(error.to_string()))?;
        let aad = Aad::from(row.to_vec());
        let nonce = key.seal_in_place_append_tag(aad, &mut text).map_err(|_| failed(KeyError::Library))?;
        let mut sealed = nonce.as_ref().to_vec();
        sealed.extend_from_slice(&text);
        Ok(sealed)
    }

    /// Nothing if the subject was erased.
    pub(crate) fn unseal<T: DeserializeOwned>(&self, row: &[u8], sealed: &[u8]) -> Result<Option<T>, DbError> {
        let Some(key) = &self.0 else { return Ok(None) };
        let broken = || failed(KeyError::Library);
        let (nonce, text) = sealed.split_first_chunk::<NONCE_LEN>().ok_or_else(broken)?;
        let (mut text, aad) = (text.to_vec(), Aad::from(row.to_vec()));
        let plain = key.open_in_place(Nonce::from(nonce), aad, &mut text).map_err(|_| broken())?;
        serde_json::from_slice(plain).map(Some).map_err(|error| DbError::shape(error.to_string()))
    }
}
