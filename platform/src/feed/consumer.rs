//! Pulls a feed and makes each event's effect happen once: the cursor moves in the transaction of the effect.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::{Event, Feed, FeedError, Pull};
use crate::db::{Db, DbError, Tx, Value};

/// For the migrations of a service that consumes feeds.
pub const FEED_CURSOR_TABLE: &str = "
create table feed_cursor (
    feed TEXT primary key,
    seq BIGINT not null
);
";

const CURSOR_READ: &str = "
select seq
from feed_cursor
where feed = $1";

const CURSOR_ADVANCE: &str = "
insert into feed_cursor (feed, seq)
values ($1, $2)
on conflict (feed) do update set seq = excluded.seq";

/// What a service does with an event, in the transaction that also moves the cursor.
#[async_trait]
pub trait Effect: Send + Sync {
    async fn happen(&self, tx: &Tx, event: &Event) -> Result<(), DbError>;
}

#[derive(Debug, Clone)]
pub struct ConsumerConfig {
    /// The feed's name in the consumer's own table of cursors.
    pub feed: &'static str,
    pub batch_max: usize,
    pub wait_ms: u64,
}

pub struct Consumer {
    db: Db,
    feed: Arc<dyn Feed>,
    effect: Arc<dyn Effect>,
    config: ConsumerConfig,
}

/// Pause behind a failure; the same events are pulled again.
const PAUSE: Duration = Duration::from_millis(500);

#[derive(Debug, thiserror::Error)]
enum StepError {
    #[error(transparent)]
    Feed(#[from] FeedError),
    #[error(transparent)]
    Store(#[from] DbError),
}

impl Consumer {
    pub fn new(db: Db, feed: Arc<dyn Feed>, effect: Arc<dyn Effect>, config: ConsumerConfig) -> Consumer {
        Consumer { db, feed, effect, config }
    }

    /// Goes on for ever; whoever started it drops it at shutdown. An effect is whole or absent at that moment.
    pub async fn run(&self) {
        loop {
            if let Err(error) = self.step().await {
                tracing::warn!(feed = self.config.feed, %error, "events could not be consumed; trying again");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    /// One pull and its effects; how many events there were.
    async fn step(&self) -> Result<usize, StepError> {
        let after = self.cursor().await?;
        let pull = Pull { after, max: self.config.batch_max, wait_ms: self.config.wait_ms };
        let events = Arc::new(self.feed.events_after(pull).await?);
        let count = events.len();
        if count > 0 {
            self.happen(events).await?;
        }
        Ok(count)
    }

    /// Where this consumer stands: events up to there have had their effect.
    pub async fn cursor(&self) -> Result<u64, DbError> {
        let tx = self.db.read().await?;
        let found = tx.query(CURSOR_READ, &[Value::Text(self.config.feed)]).await?;
        found.first().map_or(Ok(0), |row| row.int(0)).map(i64::unsigned_abs)
    }

    async fn happen(&self, events: Arc<Vec<Event>>) -> Result<(), DbError> {
        let (effect, feed) = (Arc::clone(&self.effect), self.config.feed);
        self.db
            .write(move |tx: &Tx| {
                let (events, effect) = (Arc::clone(&events), Arc::clone(&effect));
                Box::pin(async move {
                    tx.one_at_a_time().await?;
                    let done = tx.query(CURSOR_READ, &[Value::Text(feed)]).await?;
                    let done = done.first().map_or(Ok(0), |row| row.int(0))?.unsigned_abs();
                    // Another process may have been faster.
                    for event in events.iter().filter(|event| event.cursor > done) {
                        effect.happen(tx, event).await?;
                    }
                    let last = events.last().map_or(done, |event| event.cursor).max(done);
                    tx.execute(CURSOR_ADVANCE, &[Value::Text(feed), Value::Int(last as i64)]).await?;
                    Ok(())
                })
            })
            .await
    }
}
