//! The events of a room in this process, for readers that are opened before it: the order in which rooms are opened
//! follows their calls, and events often go the other way.

use std::time::Duration;

use async_trait::async_trait;
use platform::feed::{Event, Feed, FeedError, OutboxFeed, Pull};
use tokio::sync::watch;

pub(super) struct Publication {
    room: &'static str,
    /// Nothing until the room is open.
    feed: watch::Sender<Option<OutboxFeed>>,
}

impl Publication {
    pub(super) fn of(room: &'static str) -> Publication {
        Publication { room, feed: watch::Sender::new(None) }
    }

    pub(super) fn begin(&self, feed: OutboxFeed) {
        self.feed.send_replace(Some(feed));
    }

    async fn opened(&self, wait_ms: u64) -> Result<OutboxFeed, FeedError> {
        let mut opened = self.feed.subscribe();
        let wait = opened.wait_for(Option::is_some);
        let found = tokio::time::timeout(Duration::from_millis(wait_ms), wait).await;
        let found = found.ok().and_then(Result::ok).and_then(|feed| (*feed).clone());
        found.ok_or_else(|| FeedError::Unavailable(format!("{} is not open yet", self.room)))
    }
}

#[async_trait]
impl Feed for Publication {
    async fn events_after(&self, pull: Pull) -> Result<Vec<Event>, FeedError> {
        let pull = pull.bounded();
        self.opened(pull.wait_ms).await?.events_after(pull).await
    }

    async fn end(&self) -> Result<Option<u64>, FeedError> {
        self.opened(0).await?.end().await
    }
}
