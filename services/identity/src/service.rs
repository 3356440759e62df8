//! The service: what all its parts share. Each part implements its trait in a folder of its own.

use std::sync::Arc;

use access::Hears;
use kernel::{Clock, IdMaker};
use platform::crypto::KeyRing;
use platform::db::{Db, DbError, Fault};
use platform::feed::{FeedSignal, Outbox};

use crate::config::IdentityConfig;
use crate::keys::Held;
use crate::store::MIGRATIONS;
use crate::tokens::Issued;

/// The name in events, of the file and of the schema.
const SOURCE: &str = "/identity";

pub struct IdentityService {
    pub(crate) db: Db,
    pub(crate) config: IdentityConfig,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: IdMaker,
    pub(crate) outbox: Outbox,
    /// This process's own copy of what all processes are told.
    pub(crate) hears: Option<Arc<dyn Hears>>,
    /// Woken behind each commit that has an event.
    pub(crate) signal: FeedSignal,
    /// Seals what nobody may read in the store.
    pub(crate) ring: KeyRing,
    pub(crate) keys: Held,
    pub(crate) issued: Issued,
}

/// Brings the store's schema forward; answers how many steps that took.
pub async fn migrate(db: &Db) -> Result<usize, DbError> {
    db.migrate(MIGRATIONS).await
}

impl IdentityService {
    pub async fn start(
        db: Db,
        config: IdentityConfig,
        clock: Arc<dyn Clock>,
        ids: IdMaker,
        hears: Option<Arc<dyn Hears>>,
        ring: KeyRing,
    ) -> Result<IdentityService, DbError> {
        migrate(&db).await?;
        let outbox = Outbox::new(SOURCE, Arc::clone(&clock));
        let signal = FeedSignal::default();
        let issued = Issued::new(db.clone(), outbox.clone(), signal.clone());
        let keys = Held::default();
        let identity = IdentityService { db, config, clock, ids, outbox, hears, signal, ring, keys, issued };
        identity.keep_keys().await.map_err(|error| DbError::caused("make signing keys", Fault::Unreachable, error))?;
        Ok(identity)
    }
}

#[cfg(test)]
mod tests {
    use kernel::SystemClock;
    use platform::crypto::KeyEncryptionKey;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_store_is_made_on_both_engines() {
        testkit::for_each_engine(async |store| {
            let clock: Arc<dyn Clock> = Arc::new(SystemClock);
            let ids = IdMaker::new(Arc::clone(&clock));
            let db = store.open().await;
            migrate(&db).await.unwrap();
            let ring = KeyRing::open(&db, &KeyEncryptionKey::random(), Arc::clone(&clock)).await.unwrap();
            IdentityService::start(db.clone(), IdentityConfig::default(), clock, ids, None, ring).await.unwrap();
            assert_eq!(migrate(&db).await.unwrap(), 0);
            let tx = db.read().await.unwrap();
            for sql in crate::store::all_sql() {
                tx.prepare(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
            }
        })
        .await;
    }
}
