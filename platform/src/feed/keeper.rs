//! Removes rows from an outbox that every registered consumer has passed and whose retention time is over.
//!
//! Invariant: the oldest rows go first and leave no gap, because a gap tells a reader that events were removed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kernel::Clock;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::registry;
use crate::db::{Db, DbError, Value};

/// Between two rounds.
const EVERY: Duration = Duration::from_secs(60);
/// Rows removed in one transaction.
const BATCH_ROWS_MAX: usize = 1_000;
const MICROS_PER_HOUR: i64 = 3_600_000_000;

const OUTBOX_OLDEST: &str = "
select seq, at
from outbox
order by seq
limit $1";

const OUTBOX_REMOVE: &str = "
delete from outbox
where seq <= $1";

/// How long one outbox keeps its rows.
#[derive(Debug, Clone)]
pub struct Retention {
    pub db: Db,
    /// The outbox's name in metrics.
    pub outbox: &'static str,
    pub keep_hours: u32,
    pub clock: Arc<dyn Clock>,
}

impl Retention {
    /// Removes all expired rows, a limited number at a time; returns how many.
    pub async fn round(&self) -> Result<u64, DbError> {
        let mut removed = 0;
        loop {
            let batch = self.batch().await?;
            removed += batch;
            metrics::counter!("outbox_removed_total", "outbox" => self.outbox).increment(batch);
            if batch < BATCH_ROWS_MAX as u64 {
                return Ok(removed);
            }
            tokio::task::yield_now().await;
        }
    }

    async fn batch(&self) -> Result<u64, DbError> {
        let tx = self.db.begin().await?;
        let oldest = tx.query(OUTBOX_OLDEST, &[Value::Int(BATCH_ROWS_MAX as i64)]).await?;
        let rows = oldest.iter().map(|row| Ok((row.int(0)?, row.int(1)?))).collect::<Result<Vec<_>, DbError>>()?;
        let passed = registry::passed_by_all(&tx).await?.unwrap_or(i64::MAX);
        let now = self.clock.now().micros();
        let until = now.saturating_sub(i64::from(self.keep_hours).saturating_mul(MICROS_PER_HOUR));
        let may_go = rows.iter().take_while(|(seq, at)| *seq <= passed && *at <= until).count();
        let left = rows.get(may_go).map_or(0, |(_, at)| now.saturating_sub(*at).max(0));
        metrics::gauge!("outbox_oldest_row_age_seconds", "outbox" => self.outbox).set(left as f64 / 1e6);
        let Some((last, _)) = may_go.checked_sub(1).and_then(|last| rows.get(last)) else { return Ok(0) };
        let removed = tx.execute(OUTBOX_REMOVE, &[Value::Int(*last)]).await?;
        tx.commit().await?;
        Ok(removed)
    }
}

/// The task that runs the rounds, until it is closed or dropped.
#[derive(Debug)]
pub struct OutboxKeeper {
    stop: watch::Sender<bool>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl OutboxKeeper {
    pub fn start(retention: Retention) -> OutboxKeeper {
        let stop = watch::Sender::new(false);
        let run = run(retention, stop.subscribe());
        OutboxKeeper { stop, task: Mutex::new(Some(tokio::spawn(run))) }
    }

    /// Ends after the current round.
    pub async fn close(&self) {
        self.stop.send_replace(true);
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task
            && let Err(error) = task.await
        {
            tracing::error!(%error, "the task that removes old events ended unexpectedly");
        }
    }
}

impl Drop for OutboxKeeper {
    fn drop(&mut self) {
        if let Some(task) = self.task.lock().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
    }
}

async fn run(retention: Retention, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow_and_update() {
        if let Err(error) = retention.round().await {
            tracing::warn!(outbox = retention.outbox, %error, "old events were not removed; trying again");
        }
        // The loop checks whether it was the timeout or the signal.
        let _ = tokio::time::timeout(EVERY, stop.wait_for(|stop| *stop)).await;
    }
}
