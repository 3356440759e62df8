//! The rest of identity's trait: the terms, events and status.

use access::{Since, Standing};
use async_trait::async_trait;
use identity_api::{Identity, IdentityError, IdentityStatus};
use kernel::Ctx;
use platform::db::DbError;
use platform::error::Failure;
use platform::feed::{Event, Feed, OutboxFeed, Pull};
use std::time::Duration;

use crate::IdentityService;
use crate::permit::may;

const HOW_MANY: &str = "
select terms.version, (select count(*) from person), (select count(*) from client)
from terms
where one = 1";

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[HOW_MANY];

/// Time for the store, in addition to the wait for changes. The caller gives up a moment later.
const STORE_PATIENCE_MS: u64 = 500;

#[async_trait]
impl Identity for IdentityService {
    async fn standing(&self, ctx: &Ctx, since: Since) -> Result<Standing, IdentityError> {
        let patience = Duration::from_millis(since.wait_ms.saturating_add(STORE_PATIENCE_MS));
        let answer = tokio::time::timeout(patience, self.standing_or_news(ctx, since)).await;
        let answer = answer.unwrap_or(Err(IdentityError::Failed(Failure::Unavailable)));
        if answer == Err(IdentityError::Failed(Failure::Unavailable)) {
            // Connections to a store that fell silent are all dead at once, so one that times out speaks for the
            // others.
            self.db.forget_connections();
        }
        answer
    }

    async fn events_after(&self, ctx: &Ctx, pull: Pull) -> Result<Vec<Event>, IdentityError> {
        may(ctx, "events", "read")?;
        // A reply after the deadline is useless.
        let wait_ms = pull.wait_ms.min(ctx.deadline.micros_left(self.clock.monotonic()) / 2_000);
        let feed = OutboxFeed::new(self.db.clone(), self.signal.clone(), self.clock.clone());
        feed.events_after(Pull { wait_ms, ..pull }).await.map_err(|error| Failure::from(error).into())
    }

    async fn status(&self, _: &Ctx) -> Result<IdentityStatus, IdentityError> {
        let look = async {
            let rows = self.db.read().await?.query(HOW_MANY, &[]).await?;
            let row = rows.first().ok_or_else(|| DbError::shape("the terms have no version"))?;
            let number = |column| row.int(column).map(i64::unsigned_abs);
            let waiting = self.passwords.waiting() as u64;
            Ok::<_, DbError>(IdentityStatus { version: number(0)?, users: number(1)?, clients: number(2)?, waiting })
        };
        look.await.map_err(IdentityError::from)
    }
}
