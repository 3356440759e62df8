//! Wakes those who wait for events when a commit has brought some.
//!
//! They are woken in the order in which they came. `watch` would wake them in an order of its own dice, and a simulation
//! could not repeat itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

/// Longest sleep without a look: another process may have written what no signal here told of.
const LOOK_AT_LEAST: Duration = Duration::from_millis(1_000);

#[derive(Debug, Clone, Default)]
pub struct FeedSignal {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    last: AtomicU64,
    news: Notify,
}

impl FeedSignal {
    /// Events up to this cursor are committed.
    pub fn committed(&self, cursor: u64) {
        if self.inner.last.fetch_max(cursor, Ordering::AcqRel) < cursor {
            self.inner.news.notify_waiters();
        }
    }

    /// Waits until something behind `after` was committed, or for `patience`, whichever is shorter; sometimes less.
    pub async fn wait(&self, after: u64, patience: Duration) {
        // Whether it was the signal or the time, the caller looks again.
        let _ = tokio::time::timeout(patience.min(LOOK_AT_LEAST), self.news(after)).await;
    }

    async fn news(&self, after: u64) {
        loop {
            // What is told from here on is not missed, whether it comes before the look or behind it.
            let news = self.inner.news.notified();
            if self.inner.last.load(Ordering::Acquire) > after {
                return;
            }
            news.await;
        }
    }
}
