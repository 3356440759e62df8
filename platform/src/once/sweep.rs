//! Removes expired commands, a bounded number at a time.

use std::sync::Arc;
use std::time::Duration;

use kernel::Clock;

use crate::db::{Db, DbError, Value};
use crate::room::Periodic;

/// A repeat after that is executed again.
pub const KEEP_DAYS: u32 = 30;
const EVERY: Duration = Duration::from_secs(60);
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
        let until = self.clock.now().plus_seconds(-i64::from(KEEP_DAYS) * SECONDS_PER_DAY).micros();
        let mut removed = 0;
        loop {
            let tx = self.db.begin().await?;
            let values = [Value::Int(until), Value::Int(BATCH_ROWS_MAX.cast_signed())];
            let batch = tx.execute(ONCE_SWEEP, &values).await?;
            tx.commit().await?;
            removed += batch;
            metrics::counter!("once_forgotten_total", "service" => self.room).increment(batch);
            if batch < BATCH_ROWS_MAX {
                return Ok(removed);
            }
            tokio::task::yield_now().await;
        }
    }

    /// As a room's periodic work.
    pub fn periodic(self) -> Periodic {
        let work = move || {
            let sweep = self.clone();
            let round: crate::room::Later<()> = Box::pin(async move { Ok(sweep.round().await.map(drop)?) });
            round
        };
        Periodic { name: "once", every: EVERY, work: Box::new(work) }
    }
}
