//! The events of the ledger's main book, read as the room itself.

use std::sync::Arc;

use async_trait::async_trait;
use kernel::Clock;
use ledger_api::{BookName, Books, LedgerFeed};
use platform::feed::{Event, Feed, FeedError, Pull};
use platform::frame::ActsAs;

pub(super) struct Ledger {
    pub(super) books: Arc<dyn Books>,
    pub(super) own: Arc<dyn ActsAs>,
    pub(super) clock: Arc<dyn Clock>,
}

impl Ledger {
    /// A token of the room's own may have been renewed.
    async fn feed(&self) -> Result<LedgerFeed, FeedError> {
        let principal = self.own.principal().await.map_err(FeedError::Unavailable)?;
        let ledger = self.books.book(&BookName::main()).await;
        let ledger = ledger.map_err(|error| FeedError::Unavailable(error.to_string()))?;
        Ok(LedgerFeed::new(ledger, principal, Arc::clone(&self.clock)))
    }
}

#[async_trait]
impl Feed for Ledger {
    async fn events_after(&self, pull: Pull) -> Result<Vec<Event>, FeedError> {
        self.feed().await?.events_after(pull).await
    }

    async fn end(&self) -> Result<Option<u64>, FeedError> {
        self.feed().await?.end().await
    }
}
