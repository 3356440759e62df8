//! Wakes tasks that wait for events when a commit has added some.
//!
//! They are woken in the order in which they came. `watch` would wake them in random order, and a simulation could not
//! be reproduced.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

/// Longest sleep without a check: another process may have written events that no signal here reported.
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

    /// Waits until something after `after` was committed, or for `patience`, whichever is shorter; sometimes less.
    pub async fn wait(&self, after: u64, patience: Duration) {
        // The caller checks again, whether it was the signal or the timeout.
        let _ = tokio::time::timeout(patience.min(LOOK_AT_LEAST), self.news(after)).await;
    }

    async fn news(&self, after: u64) {
        loop {
            // From here on no signal is missed, whether it comes before the check or after it.
            let news = self.inner.news.notified();
            if self.inner.last.load(Ordering::Acquire) > after {
                return;
            }
            news.await;
        }
    }
}
