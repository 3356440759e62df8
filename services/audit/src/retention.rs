//! What goes after its time, once a day: the bodies of entries after seven years, the keys of months after a year. There is
//! no other way to remove anything.
//!
//! Invariant: hashes stay, so that every proof holds; the entry that says what was removed is in the same transaction, and
//! the check of a folder accepts no other gap.

use kernel::Timestamp;
use platform::db::DbError;
use platform::jobs::{Progress, Run};
use platform::room::OpenError;
use serde_json::json;

use crate::append::Appender;
use crate::entry::Draft;
use crate::seal::{Seals, month_name, month_number};
use crate::store::{self, entry};

/// The type of the entry that says what was removed.
pub(crate) const APPLIED: &str = "audit.retention.applied";
/// Bodies removed in one transaction.
const BATCH: u64 = 1_000;
const DAY_US: i64 = 86_400_000_000;

#[derive(Clone)]
pub(crate) struct Retention {
    pub(crate) db: platform::db::Db,
    pub(crate) appender: Appender,
    pub(crate) seals: Seals,
    pub(crate) keep_days: i64,
    /// Access records are anonymous after so many days.
    pub(crate) personal_days: i64,
    /// Nothing is removed while a court or an authority may ask for it.
    pub(crate) legal_hold: bool,
}

impl Retention {
    pub(crate) async fn apply(&self, run: &Run) -> Result<(), OpenError> {
        if self.legal_hold {
            return Ok(());
        }
        self.destroy_months().await?;
        let mut removed = 0;
        while let Some(count) = self.remove(run, removed).await? {
            removed += count;
        }
        Ok(())
    }

    fn before(&self, days: i64) -> Timestamp {
        Timestamp::from_micros(self.appender.clock.now().micros().saturating_sub(days.saturating_mul(DAY_US)))
    }

    /// The next bodies that are old enough; nothing if there are none. The log's own first entry about it is the newest.
    async fn remove(&self, run: &Run, removed: u64) -> Result<Option<u64>, DbError> {
        let tx = self.db.begin().await?;
        tx.one_at_a_time().await?;
        let Some(log) = store::log(&tx).await? else { return Ok(None) };
        let keep_from = entry::first_at(&tx, self.before(self.keep_days)).await?.unwrap_or(log.size);
        let to = keep_from.min(log.kept_from + BATCH);
        if to <= log.kept_from {
            return Ok(None);
        }
        entry::remove_bodies(&tx, log.kept_from, to).await?;
        store::log_keep_from(&tx, to).await?;
        let data = json!({ "first": log.kept_from, "last": to - 1, "kept_days": self.keep_days });
        self.appender.add(&tx, vec![Draft::own(APPLIED, self.appender.clock.now(), "log", data)]).await?;
        let count = to - log.kept_from;
        let done = i64::try_from(removed + count).unwrap_or(i64::MAX);
        run.step(&tx, &Progress { mark: to, done, total: None }).await?;
        tx.commit().await?;
        Ok(Some(count))
    }

    /// The keys of months that ended more than a year ago. A month whose key is gone already costs one look.
    async fn destroy_months(&self) -> Result<(), OpenError> {
        let tx = self.db.read().await?;
        let Some(first) = entry::recorded(&tx, 0).await? else { return Ok(()) };
        tx.commit().await?;
        for month in month_number(first)..month_number(self.before(self.personal_days)) {
            self.seals.destroy_month(&month_name(month)).await?;
        }
        Ok(())
    }
}
