//! The service: what all its parts share. Each part implements its trait in a folder of its own.

use std::sync::Arc;

use access::Hears;
use kernel::{Clock, IdMaker};
use platform::db::{Db, DbError};
use platform::feed::{FeedSignal, Outbox};

use crate::config::IdentityConfig;
use crate::store::MIGRATIONS;

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
    ) -> Result<IdentityService, DbError> {
        migrate(&db).await?;
        let outbox = Outbox::new(SOURCE, Arc::clone(&clock));
        let service = IdentityService { db, config, clock, ids, outbox, hears, signal: FeedSignal::default() };
        // Before the first request: a gate that has heard nothing believes nobody.
        service.tell_here().await?;
        Ok(service)
    }
}

#[cfg(test)]
mod tests {
    use kernel::SystemClock;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_store_is_made_on_both_engines() {
        testkit::for_each_engine(async |store| {
            let clock: Arc<dyn Clock> = Arc::new(SystemClock);
            let ids = IdMaker::new(Arc::clone(&clock));
            let db = store.open().await;
            IdentityService::start(db.clone(), IdentityConfig::default(), clock, ids, None).await.unwrap();
            assert_eq!(migrate(&db).await.unwrap(), 0);
            let tx = db.read().await.unwrap();
            for sql in crate::store::all_sql() {
                tx.prepare(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
            }
        })
        .await;
    }
}
