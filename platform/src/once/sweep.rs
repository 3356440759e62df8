//! Removes expired commands, a bounded number at a time.

use std::sync::Arc;

use kernel::Clock;

use crate::db::{Db, DbError, Tx, Value};
use crate::jobs::{Job, Missed, Progress, Run, Schedule, ScheduleError};
use crate::room::{Later, OpenError};

/// A repeat after that is executed again.
pub const KEEP_DAYS: u32 = 30;
/// Each night.
const AT: &str = "17 3 * * *";
/// Rows removed in one transaction.
const BATCH_ROWS_MAX: u64 = 1_000;
const SECONDS_PER_DAY: i64 = 86_400;

const ONCE_SWEEP: &str = "
delete from once
where (principal, operation, key) in (
    select principal, operation, key
    from once
    where at < $1
    order by at
    limit $2
)";

/// For one room's store.
#[derive(Debug, Clone)]
pub struct Sweep {
    pub db: Db,
    /// The name in metrics.
    pub room: &'static str,
    pub clock: Arc<dyn Clock>,
}

impl Sweep {
    /// Removes everything that has expired; returns the number.
    ///
    /// # Errors
    /// The store's.
    pub async fn round(&self) -> Result<u64, DbError> {
        let mut removed = 0;
        loop {
            let tx = self.db.begin().await?;
            let batch = self.batch(&tx).await?;
            tx.commit().await?;
            removed += batch;
            if batch < BATCH_ROWS_MAX {
                return Ok(removed);
            }
            tokio::task::yield_now().await;
        }
    }

    async fn batch(&self, tx: &Tx) -> Result<u64, DbError> {
        let until = self.clock.now().plus_seconds(-i64::from(KEEP_DAYS) * SECONDS_PER_DAY).micros();
        let values = [Value::Int(until), Value::Int(BATCH_ROWS_MAX.cast_signed())];
        let removed = tx.execute(ONCE_SWEEP, &values).await?;
        metrics::counter!("once_forgotten_total", "service" => self.room).increment(removed);
        Ok(removed)
    }

    /// As a room's job.
    ///
    /// # Errors
    /// None: the schedule is our own.
    pub fn job(self) -> Result<Job, ScheduleError> {
        let work = move |run: Run| -> Later<()> { Box::pin(self.clone().run(run)) };
        let (about, schedule) = ("removes expired idempotency keys", Schedule::parse(AT)?);
        Ok(Job { name: "once", about, schedule, missed: Missed::Once, work: Box::new(work) })
    }

    async fn run(self, run: Run) -> Result<(), OpenError> {
        let mut removed: i64 = run.stopped_at()?.unwrap_or(0);
        loop {
            let tx = self.db.begin().await?;
            let batch = self.batch(&tx).await?;
            removed += batch.cast_signed();
            run.step(&tx, &Progress { mark: removed, done: removed, total: None }).await?;
            tx.commit().await?;
            if batch < BATCH_ROWS_MAX {
                return Ok(());
            }
        }
    }
}
