//! A run that this process has claimed.

use std::sync::Arc;

use kernel::{Clock, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{CLAIM_MS, table};
use crate::db::{DbError, Fault, Tx};

/// One run of a job.
#[derive(Debug, Clone)]
pub struct Run {
    pub(super) job: &'static str,
    pub(super) holder: Arc<str>,
    pub(super) due: Timestamp,
    pub(super) mark: String,
    pub(super) clock: Arc<dyn Clock>,
}

/// How far a run has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress<M> {
    /// Where to continue.
    pub mark: M,
    pub done: i64,
    /// How much there is, if that is known.
    pub total: Option<i64>,
}

impl Run {
    /// The time for which the run stands: when it was due, however late it is.
    pub fn due(&self) -> Timestamp {
        self.due
    }

    /// The mark of the last committed step; `None` at the beginning.
    ///
    /// # Errors
    /// The mark is not an `M`.
    pub fn stopped_at<M: DeserializeOwned>(&self) -> Result<Option<M>, DbError> {
        if self.mark.is_empty() {
            return Ok(None);
        }
        let mark = serde_json::from_str(&self.mark);
        mark.map(Some).map_err(|error| DbError::shape(format!("the mark of the job {}: {error}", self.job)))
    }

    /// Stores how far the run has come, in the transaction of the step's effect. That transaction cannot be committed
    /// once another process has taken the run over.
    ///
    /// # Errors
    /// The store's, or `Fenced`.
    pub async fn step<M: Serialize>(&self, tx: &Tx, progress: &Progress<M>) -> Result<(), DbError> {
        let mark = serde_json::to_string(&progress.mark).map_err(|error| DbError::shape(error.to_string()))?;
        let (done, total) = (progress.done, progress.total);
        if table::step(tx, [self.job, &self.holder, &mark], done, total, claimed_until(&*self.clock)).await? {
            return Ok(());
        }
        Err(DbError::new(format!("another process runs the job {}", self.job), Fault::Fenced))
    }
}

/// How long a claim that is made now is valid.
pub(super) fn claimed_until(clock: &dyn Clock) -> Timestamp {
    clock.now().plus_micros(i64::try_from(CLAIM_MS * 1_000).unwrap_or(i64::MAX))
}
