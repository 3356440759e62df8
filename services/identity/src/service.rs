//! The service: the state that all its parts share. Each part implements its trait in its own directory.

use std::sync::Arc;

use access::Hears;
use identity_api::{IdentityError, Refusal};
use kernel::{Clock, Ctx, IdMaker};
use platform::crypto::{KeyEncryptionKey, KeyRing, PurposeKey, SealError};
use platform::db::{Db, DbError};
use platform::deadline;
use platform::feed::{FeedSignal, Outbox};
use platform::once::Once;

use crate::change::Began;
use crate::channels::Channels;
use crate::config::IdentityConfig;
use crate::keys::Held;
use crate::passwords::{Passwords, PasswordsError};
use crate::tokens::Issued;

/// The name in events, of the file and of the schema.
const SOURCE: &str = "/identity";

pub struct IdentityService {
    pub(crate) db: Db,
    pub(crate) config: IdentityConfig,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) began: Began,
    pub(crate) ids: IdMaker,
    pub(crate) outbox: Outbox,
    /// This process's own copy of the terms.
    pub(crate) hears: Option<Arc<dyn Hears>>,
    /// Notified after each commit that has an event.
    pub(crate) signal: FeedSignal,
    /// Seals what has to be read again, such as app secrets.
    pub(crate) ring: KeyRing,
    /// What is only compared, and could be guessed, is stored as a digest under this key.
    pub(crate) codes_key: PurposeKey,
    pub(crate) passwords: Passwords,
    pub(crate) channels: Channels,
    pub(crate) keys: Held,
    pub(crate) issued: Issued,
    /// Idempotency keys of administrators' commands.
    pub(crate) once: Once<Refusal>,
}

/// Why identity did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Store(#[from] DbError),
    #[error(transparent)]
    Keys(#[from] SealError),
    #[error(transparent)]
    Passwords(#[from] PasswordsError),
    #[error("no signing keys: {0}")]
    Signing(IdentityError),
}

/// Migrates the store's schema; returns the number of steps.
pub async fn migrate(db: &Db) -> Result<usize, DbError> {
    platform::room::migrate(&crate::ROOM, db).await
}

impl IdentityService {
    pub async fn start(
        db: Db,
        config: IdentityConfig,
        clock: Arc<dyn Clock>,
        ids: IdMaker,
        hears: Option<Arc<dyn Hears>>,
        kek: &KeyEncryptionKey,
    ) -> Result<IdentityService, StartError> {
        migrate(&db).await?;
        let ring = KeyRing::open(&db, kek, Arc::clone(&clock)).await?;
        let codes_key = kek.purpose("identity codes");
        let passwords = Passwords::start(&config, Arc::clone(&clock))?;
        let outbox = Outbox::new(SOURCE, Arc::clone(&clock));
        let (signal, channels) = (FeedSignal::default(), Channels::default());
        let began = Began::now(&*clock);
        let once = Once::new(kek, Arc::clone(&clock));
        let issued = Issued::new(db.clone(), outbox.clone(), signal.clone());
        let identity = IdentityService {
            db,
            config,
            clock,
            began,
            ids,
            outbox,
            hears,
            signal,
            ring,
            codes_key,
            passwords,
            channels,
            keys: Held::default(),
            issued,
            once,
        };
        identity.keep_keys().await.map_err(StartError::Signing)?;
        // Before the first request: a gate without terms accepts no token.
        identity.tell_here().await?;
        Ok(identity)
    }

    /// Ends a call at the caller's deadline, even if the store hangs.
    pub(crate) fn in_time<T>(
        &self,
        ctx: &Ctx,
        work: impl Future<Output = Result<T, IdentityError>>,
    ) -> impl Future<Output = Result<T, IdentityError>> {
        deadline::in_time(ctx, &self.clock, work)
    }

    /// Passwords hashed since the start.
    pub fn passwords_hashed(&self) -> u64 {
        self.passwords.hashes()
    }

    /// Sets the signal that it notifies after each commit with an event.
    pub fn with_signal(self, signal: FeedSignal) -> IdentityService {
        let issued = Issued::new(self.db.clone(), self.outbox.clone(), signal.clone());
        IdentityService { signal, issued, ..self }
    }

    /// Sets the channels for codes. Without any, none are sent.
    pub fn with_channels(self, channels: Channels) -> IdentityService {
        IdentityService { channels, ..self }
    }
}

#[cfg(test)]
mod tests {
    use kernel::SystemClock;
    use platform::crypto::KeyEncryptionKey;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_store_is_created_on_both_engines() {
        testkit::for_each_engine(async |store| {
            let clock: Arc<dyn Clock> = Arc::new(SystemClock);
            let ids = IdMaker::new(Arc::clone(&clock));
            let db = store.open().await;
            let kek = KeyEncryptionKey::random();
            IdentityService::start(db.clone(), IdentityConfig::default(), clock, ids, None, &kek).await.unwrap();
            assert_eq!(migrate(&db).await.unwrap(), 0);
            let tx = db.read().await.unwrap();
            for sql in crate::store::all_sql() {
                tx.prepare(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
            }
            for set in crate::people::SETS {
                tx.prepare_set(set).await.unwrap();
            }
        })
        .await;
    }
}
