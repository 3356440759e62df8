//! Keys of notifications: what is about a person is sealed under that person's key, the rest under the room's own, and
//! addresses are recognised by keyed digests.
//!
//! Invariant: destroying a subject's key makes their contact, and the data and addresses of their messages,
//! unreadable.

use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::rand;
use kernel::Clock;
use notifications_api::{Channel, NotificationsError, Refusal};
use platform::crypto::{
    Erasures, KeyEncryptionKey, KeyRing, Place, PurposeKey, SealError, SubjectError, SubjectKeys, same,
};
use platform::db::{Access, Budget, Db, DbError, Fault, Target};
use zeroize::Zeroizing;

/// The store of subjects' keys, next to the room's own.
const BESIDE: &str = "subjects";
const READERS: usize = 2;
/// Random numbers from here on would make some codes likelier than others.
const EVEN_MAX: u32 = u32::MAX - u32::MAX % 1_000_000;

pub(crate) struct Keys {
    subjects: SubjectKeys,
    ring: KeyRing,
    digests: PurposeKey,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    #[error("the data subject {0} was erased")]
    Erased(String),
    #[error(transparent)]
    Store(#[from] DbError),
    #[error("a value of a data subject cannot be sealed or opened")]
    Subject(#[source] SubjectError),
    #[error(transparent)]
    Ring(SealError),
}

impl From<SealError> for KeyError {
    fn from(error: SealError) -> KeyError {
        match error {
            SealError::Store(error) => KeyError::Store(error),
            other => KeyError::Ring(other),
        }
    }
}

impl From<KeyError> for DbError {
    fn from(error: KeyError) -> DbError {
        match error {
            KeyError::Store(error) => error,
            other => DbError::caused("use a key of notifications", Fault::Corrupt, other),
        }
    }
}

impl From<KeyError> for NotificationsError {
    fn from(error: KeyError) -> NotificationsError {
        match error {
            KeyError::Erased(subject) => Refusal::SubjectErased { subject }.into(),
            other => DbError::from(other).into(),
        }
    }
}

fn of_subject(subject: &str) -> impl Fn(SubjectError) -> KeyError {
    move |error| match error {
        SubjectError::Erased => KeyError::Erased(subject.to_owned()),
        SubjectError::Store(error) => KeyError::Store(error),
        other => KeyError::Subject(other),
    }
}

/// Where the keys of data subjects are.
pub(crate) struct Beside<'a> {
    pub(crate) target: Target,
    pub(crate) budget: Budget,
    /// Outside of the data and of its backups.
    pub(crate) erasures: &'a Path,
}

impl Keys {
    pub(crate) async fn open(
        db: &Db,
        beside: Beside<'_>,
        kek: &KeyEncryptionKey,
        clock: Arc<dyn Clock>,
    ) -> Result<Keys, KeyError> {
        let store = beside.target.beside(BESIDE);
        let store = Db::open_within(&beside.budget, store, Access::ReadWrite, READERS).await?;
        let list = Erasures::at(beside.erasures);
        let subjects = SubjectKeys::open(store, kek, list, Arc::clone(&clock)).await.map_err(KeyError::Subject)?;
        let ring = KeyRing::open(db, kek, clock).await?;
        Ok(Keys { subjects, ring, digests: kek.purpose("notification digests") })
    }

    /// Seals a value under a subject's key, or the room's.
    pub(crate) async fn seal(&self, holder: Option<&str>, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>, KeyError> {
        match holder {
            Some(subject) => self.subjects.seal(subject, place, plain).await.map_err(of_subject(subject)),
            None => Ok(self.ring.seal(place, plain)?),
        }
    }

    pub(crate) async fn unseal(
        &self,
        holder: Option<&str>,
        place: Place<'_>,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        match holder {
            Some(subject) => self.subjects.unseal(subject, place, sealed).await.map_err(of_subject(subject)),
            None => Ok(self.ring.unseal(place, sealed).await?),
        }
    }

    /// Recognises an address without revealing it.
    pub(crate) fn address(&self, channel: Channel, address: &str) -> [u8; 32] {
        let channel: &'static str = channel.into();
        self.digest(&["address", channel, &address.to_lowercase()])
    }

    /// Recognises a value without revealing it.
    pub(crate) fn digest(&self, parts: &[&str]) -> [u8; 32] {
        let mut bytes = Vec::with_capacity(128);
        for part in parts {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        self.digests.mac(&bytes)
    }

    pub(crate) fn is_code(&self, subject: &str, code: &str, key: &[u8]) -> bool {
        same(&self.digest(&["code", subject, code]), key)
    }
}

/// Six random digits.
pub(crate) fn code() -> Result<String, DbError> {
    loop {
        let mut bytes = [0; 4];
        rand::fill(&mut bytes).map_err(|_| DbError::new("draw a random number", Fault::Io))?;
        let number = u32::from_be_bytes(bytes);
        if number < EVEN_MAX {
            return Ok(format!("{:06}", number % 1_000_000));
        }
    }
}
