//! Seals values under a service's data keys, and opens them.
//!
//! Sealing does not access the store, so it can be done inside a transaction: each process reserves a block of uses of
//! the newest key, recorded before the first of them. A task of the ring reserves the next block, and creates the next
//! key after 2^30 uses or 30 days. Old keys open what they sealed for as long as their rows exist.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use kernel::{Clock, Timestamp};
use tokio::sync::Notify;
use zeroize::Zeroizing;

use super::table::{self, Stored};
use super::{KeyEncryptionKey, Place, token};
use crate::db::{Db, DbError, Tx};

/// With random nonces, the chance that two are equal is then one in 2^37.
const USES_MAX: i64 = 1 << 30;
const AGE_MAX_US: u64 = 30 * 24 * 60 * 60 * 1_000_000;
/// Uses reserved at a time. A crash loses the rest of a block.
const BLOCK: i64 = 1 << 16;
const TENDED_EVERY: Duration = Duration::from_secs(60);

/// The first byte of a sealed value. Then come the number of the key, the nonce, and the ciphertext with its tag.
const VERSION: u8 = 1;
const HEADER: usize = 1 + size_of::<i64>();

#[derive(Debug, thiserror::Error)]
pub enum SealError {
    #[error(
        "the data key {id} lies under another key than the one given; bring back the file (crypto.key_file) or the secret \
         (JWT_SECRET) that this store was filled with"
    )]
    WrongMaster { id: i64 },
    #[error("the data key {id} was modified in the store")]
    KeyDamaged { id: i64 },
    #[error("all reserved uses of the data key are spent, and no more could be reserved")]
    Exhausted,
    #[error("the value in {place} is not a sealed value")]
    Malformed { place: String },
    #[error("the value in {place} is sealed by the data key {id}, which this store does not have")]
    UnknownKey { place: String, id: i64 },
    #[error("the value in {place} was modified, or sealed for another place")]
    NotAuthentic { place: String },
    #[error("the data keys could not be read or written")]
    Store(#[from] DbError),
}

/// A handle that is cheap to clone.
#[derive(Clone)]
pub struct KeyRing {
    inner: Arc<Inner>,
}

struct Inner {
    db: Db,
    clock: Arc<dyn Clock>,
    master: Master,
    keys: RwLock<Keys>,
    low: Arc<Notify>,
}

struct Keys {
    known: HashMap<i64, Arc<RandomizedNonceKey>>,
    current: Arc<Current>,
}

/// The key that seals now, and its remaining reserved uses in this process.
struct Current {
    id: i64,
    key: Arc<RandomizedNonceKey>,
    made_at: Timestamp,
    left: AtomicI64,
}

impl KeyRing {
    /// Reads the store's keys, whose tables ([`KEY_TABLES`](super::KEY_TABLES)) must exist, and creates the first one.
    pub async fn open(db: &Db, kek: &KeyEncryptionKey, clock: Arc<dyn Clock>) -> Result<KeyRing, SealError> {
        let master = Master::new(kek);
        let mut known = HashMap::new();
        for stored in table::list(&db.read().await?).await? {
            known.insert(stored.id, Arc::new(master.unwrap(&stored)?));
        }
        let current = Arc::new(reserve(db, &master, &clock, Wanted::Newest).await?);
        known.insert(current.id, Arc::clone(&current.key));
        let low = Arc::new(Notify::new());
        let keys = RwLock::new(Keys { known, current });
        let inner = Arc::new(Inner { db: db.clone(), clock, master, keys, low: Arc::clone(&low) });
        tokio::spawn(tend(Arc::downgrade(&inner), low));
        Ok(KeyRing { inner })
    }

    /// Seals a value for its place. Never waits.
    pub fn seal(&self, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let current = self.inner.current();
        let use_one = |left: i64| if left > 0 { Some(left - 1) } else { None };
        let left = current.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, use_one);
        if left.map_or(true, |left| left <= BLOCK / 2) || self.inner.is_old(&current) {
            self.inner.low.notify_one();
        }
        left.map_err(|_| SealError::Exhausted)?;
        Ok(sealed(&current.key, current.id, place, plain))
    }

    /// Opens a value that this or another process sealed for this place.
    pub async fn unseal(&self, place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let id = key_id(sealed).ok_or_else(|| SealError::Malformed { place: place.to_string() })?;
        let key = match self.inner.known(id) {
            Some(key) => key,
            None => self.inner.fetch(place, id).await?,
        };
        opened(&key, place, sealed)
    }

    /// Creates the next key before it is time, and returns its number. This process seals under it from now on, others
    /// within a minute; what is sealed under older keys still opens.
    pub async fn renew(&self) -> Result<i64, SealError> {
        self.inner.reserve(Wanted::Next).await?;
        Ok(self.current())
    }

    /// The number of the key that seals now.
    pub fn current(&self) -> i64 {
        self.inner.current().id
    }

    /// The number of the key that a value is sealed under.
    pub fn key_of(sealed: &[u8]) -> Option<i64> {
        key_id(sealed)
    }

    /// Reserves the next uses, or creates the next key, if it is time. The ring does this by itself, each minute and
    /// when uses run low.
    pub async fn tend(&self) -> Result<(), SealError> {
        self.inner.tend().await
    }
}

impl Inner {
    fn current(&self) -> Arc<Current> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner).current)
    }

    fn known(&self, id: i64) -> Option<Arc<RandomizedNonceKey>> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).known.get(&id).cloned()
    }

    fn is_old(&self, current: &Current) -> bool {
        is_over(current.made_at, self.clock.now())
    }

    /// A key that another process has created since.
    async fn fetch(&self, place: Place<'_>, id: i64) -> Result<Arc<RandomizedNonceKey>, SealError> {
        // The caller may hold a reader.
        let stored = table::find(&self.db.read_later().await?, id).await?;
        let stored = stored.ok_or_else(|| SealError::UnknownKey { place: place.to_string(), id })?;
        let key = Arc::new(self.master.unwrap(&stored)?);
        self.keys.write().unwrap_or_else(PoisonError::into_inner).known.insert(id, Arc::clone(&key));
        Ok(key)
    }

    async fn tend(&self) -> Result<(), SealError> {
        let current = self.current();
        let lasts = current.left.load(Ordering::Relaxed) > BLOCK / 2 && !self.is_old(&current);
        if lasts && table::newest(&self.db.read().await?).await?.is_none_or(|newest| newest.id == current.id) {
            return Ok(());
        }
        self.reserve(Wanted::Newest).await
    }

    async fn reserve(&self, wanted: Wanted) -> Result<(), SealError> {
        let next = reserve(&self.db, &self.master, &self.clock, wanted).await?;
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        if keys.current.id == next.id {
            keys.current.left.fetch_add(BLOCK, Ordering::Relaxed);
        } else {
            keys.known.insert(next.id, Arc::clone(&next.key));
            keys.current = Arc::new(next);
        }
        Ok(())
    }
}

async fn tend(inner: Weak<Inner>, low: Arc<Notify>) {
    loop {
        // Either way, it is time to check.
        let _ = tokio::time::timeout(TENDED_EVERY, low.notified()).await;
        let Some(inner) = inner.upgrade() else { return };
        if let Err(error) = inner.tend().await {
            tracing::warn!(%error, "no further uses of a data key could be reserved");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}

/// Which key a block is reserved of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// The newest, while it lasts.
    Newest,
    /// A new one.
    Next,
}

/// Reserves a block of uses of the newest key, or of a new one; recorded before the first use.
async fn reserve(db: &Db, master: &Master, clock: &Arc<dyn Clock>, wanted: Wanted) -> Result<Current, SealError> {
    let (master_of_work, now) = (master.clone(), clock.now());
    let stored = db
        .write(move |tx| {
            let master = master_of_work.clone();
            Box::pin(async move { reserve_in(tx, &master, now, wanted).await })
        })
        .await
        .map_err(DbError::from)?;
    let key = Arc::new(master.unwrap(&stored)?);
    Ok(Current { id: stored.id, key, made_at: stored.made_at, left: AtomicI64::new(BLOCK) })
}

async fn reserve_in(tx: &Tx, master: &Master, now: Timestamp, wanted: Wanted) -> Result<Stored, DbError> {
    tx.one_at_a_time().await?;
    let newest = table::newest(tx).await?;
    let next_id = newest.as_ref().map_or(1, |key| key.id + 1);
    match newest {
        // Wrapped under a different master key: unwrapping refuses it, and no key is added to a store that is not ours.
        Some(key) if !master.is_of(&key) => Ok(key),
        Some(key) if wanted == Wanted::Newest && key.uses + BLOCK <= USES_MAX && !is_over(key.made_at, now) => {
            table::set_uses(tx, key.id, key.uses + BLOCK).await?;
            Ok(key)
        }
        _ => {
            let key = master.new_key(next_id, now);
            table::add(tx, &key).await?;
            Ok(key)
        }
    }
}

fn is_over(made_at: Timestamp, now: Timestamp) -> bool {
    now.micros().saturating_sub(made_at.micros()) >= AGE_MAX_US.cast_signed()
}

/// The key that wraps the data keys.
#[derive(Clone)]
struct Master {
    wrapping: Arc<RandomizedNonceKey>,
    known_by: [u8; 8],
}

impl Master {
    fn new(kek: &KeyEncryptionKey) -> Master {
        let fingerprint = kek.derive("fingerprint");
        let known_by = fingerprint.first_chunk().copied().unwrap_or_default();
        Master { wrapping: Arc::new(key_of(&kek.derive("data keys"))), known_by }
    }

    fn is_of(&self, stored: &Stored) -> bool {
        stored.wrapped_under == self.known_by
    }

    fn new_key(&self, id: i64, now: Timestamp) -> Stored {
        let mut bytes = Zeroizing::new([0; 32]);
        token::fill(&mut *bytes);
        let wrapped = sealed(&self.wrapping, id, Place::new("data_key", "wrapped", &id.to_be_bytes()), &*bytes);
        Stored { id, wrapped, wrapped_under: self.known_by.to_vec(), made_at: now, uses: BLOCK }
    }

    fn unwrap(&self, stored: &Stored) -> Result<RandomizedNonceKey, SealError> {
        let id = stored.id;
        if !self.is_of(stored) {
            return Err(SealError::WrongMaster { id });
        }
        let row = id.to_be_bytes();
        let place = Place::new("data_key", "wrapped", &row);
        let bytes = opened(&self.wrapping, place, &stored.wrapped).map_err(|_| SealError::KeyDamaged { id })?;
        let bytes: &[u8; 32] = bytes.as_slice().try_into().map_err(|_| SealError::KeyDamaged { id })?;
        Ok(key_of(bytes))
    }
}

fn key_of(bytes: &[u8; 32]) -> RandomizedNonceKey {
    RandomizedNonceKey::new(&AES_256_GCM, bytes).expect("32 bytes are a key of AES-256")
}

fn sealed(key: &RandomizedNonceKey, id: i64, place: Place<'_>, plain: &[u8]) -> Vec<u8> {
    let mut header = vec![VERSION];
    header.extend_from_slice(&id.to_be_bytes());
    let bound = Aad::from(place.bound_to(&header));
    let mut body = plain.to_vec();
    let nonce = key.seal_in_place_append_tag(bound, &mut body).expect("the value is shorter than 64 gigabytes");
    [header.as_slice(), nonce.as_ref(), &body].concat()
}

fn key_id(sealed: &[u8]) -> Option<i64> {
    let (version, rest) = sealed.split_first()?;
    let id = rest.first_chunk().copied().map(i64::from_be_bytes)?;
    (*version == VERSION).then_some(id)
}

fn opened(key: &RandomizedNonceKey, place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let parts = sealed.split_at_checked(HEADER).and_then(|(header, rest)| Some((header, rest.split_first_chunk()?)));
    let (header, (nonce, body)): (_, (&[u8; NONCE_LEN], _)) =
        parts.ok_or_else(|| SealError::Malformed { place: place.to_string() })?;
    let bound = Aad::from(place.bound_to(header));
    let mut plain = Zeroizing::new(body.to_vec());
    let length = key
        .open_in_place(Nonce::assume_unique_for_key(*nonce), bound, &mut plain)
        .map_err(|_| SealError::NotAuthentic { place: place.to_string() })?
        .len();
    plain.truncate(length);
    Ok(plain)
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyRing(***)")
    }
}
