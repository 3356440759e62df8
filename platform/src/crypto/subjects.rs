//! A key for each data subject: what is sealed under it becomes unreadable, in every copy, once the key is destroyed.
//!
//! The keys are in a store of their own, each wrapped under the master key. That store is not part of the backups of
//! the data, so a backup has sealed values without the keys that open them; and an erasure is on a list outside of
//! every store before the key is destroyed, so that even a restored store of keys forgets the subject again.
//!
//! Invariants: an erased subject gets no new key; a key that another process has destroyed opens nothing here after
//! [`REMEMBERED_MS`]; neither a key nor a value is ever printed.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use kernel::{Clock, Monotonic};
use zeroize::Zeroizing;

use super::erasures::is_subject;
use super::{Erasure, ErasureError, Erasures, KeyEncryptionKey, Place, token};
use crate::db::{Db, DbError, Migration, Tx, Value};

/// For the store of keys.
pub const SUBJECT_KEY_MIGRATIONS: &[Migration] = &[Migration { version: 1, name: "subject keys", sql: TABLE }];

/// How long a key that was read is used without looking whether it still exists.
pub const REMEMBERED_MS: u64 = 1_000;
/// Keys remembered at the same time; beyond that all are forgotten.
const REMEMBERED_MAX: usize = 10_000;

const TABLE: &str = "
create table subject_key (
    subject TEXT not null,
    wrapped BYTES not null,
    made_at BIGINT not null,
    erased_at BIGINT,
    primary key (subject)
) CLUSTERED;
";

const KEY_FIND: &str = "
select wrapped, erased_at
from subject_key
where subject = $1";

const KEY_ADD: &str = "
insert into subject_key (subject, wrapped, made_at)
values ($1, $2, $3)
on conflict (subject) do nothing";

/// The row stays, so that nobody makes a new key; what it wrapped is gone.
const KEY_DESTROY: &str = "
insert into subject_key (subject, wrapped, made_at, erased_at)
values ($1, $2, $3, $3)
on conflict (subject) do update
set wrapped = excluded.wrapped, erased_at = coalesce(subject_key.erased_at, excluded.erased_at)";

/// The first byte of a value sealed under a subject's key. Then come the nonce, and the ciphertext with its tag.
const VERSION: u8 = 2;

#[derive(Debug, thiserror::Error)]
pub enum SubjectError {
    /// What was sealed cannot be opened any more, and nothing new is sealed.
    #[error("the data subject was erased")]
    Erased,
    #[error("the value in {place} is not sealed under a subject's key")]
    Malformed { place: String },
    #[error("the value in {place} was modified, or sealed for another place or subject")]
    NotAuthentic { place: String },
    #[error("a subject's key lies under another master key, or was modified in the store")]
    KeyDamaged,
    #[error(transparent)]
    List(#[from] ErasureError),
    #[error("the keys of data subjects could not be read or written")]
    Store(#[from] DbError),
}

/// A handle that is cheap to clone.
#[derive(Clone)]
pub struct SubjectKeys {
    inner: Arc<Inner>,
}

struct Inner {
    db: Db,
    wrapping: RandomizedNonceKey,
    erasures: Erasures,
    clock: Arc<dyn Clock>,
    remembered: Mutex<HashMap<String, Remembered>>,
}

#[derive(Clone)]
struct Remembered {
    key: Arc<RandomizedNonceKey>,
    read_at: Monotonic,
}

impl SubjectKeys {
    /// `db` is the store of keys; it is migrated, and every erasure of the list is applied to it.
    ///
    /// # Errors
    /// The store's, or the list's.
    pub async fn open(
        db: Db,
        kek: &KeyEncryptionKey,
        erasures: Erasures,
        clock: Arc<dyn Clock>,
    ) -> Result<SubjectKeys, SubjectError> {
        db.migrate(SUBJECT_KEY_MIGRATIONS).await?;
        let (wrapping, remembered) = (key_of(&kek.derive("subject keys")), Mutex::default());
        let keys = SubjectKeys { inner: Arc::new(Inner { db, wrapping, erasures, clock, remembered }) };
        for erasure in keys.erasures()? {
            keys.destroyed(&erasure).await?;
        }
        Ok(keys)
    }

    /// All erasures so far, for the data that is not sealed.
    ///
    /// # Errors
    /// The list's.
    pub fn erasures(&self) -> Result<Vec<Erasure>, SubjectError> {
        Ok(self.inner.erasures.all()?)
    }

    /// Seals a value of a subject for its place. The subject's key is made by its first value.
    ///
    /// # Errors
    /// The subject was erased; the store's.
    pub async fn seal(&self, subject: &str, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>, SubjectError> {
        let key = match self.find(subject).await? {
            Some(key) => key,
            None => self.make(subject).await?,
        };
        Ok(sealed(&key, subject, place, plain))
    }

    /// Opens a value that was sealed for this subject and place.
    ///
    /// # Errors
    /// The subject was erased; the value was modified; the store's.
    pub async fn unseal(
        &self,
        subject: &str,
        place: Place<'_>,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, SubjectError> {
        match self.find(subject).await? {
            Some(key) => opened(&key, subject, place, sealed),
            None => Err(SubjectError::Erased),
        }
    }

    /// Destroys the key of a subject, after the erasure is on the list. A repeat changes nothing, and lists nothing again.
    ///
    /// # Errors
    /// The list's, in which case nothing happened; the store's, in which case the next start destroys the key.
    pub async fn destroy(&self, subject: &str) -> Result<(), SubjectError> {
        if matches!(self.find(subject).await, Err(SubjectError::Erased)) {
            return Ok(());
        }
        let erasure = Erasure { at: self.inner.clock.now(), subject: subject.to_owned() };
        self.inner.erasures.add(&erasure)?;
        self.destroyed(&erasure).await
    }

    async fn destroyed(&self, erasure: &Erasure) -> Result<(), SubjectError> {
        let values = [Value::Text(&erasure.subject), Value::Bytes(b""), Value::Int(erasure.at.micros())];
        let tx = self.inner.db.begin().await?;
        tx.execute(KEY_DESTROY, &values).await?;
        tx.commit().await.map_err(DbError::from)?;
        self.inner.remembered().remove(&erasure.subject);
        Ok(())
    }

    async fn find(&self, subject: &str) -> Result<Option<Arc<RandomizedNonceKey>>, SubjectError> {
        if let Some(key) = self.inner.recall(subject) {
            return Ok(Some(key));
        }
        let tx = self.inner.db.read().await?;
        let found = self.read(&tx, subject).await?;
        tx.commit().await.map_err(DbError::from)?;
        Ok(found)
    }

    async fn read(&self, tx: &Tx, subject: &str) -> Result<Option<Arc<RandomizedNonceKey>>, SubjectError> {
        let rows = tx.query(KEY_FIND, &[Value::Text(subject)]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        if row.int_or_null(1)?.is_some() {
            return Err(SubjectError::Erased);
        }
        let wrapped = opened(&self.inner.wrapping, subject, of_key(subject), row.bytes(0)?);
        let bytes = wrapped.map_err(|_| SubjectError::KeyDamaged)?;
        let bytes: &[u8; 32] = bytes.as_slice().try_into().map_err(|_| SubjectError::KeyDamaged)?;
        Ok(Some(self.inner.remember(subject, key_of(bytes))))
    }

    async fn make(&self, subject: &str) -> Result<Arc<RandomizedNonceKey>, SubjectError> {
        if !is_subject(subject) {
            return Err(ErasureError::SubjectInvalid(subject.to_owned()).into());
        }
        let mut bytes = Zeroizing::new([0; 32]);
        token::fill(&mut *bytes);
        let wrapped = sealed(&self.inner.wrapping, subject, of_key(subject), &*bytes);
        let values = [Value::Text(subject), Value::Bytes(&wrapped), Value::Int(self.inner.clock.now().micros())];
        let tx = self.inner.db.begin().await?;
        tx.execute(KEY_ADD, &values).await?;
        // Another process may have been faster: its key counts.
        let key = self.read(&tx, subject).await?.ok_or(SubjectError::KeyDamaged)?;
        tx.commit().await.map_err(DbError::from)?;
        Ok(key)
    }
}

impl Inner {
    fn recall(&self, subject: &str) -> Option<Arc<RandomizedNonceKey>> {
        let now = self.clock.monotonic();
        let remembered = self.remembered();
        let known = remembered.get(subject)?;
        (now.micros_since(known.read_at) < REMEMBERED_MS * 1_000).then(|| Arc::clone(&known.key))
    }

    fn remember(&self, subject: &str, key: RandomizedNonceKey) -> Arc<RandomizedNonceKey> {
        let (key, read_at) = (Arc::new(key), self.clock.monotonic());
        let mut remembered = self.remembered();
        if remembered.len() >= REMEMBERED_MAX {
            remembered.clear();
        }
        remembered.insert(subject.to_owned(), Remembered { key: Arc::clone(&key), read_at });
        key
    }

    fn remembered(&self) -> MutexGuard<'_, HashMap<String, Remembered>> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn of_key(subject: &str) -> Place<'_> {
    Place::new("subject_key", "wrapped", subject)
}

fn key_of(bytes: &[u8; 32]) -> RandomizedNonceKey {
    RandomizedNonceKey::new(&AES_256_GCM, bytes).expect("32 bytes are a key of AES-256")
}

fn sealed(key: &RandomizedNonceKey, subject: &str, place: Place<'_>, plain: &[u8]) -> Vec<u8> {
    let bound = Aad::from(place.bound_to(&bound_to(subject)));
    let mut body = plain.to_vec();
    let nonce = key.seal_in_place_append_tag(bound, &mut body).expect("the value is shorter than 64 gigabytes");
    [&[VERSION][..], nonce.as_ref(), &body].concat()
}

fn opened(
    key: &RandomizedNonceKey,
    subject: &str,
    place: Place<'_>,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, SubjectError> {
    let parts = sealed.split_first().filter(|(version, _)| **version == VERSION);
    let (nonce, body) = parts
        .and_then(|(_, rest)| rest.split_first_chunk::<NONCE_LEN>())
        .ok_or_else(|| SubjectError::Malformed { place: place.to_string() })?;
    let bound = Aad::from(place.bound_to(&bound_to(subject)));
    let mut plain = Zeroizing::new(body.to_vec());
    let length = key
        .open_in_place(Nonce::assume_unique_for_key(*nonce), bound, &mut plain)
        .map_err(|_| SubjectError::NotAuthentic { place: place.to_string() })?
        .len();
    plain.truncate(length);
    Ok(plain)
}

fn bound_to(subject: &str) -> Vec<u8> {
    [&[VERSION][..], subject.as_bytes()].concat()
}

impl fmt::Debug for SubjectKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SubjectKeys(***)")
    }
}
