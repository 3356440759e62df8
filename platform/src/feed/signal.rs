//! Wakes those who wait for events when a commit has brought some.

use std::time::Duration;

use tokio::sync::watch;

/// Longest sleep without a look: another process may have written what no signal here told of.
const LOOK_AT_LEAST: Duration = Duration::from_millis(1_000);

#[derive(Debug, Clone)]
pub struct FeedSignal {
    last: watch::Sender<u64>,
}

impl Default for FeedSignal {
    fn default() -> FeedSignal {
        FeedSignal { last: watch::Sender::new(0) }
    }
}

impl FeedSignal {
    /// Events up to this cursor are committed.
    pub fn committed(&self, cursor: u64) {
        self.last.send_if_modified(|last| {
            let newer = cursor > *last;
            *last = cursor.max(*last);
            newer
        });
    }

    /// Waits until something behind `after` was committed, or for `patience`, whichever is shorter; sometimes less.
    pub async fn wait(&self, after: u64, patience: Duration) {
        let mut last = self.last.subscribe();
        let newer = last.wait_for(|last| *last > after);
        // Whether it was the signal or the time, the caller looks again.
        let _ = tokio::time::timeout(patience.min(LOOK_AT_LEAST), newer).await;
    }
}
