//! Keys: one per customer, which seals what is personal, and one for digests that only recognise.
//!
//! Invariant: once a customer's key is removed, no profile and no text of theirs can be read.

use std::collections::HashMap;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::rand;
use kernel::Clock;
use platform::crypto::{KeyEncryptionKey, KeyRing, Place, PurposeKey, SealError};
use platform::db::{Column, Db, DbError, RowSet, Tx, Value};
use zeroize::Zeroizing;

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[KEY_ADD, KEY_REMOVE];

#[cfg(test)]
pub(crate) const SETS: &[&RowSet] = &[&KEY_FIND];

static KEY_FIND: RowSet = RowSet::new("customer_secret", &[("customer", "bigint"), ("sealed", "bytea")]);

const KEY_ADD: &str = "
insert into customer_secret (customer, sealed)
values ($1, $2)";

const KEY_REMOVE: &str = "
delete from customer_secret
where customer = $1";

const KEY_BYTES: usize = 32;
/// Of a keyed digest, in the store.
pub(crate) const DIGEST_BYTES: usize = 16;

pub(crate) struct Keys {
    ring: KeyRing,
    digests: PurposeKey,
}

/// Seals what is personal about one customer.
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
            other => DbError::caused("use a key of accounts", platform::db::Fault::Corrupt, other),
        }
    }
}

impl Keys {
    pub(crate) async fn open(db: &Db, kek: &KeyEncryptionKey, clock: Arc<dyn Clock>) -> Result<Keys, SealError> {
        let ring = KeyRing::open(db, kek, clock).await?;
        Ok(Keys { ring, digests: kek.purpose("accounts digests") })
    }

    pub(crate) async fn make(&self, tx: &Tx, customer: i64) -> Result<Sealer, KeyError> {
        let mut bytes = Zeroizing::new([0_u8; KEY_BYTES]);
        rand::fill(&mut *bytes).map_err(|_| KeyError::Library)?;
        let row = customer.to_be_bytes();
        let sealed = self.ring.seal(place(&row), &*bytes)?;
        tx.execute(KEY_ADD, &[Value::Int(customer), Value::Bytes(&sealed)]).await?;
        Sealer::new(&*bytes)
    }

    /// Those of customers who were not erased.
    pub(crate) async fn of(&self, tx: &Tx, customers: &[i64]) -> Result<HashMap<i64, Sealer>, KeyError> {
        let mut found = HashMap::with_capacity(customers.len());
        for row in tx.select_many(&KEY_FIND, Column::Int(customers)).await? {
            let customer = row.int(0)?;
            let bytes = self.ring.unseal(place(&customer.to_be_bytes()), row.bytes(1)?).await?;
            found.insert(customer, Sealer::new(&bytes)?);
        }
        Ok(found)
    }

    pub(crate) async fn one(&self, tx: &Tx, customer: i64) -> Result<Option<Sealer>, KeyError> {
        Ok(self.of(tx, &[customer]).await?.remove(&customer))
    }

    pub(crate) async fn remove(&self, tx: &Tx, customer: i64) -> Result<(), DbError> {
        tx.execute(KEY_REMOVE, &[Value::Int(customer)]).await.map(drop)
    }

    /// Recognises a value without revealing it.
    pub(crate) fn digest(&self, text: &str) -> [u8; DIGEST_BYTES] {
        let whole = self.digests.mac(text.as_bytes());
        whole.first_chunk().copied().unwrap_or_default()
    }
}

fn place(row: &[u8; 8]) -> Place<'_> {
    Place::new("customer_secret", "sealed", row)
}

impl Sealer {
    fn new(bytes: &[u8]) -> Result<Sealer, KeyError> {
        RandomizedNonceKey::new(&AES_256_GCM, bytes).map(Sealer).map_err(|_| KeyError::Library)
    }

    /// Seals a text for its place.
    pub(crate) fn seal(&self, place: [i64; 2], plain: &[u8]) -> Result<Vec<u8>, KeyError> {
        let mut text = plain.to_vec();
        let nonce = self.0.seal_in_place_append_tag(bound(place), &mut text).map_err(|_| KeyError::Library)?;
        let mut sealed = nonce.as_ref().to_vec();
        sealed.extend_from_slice(&text);
        Ok(sealed)
    }

    pub(crate) fn unseal(&self, place: [i64; 2], sealed: &[u8]) -> Result<Vec<u8>, KeyError> {
        let (nonce, text) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(KeyError::Library)?;
        let mut text = text.to_vec();
        let plain = self.0.open_in_place(Nonce::from(nonce), bound(place), &mut text).map_err(|_| KeyError::Library)?;
        Ok(plain.to_vec())
    }
}

fn bound([one, two]: [i64; 2]) -> Aad<[u8; 16]> {
    let bits = (i128::from(one) << 64) | i128::from(two.cast_unsigned());
    Aad::from(bits.to_be_bytes())
}
