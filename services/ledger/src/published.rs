//! The writer's account heads, for readers: table rows may be written after the commit.
//!
//! The writer publishes after each commit; a reader opens its transaction first, sees the last log row in it, and waits
//! until that commit is published, which takes microseconds. What it then finds is as new as its snapshot or newer;
//! `snapshot` undoes what is newer.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use platform::db::{DbError, Fault};
use tokio::sync::watch;

use crate::account::Head;
use crate::numbered::Numbered;

/// Longest wait for a commit to be published; a lane that reopens its store takes long.
const WAIT_MAX: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(crate) struct PublishedHeads {
    /// Rows may be out of date. Set before the first commit that leaves one, and never cleared.
    active: AtomicBool,
    heads: RwLock<Numbered<Arc<Head>>>,
    /// The end of the log when heads were last dropped from here.
    dropped_at: AtomicU64,
    last_seq: watch::Sender<u64>,
}

/// What a reader found.
pub(crate) struct Found {
    pub heads: HashMap<u64, Arc<Head>>,
    /// Heads that are missing here may have been dropped after this row; then the table has their newest rows.
    pub dropped_at: u64,
}

impl Default for PublishedHeads {
    fn default() -> PublishedHeads {
        PublishedHeads {
            active: AtomicBool::new(false),
            heads: RwLock::default(),
            dropped_at: AtomicU64::new(0),
            last_seq: watch::Sender::new(0),
        }
    }
}

impl PublishedHeads {
    pub(crate) fn activate(&self) {
        self.active.store(true, Ordering::Release);
    }

    pub(crate) fn is_active(&self) -> bool {
        self.active.load(Ordering::Acquire)
    }

    pub(crate) fn publish(&self, heads: impl Iterator<Item = (u64, Arc<Head>)>, last_seq: u64) {
        if self.is_active() {
            self.heads.write().unwrap_or_else(PoisonError::into_inner).extend(heads);
        }
        self.last_seq.send_replace(last_seq);
    }

    /// Replaces everything: the writer has reloaded its store.
    pub(crate) fn restart(&self, heads: impl Iterator<Item = (u64, Arc<Head>)>, last_seq: u64) {
        let mut known = self.heads.write().unwrap_or_else(PoisonError::into_inner);
        known.clear();
        known.extend(heads);
        self.dropped_at.store(last_seq, Ordering::Release);
        drop(known);
        self.last_seq.send_replace(last_seq);
    }

    /// Drops heads whose rows are written.
    pub(crate) fn keep(&self, kept: impl Fn(u64) -> bool, last_seq: u64) {
        let mut known = self.heads.write().unwrap_or_else(PoisonError::into_inner);
        known.retain(|no, _| kept(no));
        self.dropped_at.store(last_seq, Ordering::Release);
    }

    /// The heads of these accounts, at least as new as row `last_seq`.
    pub(crate) async fn find(&self, accounts: &[u64], last_seq: u64) -> Result<Found, DbError> {
        let mut published = self.last_seq.subscribe();
        let wait = tokio::time::timeout(WAIT_MAX, published.wait_for(|seq| *seq >= last_seq));
        if !matches!(wait.await, Ok(Ok(_))) {
            return Err(DbError::new("wait until the last commit is published", Fault::Unreachable));
        }
        let known = self.heads.read().unwrap_or_else(PoisonError::into_inner);
        let heads = accounts.iter().filter_map(|no| Some((*no, Arc::clone(known.get(no)?)))).collect();
        Ok(Found { heads, dropped_at: self.dropped_at.load(Ordering::Acquire) })
    }
}
