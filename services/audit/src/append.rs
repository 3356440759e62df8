//! Entries are added in the transaction that moves the cursor of their feed: the entry, the tree and the cursor are there
//! together or not at all.
//!
//! Invariants: indices have no gap, because the log's row is read and written under the lock of [`Tx::one_at_a_time`];
//! `recorded_at` never goes back; nothing changes or removes an entry.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use kernel::{Clock, Timestamp};
use platform::db::{DbError, Tx};
use platform::feed::{Effect, EffectError, Event};
use serde_json::json;

use crate::count;
use crate::entry::Draft;
use crate::store::{self, Log, entry, tile};
use crate::tree::{Tail, leaf_hash};

/// Adds entries to the log.
#[derive(Clone)]
pub(crate) struct Appender {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entry_bytes_max: usize,
    /// Of a new log.
    pub(crate) origin: Arc<str>,
}

impl Appender {
    /// Adds them in order; returns the log as it is then.
    pub(crate) async fn add(&self, tx: &Tx, drafts: Vec<Draft>) -> Result<Log, DbError> {
        tx.one_at_a_time().await?;
        let log = match store::log(tx).await? {
            Some(log) => log,
            None => self.begun(tx).await?,
        };
        self.add_to(tx, log, drafts).await
    }

    /// A new log, whose first entry says so.
    async fn begun(&self, tx: &Tx) -> Result<Log, DbError> {
        let log = Log::new(&self.origin);
        store::log_begin(tx, &log).await?;
        let said = json!({ "origin": log.name() });
        self.add_to(tx, log, vec![Draft::own("audit.log.began", self.clock.now(), "log", said)]).await
    }

    async fn add_to(&self, tx: &Tx, log: Log, drafts: Vec<Draft>) -> Result<Log, DbError> {
        let tiles = tile::read(tx, &Tail::needed(log.size)).await?;
        let tail = Tail::of(log.size, &tiles);
        let mut tail = tail.ok_or_else(|| DbError::shape("the last tiles of the log are not those of its size"))?;
        let recorded_at = self.clock.now().max(log.recorded_at);
        let mut rows = entry::Rows::default();
        for draft in drafts {
            count::added(&draft);
            let (body, bytes) = draft.at(tail.size(), recorded_at, self.entry_bytes_max);
            tail.push(leaf_hash(&bytes));
            rows.push(&body, bytes);
        }
        rows.insert(tx).await?;
        tile::write(tx, &tail.changed()).await?;
        let log = Log { size: tail.size(), root: tail.root(), recorded_at, ..log };
        store::log_grow(tx, &log).await?;
        Ok(log)
    }
}

/// The effect of one feed's events.
pub(crate) struct Kept {
    pub(crate) appender: Appender,
    /// The feed's name.
    pub(crate) source: &'static str,
}

#[async_trait]
impl Effect for Kept {
    async fn happen(&self, tx: &Tx, event: &Event) -> Result<(), EffectError> {
        self.happen_to_all(tx, std::slice::from_ref(event)).await
    }

    async fn happen_to_all(&self, tx: &Tx, events: &[Event]) -> Result<(), EffectError> {
        let drafts = events.iter().map(Draft::of).collect();
        self.appender.add(tx, drafts).await?;
        if let Some(last) = events.last() {
            count::lag(self.source, lag(self.appender.clock.now(), last.event.time));
        }
        Ok(())
    }

    /// The gap itself becomes an entry, and the log goes on.
    async fn missed(&self, tx: &Tx, cursors: Range<u64>) -> Result<bool, EffectError> {
        let data = json!({ "source": self.source, "first": cursors.start, "last": cursors.end.saturating_sub(1) });
        let draft = Draft::own("audit.events.missed", self.appender.clock.now(), self.source, data);
        self.appender.add(tx, vec![draft]).await?;
        Ok(true)
    }

    fn failed(&self) {
        count::failed(self.source);
    }
}

fn lag(now: Timestamp, at: Timestamp) -> f64 {
    now.micros_since(at).max(0) as f64 / 1e6
}
