//! The questions that are about all of identity: what every process has to know, what happened, and how it is.

use std::sync::Arc;
use std::time::Duration;

use access::{Since, Standing};
use async_trait::async_trait;
use identity_api::{Identity, IdentityError, IdentityStatus};
use kernel::Ctx;
use platform::db::DbError;
use platform::feed::{Event, Feed, OutboxFeed, Pull};

use crate::IdentityService;
use crate::errors::store_error;
use crate::permit;

const COUNTS: &str = "
select terms.version, (select count(*) from person), (select count(*) from client)
from terms
where terms.one = 1";

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[COUNTS];

#[async_trait]
impl Identity for IdentityService {
    async fn standing(&self, ctx: &Ctx, since: Since) -> Result<Standing, IdentityError> {
        self.standing_or_news(ctx, since).await
    }

    async fn events_after(&self, ctx: &Ctx, pull: Pull) -> Result<Vec<Event>, IdentityError> {
        permit::may(ctx, "events", "read")?;
        // An answer that comes behind the deadline is none.
        let wait_ms = pull.wait_ms.min(ctx.deadline.micros_left(self.clock.monotonic()) / 2_000);
        let feed = OutboxFeed::new(self.db.clone(), self.signal.clone(), Arc::clone(&self.clock));
        feed.events_after(Pull { wait_ms, ..pull }).await.map_err(|error| {
            tracing::warn!(%error, "identity's events could not be told");
            IdentityError::Unavailable
        })
    }

    async fn status(&self, _: &Ctx) -> Result<IdentityStatus, IdentityError> {
        let counted = async {
            let rows = self.db.read().await?.query(COUNTS, &[]).await?;
            let row = rows.first().ok_or_else(|| DbError::shape("the terms have no version"))?;
            Ok([row.int(0)?, row.int(1)?, row.int(2)?].map(i64::unsigned_abs))
        };
        let [version, users, clients] = counted.await.map_err(store_error)?;
        Ok(IdentityStatus { version, users, clients, waiting: self.passwords.waiting() as u64 })
    }
}

/// Between two looks whether a key has to be made or another one has to sign.
const TENDED_EVERY: Duration = Duration::from_secs(30);

impl IdentityService {
    /// What has to be done now and then, until the service is gone.
    pub fn tend(self: &Arc<IdentityService>) {
        let service = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(TENDED_EVERY).await;
                let Some(service) = service.upgrade() else { return };
                if let Err(error) = service.keep_keys().await {
                    tracing::warn!(%error, "the signing keys were not looked after; trying again");
                }
            }
        });
    }

    /// Moves what the write-ahead log holds into the file, so that the file alone is the store.
    pub async fn close(&self) {
        if let Err(error) = self.db.checkpoint().await {
            tracing::warn!(%error, "the write-ahead log was left beside identity's store");
        }
    }
}
