//! A consumer's status, its parked events, and a person's decisions about them.

use async_trait::async_trait;
use serde_json::json;

use super::effect::{self, Failed};
use super::{Consumer, Event, ParkedError, ParkedEvent, parked};
use crate::db::DbError;
use crate::health::{Facts, Part, facts};

/// Maximum parked events shown in the status.
const REASONS_SHOWN: usize = 3;
/// Maximum parked events retried in one round.
const WANTED_MAX: usize = 100;

impl Consumer {
    /// Parked events after `after`, in the order of their cursors.
    pub async fn parked(&self, after: u64, limit: usize) -> Result<Vec<ParkedEvent>, DbError> {
        parked::after(&self.db.read().await?, self.config.feed, after, limit).await
    }

    /// Applies a parked event, in the transaction that removes it from the list. It stays parked if that fails.
    pub async fn retry(&self, cursor: u64) -> Result<(), ParkedError> {
        let feed = self.config.feed;
        let tx = self.db.begin().await?;
        tx.one_at_a_time().await?;
        let aside = parked::one(&tx, feed, cursor).await?.ok_or(ParkedError::NotParked(cursor))?;
        parked::remove(&tx, feed, cursor).await?;
        let event = Event { cursor, event: aside.event };
        let failed = match effect::happen(&*self.effect, &tx, std::slice::from_ref(&event)).await {
            Ok(()) => match tx.commit().await {
                Ok(()) => {
                    tracing::info!(feed, cursor, "a parked event was applied");
                    self.count_parked().await;
                    return Ok(());
                }
                Err(error) => Failed::of(error),
            },
            Err(failed) => {
                drop(tx);
                failed
            }
        };
        Err(self.stays(cursor, failed).await)
    }

    async fn stays(&self, cursor: u64, failed: Failed) -> ParkedError {
        let reason = match failed {
            Failed::Passing(error) => return ParkedError::Store(error),
            Failed::Poison(reason) => reason,
        };
        let noted = async {
            let tx = self.db.begin().await?;
            parked::failed_again(&tx, self.config.feed, cursor, &reason).await?;
            Ok::<(), DbError>(tx.commit().await?)
        };
        match noted.await {
            Ok(()) => ParkedError::FailedAgain(reason),
            Err(error) => ParkedError::Store(error),
        }
    }

    /// Discards a parked event: it is never applied. `who` decided that, for the log.
    pub async fn give_up(&self, cursor: u64, who: &str) -> Result<ParkedEvent, ParkedError> {
        let feed = self.config.feed;
        let aside = parked::give_up(&self.db, feed, cursor, who).await?.ok_or(ParkedError::NotParked(cursor))?;
        metrics::counter!("feed_given_up_total", "feed" => feed, "consumer" => self.config.room).increment(1);
        self.count_parked().await;
        Ok(aside)
    }

    /// Retries events that the command line has marked; it cannot apply them itself.
    pub(super) async fn retry_wanted(&self) -> Result<(), DbError> {
        let wanted = parked::wanted(&self.db.read().await?, self.config.feed, WANTED_MAX).await?;
        for cursor in wanted {
            match self.retry(cursor).await {
                Ok(()) | Err(ParkedError::NotParked(_)) => {}
                Err(ParkedError::FailedAgain(reason)) => {
                    tracing::warn!(
                        feed = self.config.feed,
                        cursor,
                        reason,
                        "a parked event failed again and stays parked"
                    );
                }
                Err(ParkedError::Store(error)) => return Err(error),
            }
        }
        Ok(())
    }

    /// Sets the gauge; a failed count is corrected by the next one.
    pub(super) async fn count_parked(&self) {
        let count = async { parked::count(&self.db.read().await?, self.config.feed).await };
        match count.await {
            Ok(count) => {
                let (feed, room) = (self.config.feed, self.config.room);
                metrics::gauge!("feed_parked_events", "feed" => feed, "consumer" => room).set(count as f64);
            }
            Err(error) => tracing::warn!(feed = self.config.feed, %error, "parked events could not be counted"),
        }
    }

    async fn facts(&self) -> Result<Facts, DbError> {
        let cursor = self.cursor().await?;
        let tx = self.db.read().await?;
        let count = parked::count(&tx, self.config.feed).await?;
        let first = parked::after(&tx, self.config.feed, 0, REASONS_SHOWN).await?;
        let reason = |aside: &ParkedEvent| json!({ "cursor": aside.cursor, "id": aside.event.id, "type": aside.event.kind, "reason": aside.reason });
        let seen = self.seen().clone();
        Ok(facts([
            ("cursor", json!(cursor)),
            ("lag", json!(seen.lag)),
            ("parked", json!(count)),
            ("parked_first", first.iter().map(reason).collect()),
            ("trouble", json!(seen.trouble)),
        ]))
    }
}

/// A consumer that lags or has parked events is still ready: a restart would not help.
#[async_trait]
impl Part for Consumer {
    fn name(&self) -> &str {
        &self.name
    }

    async fn ready(&self) -> Result<(), String> {
        Ok(())
    }

    async fn status(&self) -> Facts {
        self.facts().await.unwrap_or_else(|error| facts([("error", json!(error.to_string()))]))
    }
}
