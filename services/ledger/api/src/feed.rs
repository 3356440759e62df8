//! A ledger's events as a feed, so that the same consumer runs in the ledger's process and in another one.

use std::sync::Arc;

use async_trait::async_trait;
use kernel::{Clock, Ctx, Deadline, Principal};
use platform::feed::{Event, Feed, FeedError, Pull};
use platform::frame::ActsAs;

use crate::{Ledger, LedgerError};

/// For the reply itself, in addition to the time that a pull waits for new events.
const ANSWER_MS: u64 = 5_000;

/// One book's events, pulled as a principal. The ledger's log is its own outbox: nothing of it is ever removed.
#[derive(Clone)]
pub struct LedgerFeed {
    ledger: Arc<dyn Ledger>,
    acts_as: Arc<dyn ActsAs>,
    clock: Arc<dyn Clock>,
}

impl LedgerFeed {
    pub fn new(ledger: Arc<dyn Ledger>, principal: Principal, clock: Arc<dyn Clock>) -> LedgerFeed {
        LedgerFeed::of(ledger, Arc::new(principal), clock)
    }

    /// Pulled by a room that acts as itself.
    pub fn of(ledger: Arc<dyn Ledger>, acts_as: Arc<dyn ActsAs>, clock: Arc<dyn Clock>) -> LedgerFeed {
        LedgerFeed { ledger, acts_as, clock }
    }

    async fn ctx(&self, millis: u64) -> Result<Ctx, FeedError> {
        let principal = self.acts_as.principal().await.map_err(FeedError::Unavailable)?;
        let deadline = Deadline::after_millis(&*self.clock, millis);
        Ok(Ctx { principal, deadline, request_id: "feed".into(), idempotency_key: None })
    }
}

#[async_trait]
impl Feed for LedgerFeed {
    async fn events_after(&self, pull: Pull) -> Result<Vec<Event>, FeedError> {
        let pull = pull.bounded();
        // The ledger waits for half of the time that it gets, so that its reply arrives in time.
        let ctx = self.ctx(2 * pull.wait_ms + ANSWER_MS).await?;
        self.ledger.events_after(&ctx, pull).await.map_err(unavailable)
    }

    async fn end(&self) -> Result<Option<u64>, FeedError> {
        let status = self.ledger.status(&self.ctx(ANSWER_MS).await?).await.map_err(unavailable)?;
        Ok(Some(status.rows))
    }
}

fn unavailable(error: LedgerError) -> FeedError {
    match error.failure() {
        Some(failure) => failure.into(),
        None => FeedError::Unavailable(format!("{}: {error}", error.code())),
    }
}
