//! Keys of banking: one per owner or entity, which seals texts, and one for digests that only recognise.
//!
//! Invariant: removing a subject's key makes the texts of its accounts unreadable; sums and days stay.

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::rand;
use kernel::Clock;
use platform::crypto::{KeyEncryptionKey, KeyRing, Place, PurposeKey, SealError};
use platform::db::{Db, DbError, Tx, Value};
use zeroize::Zeroizing;

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[KEY_FIND, KEY_ADD];

const KEY_FIND: &str = "
select sealed
from subject_key
where subject = $1";

const KEY_ADD: &str = "
insert into subject_key (subject, sealed)
values ($1, $2)";

const KEY_BYTES: usize = 32;

pub(crate) struct Keys {
    ring: KeyRing,
    digests: PurposeKey,
}

/// Seals the texts of one owner or entity.
pub(crate) struct Sealer(RandomizedNonceKey);

#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    #[error(transparent)]
    Ring(#[from] SealError),
    #[error(transparent)]
    Store(#[from] DbError),
    #[error("the random generator or a key failed")]
    Library,
}

impl From<KeyError> for DbError {
    fn from(error: KeyError) -> DbError {
        match error {
            KeyError::Store(error) | KeyError::Ring(SealError::Store(error)) => error,
            other => DbError::caused("use a key of banking", platform::db::Fault::Corrupt, other),
        }
    }
}

impl Keys {
    pub(crate) async fn open(db: &Db, kek: &KeyEncryptionKey, clock: Arc<dyn Clock>) -> Result<Keys, SealError> {
        let ring = KeyRing::open(db, kek, clock).await?;
        Ok(Keys { ring, digests: kek.purpose("banking digests") })
    }

    pub(crate) fn seal_part(&self, row: &str, bytes: &[u8]) -> Result<Vec<u8>, KeyError> {
        Ok(self.ring.seal(Place::new("upload_part", "sealed", row), bytes)?)
    }

    pub(crate) async fn unseal_part(&self, row: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        Ok(self.ring.unseal(Place::new("upload_part", "sealed", row), sealed).await?)
    }

    /// The access token of a connection.
    pub(crate) fn seal_item(&self, connection: &str, token: &[u8]) -> Result<Vec<u8>, KeyError> {
        Ok(self.ring.seal(Place::new("plaid_item", "token", connection), token)?)
    }

    pub(crate) async fn unseal_item(&self, connection: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        Ok(self.ring.unseal(Place::new("plaid_item", "token", connection), sealed).await?)
    }

    /// The key of a subject; made when it is first needed.
    pub(crate) async fn sealer(&self, tx: &Tx, subject: &str) -> Result<Sealer, KeyError> {
        if let Some(sealer) = self.find(tx, subject).await? {
            return Ok(sealer);
        }
        let mut bytes = Zeroizing::new([0_u8; KEY_BYTES]);
        rand::fill(&mut *bytes).map_err(|_| KeyError::Library)?;
        let sealed = self.ring.seal(Place::new("subject_key", "sealed", subject), &*bytes)?;
        tx.execute(KEY_ADD, &[Value::Text(subject), Value::Bytes(&sealed)]).await?;
        Sealer::new(&*bytes)
    }

    /// The key of a subject, unless it was erased.
    pub(crate) async fn find(&self, tx: &Tx, subject: &str) -> Result<Option<Sealer>, KeyError> {
        let rows = tx.query(KEY_FIND, &[Value::Text(subject)]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let bytes = self.ring.unseal(Place::new("subject_key", "sealed", subject), row.bytes(0)?).await?;
        Sealer::new(&bytes).map(Some)
    }

    /// Recognises a value without revealing it.
    pub(crate) fn digest(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut bytes = Vec::with_capacity(128);
        for part in parts {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part);
        }
        self.digests.mac(&bytes)
    }

    /// The same in 64 bits, for comparisons within one account.
    pub(crate) fn short(&self, parts: &[&[u8]]) -> i64 {
        let [a, b, c, d, e, f, g, h, ..] = self.digest(parts);
        i64::from_be_bytes([a, b, c, d, e, f, g, h])
    }
}

impl Sealer {
    fn new(bytes: &[u8]) -> Result<Sealer, KeyError> {
        RandomizedNonceKey::new(&AES_256_GCM, bytes).map(Sealer).map_err(|_| KeyError::Library)
    }

    /// Seals a text for its row.
    pub(crate) fn seal(&self, row: i64, plain: &[u8]) -> Result<Vec<u8>, KeyError> {
        let mut text = plain.to_vec();
        let aad = Aad::from(row.to_be_bytes());
        let nonce = self.0.seal_in_place_append_tag(aad, &mut text).map_err(|_| KeyError::Library)?;
        let mut sealed = nonce.as_ref().to_vec();
        sealed.extend_from_slice(&text);
        Ok(sealed)
    }

    pub(crate) fn unseal(&self, row: i64, sealed: &[u8]) -> Result<Vec<u8>, KeyError> {
        let (nonce, text) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(KeyError::Library)?;
        let mut text = text.to_vec();
        let aad = Aad::from(row.to_be_bytes());
        let plain = self.0.open_in_place(Nonce::from(nonce), aad, &mut text).map_err(|_| KeyError::Library)?;
        Ok(plain.to_vec())
    }
}
