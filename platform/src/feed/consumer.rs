//! Pulls a feed and applies each event exactly once: the cursor moves in the transaction of the effect.
//!
//! An event that cannot be applied is found by splitting its batch, tried a limited number of times and then parked;
//! the rest continue. For errors that may pass, the consumer waits and parks nothing.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kernel::{Clock, Monotonic};

use super::effect::{self, Failed};
use super::{Actor, ConsumerName, Effect, EffectError, Event, Feed, FeedError, Pull, causes, parked};
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

#[derive(Debug, Clone)]
pub struct ConsumerConfig {
    /// The feed's name in the consumer's own tables, metrics and status.
    pub feed: &'static str,
    /// The room that consumes it, for metrics and status; empty where that is clear.
    pub room: &'static str,
    /// The name under which the feed stores this consumer's cursor; without one, the feed may remove unread events.
    pub consumer: Option<ConsumerName>,
    pub batch_max: usize,
    pub wait_ms: u64,
    /// How often one event is tried before it is parked.
    pub attempts_max: u32,
}

impl ConsumerConfig {
    pub fn new(feed: &'static str) -> ConsumerConfig {
        ConsumerConfig { feed, room: "", consumer: None, batch_max: 500, wait_ms: 1_000, attempts_max: 5 }
    }

    /// For a room: the feed knows the consumer by the room's name.
    pub fn of(room: &'static str, feed: &'static str) -> ConsumerConfig {
        ConsumerConfig { room, consumer: room.parse().ok(), ..ConsumerConfig::new(feed) }
    }
}

pub struct Consumer {
    pub(super) db: Db,
    feed: Arc<dyn Feed>,
    pub(super) effect: Arc<dyn Effect>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) config: ConsumerConfig,
    /// For `/status`: `risk.cards` is risk's consumer of the feed of cards.
    pub(super) name: String,
    seen: Mutex<Seen>,
}

/// What was learned on the way, for the consumer's status.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// Events that were published but not yet applied, where the feed knows.
    pub lag: Option<u64>,
    lag_told: Option<Monotonic>,
    /// Wakes the consumer when a parked event should be retried.
    looked: Option<Monotonic>,
    /// The pause that keeps this consumer apart from the others was made.
    spread: bool,
    /// Why the last step failed.
    pub trouble: Option<String>,
}

/// The pause after the first failure, doubled after each further one; the same events are pulled again.
const PAUSE_FIRST: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// Between two requests to a feed that answers at once that it has no events.
const REST: Duration = Duration::from_millis(50);
/// After a batch that was not full. The first event after a quiet moment is applied at once; those that follow it gather, so that a busy
/// feed costs a few transactions a second and not one for each of its commits.
const GATHER: Duration = Duration::from_millis(20);
/// Between two checks for parked events to retry.
const WANTED_EVERY_MS: u64 = 5_000;
/// How often the feed is asked for its last cursor while there is work to do.
const LAG_EVERY_MS: u64 = 1_000;

#[derive(Debug, thiserror::Error)]
enum StepError {
    #[error(transparent)]
    Feed(#[from] FeedError),
    #[error(transparent)]
    Store(#[from] DbError),
}

impl Consumer {
    pub fn new(
        db: Db,
        feed: Arc<dyn Feed>,
        effect: Arc<dyn Effect>,
        clock: Arc<dyn Clock>,
        config: ConsumerConfig,
    ) -> Consumer {
        let name =
            if config.room.is_empty() { config.feed.to_owned() } else { format!("{}.{}", config.room, config.feed) };
        Consumer { db, feed, effect, clock, config, name, seen: Mutex::default() }
    }

    /// Runs until it is dropped at shutdown. An effect is complete or absent at that moment.
    pub async fn run(&self) {
        causes(Actor::system(Some(&self.name)), self.run_on()).await;
    }

    async fn run_on(&self) {
        self.count_parked().await;
        let mut failures = 0;
        loop {
            match self.round().await {
                Ok(()) => {
                    failures = 0;
                    self.seen().trouble = None;
                }
                Err(error) => {
                    tracing::warn!(feed = self.config.feed, %error, "events could not be consumed; trying again");
                    metrics::counter!("feed_failures_total", "feed" => self.config.feed, "consumer" => self.config.room).increment(1);
                    self.effect.failed();
                    self.seen().trouble = Some(error.to_string());
                    tokio::time::sleep(pause(failures)).await;
                    failures += 1;
                }
            }
        }
    }

    async fn round(&self) -> Result<(), StepError> {
        let now = self.clock.monotonic();
        let looked = self.seen().looked;
        if looked.is_none_or(|looked| now.micros_since(looked) >= WANTED_EVERY_MS * 1_000) {
            self.retry_wanted().await?;
            self.seen().looked = Some(now);
        }
        self.step().await
    }

    /// The feed's name in the consumer's own tables.
    pub fn feed(&self) -> &'static str {
        self.config.feed
    }

    /// One pull and its effects. A full batch is followed by the next one at once.
    async fn step(&self) -> Result<(), StepError> {
        let asked = self.clock.monotonic();
        let Pulled { after, events } = match self.pull().await {
            Err(StepError::Feed(FeedError::Gone { first })) if self.passed_gap(first).await? => return Ok(()),
            pulled => pulled?,
        };
        let Some(last) = events.last() else {
            self.tell_lag(Some(0));
            let waited = Duration::from_micros(self.clock.monotonic().micros_since(asked));
            let spread = if std::mem::replace(&mut self.seen().spread, true) { Duration::ZERO } else { self.offset() };
            tokio::time::sleep(if waited < REST { spread.max(REST) } else { spread }).await;
            return Ok(());
        };
        self.happen(&events).await?;
        tracing::debug!(feed = self.config.feed, after, upto = last.cursor, "events were consumed");
        metrics::counter!("feed_events_total", "feed" => self.config.feed, "consumer" => self.config.room)
            .increment(events.len() as u64);
        self.find_lag(last.cursor).await;
        if events.len() < self.config.batch_max {
            tokio::time::sleep(GATHER).await;
        }
        Ok(())
    }

    /// By the name, within a second: consumers of one room that always ask their store together each keep a connection.
    fn offset(&self) -> Duration {
        let sum = self.name.bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
        Duration::from_millis(sum % 1_000)
    }

    async fn pull(&self) -> Result<Pulled, StepError> {
        let after = self.cursor().await?;
        let ConsumerConfig { consumer, batch_max, wait_ms, .. } = &self.config;
        let pull = Pull { after, max: *batch_max, wait_ms: *wait_ms, consumer: consumer.clone() };
        Ok(Pulled { after, events: self.feed.events_after(pull).await? })
    }

    /// Moves past events that the feed has removed, if the effect can do without them.
    async fn passed_gap(&self, first: u64) -> Result<bool, DbError> {
        let tx = self.db.begin().await?;
        tx.one_at_a_time().await?;
        let missed = self.cursor_in(&tx).await? + 1..first;
        if missed.is_empty() {
            return Ok(true);
        }
        match self.effect.missed(&tx, missed).await {
            Ok(true) => {}
            Ok(false) | Err(EffectError::Refused(_)) => return Ok(false),
            Err(EffectError::Store(error)) => return Err(error),
        }
        self.advance(&tx, first.saturating_sub(1)).await?;
        tx.commit().await?;
        tracing::error!(
            feed = self.config.feed,
            first,
            "events were removed before they were read; going on after them"
        );
        Ok(true)
    }

    /// The cursor of this consumer: events up to it have been applied or parked.
    pub async fn cursor(&self) -> Result<u64, DbError> {
        self.cursor_in(&self.db.read().await?).await
    }

    /// Continues after `cursor`, as decided by a person: events before it are skipped, or applied again.
    pub async fn begin_behind(&self, cursor: u64) -> Result<(), DbError> {
        tracing::warn!(feed = self.config.feed, cursor, "the cursor of a consumer was set by hand");
        let tx = self.db.begin().await?;
        tx.one_at_a_time().await?;
        self.advance(&tx, cursor).await?;
        Ok(tx.commit().await?)
    }

    /// Applies all events, or some of them and then an error that may pass.
    async fn happen(&self, events: &[Event]) -> Result<(), DbError> {
        match self.together(events).await {
            Ok(()) => return Ok(()),
            Err(Failed::Passing(error)) => return Err(error),
            Err(Failed::Poison(reason)) => {
                tracing::warn!(feed = self.config.feed, reason, "a batch failed and is split");
            }
        }
        for event in events {
            self.alone(event).await?;
        }
        Ok(())
    }

    /// Applies one event; parks it if that fails.
    async fn alone(&self, event: &Event) -> Result<(), DbError> {
        let mut tried = 0;
        loop {
            tried += 1;
            let reason = match self.together(std::slice::from_ref(event)).await {
                Ok(()) => return Ok(()),
                Err(Failed::Passing(error)) => return Err(error),
                Err(Failed::Poison(reason)) => reason,
            };
            if tried >= self.config.attempts_max {
                return self.park(event, &reason, tried).await;
            }
            tokio::time::sleep(pause(tried)).await;
        }
    }

    /// Applies several events and moves the cursor past them, in one transaction.
    async fn together(&self, events: &[Event]) -> Result<(), Failed> {
        let tx = self.db.begin().await?;
        tx.one_at_a_time().await?;
        let done = self.cursor_in(&tx).await?;
        // Another process may have been faster.
        let news = events.get(events.partition_point(|event| event.cursor <= done)..).unwrap_or_default();
        let Some(last) = news.last() else { return Ok(()) };
        effect::happen(&*self.effect, &tx, news).await?;
        #[cfg(feature = "planted")]
        let tx = if crate::planted::is_planted(crate::planted::Bug::CursorApart) {
            // Planted fault: the effects are committed before the cursor moves.
            tx.commit().await.map_err(Failed::of)?;
            self.db.begin().await?
        } else {
            tx
        };
        // A constraint may be checked only now, and a failure that an effect ignored shows up in what follows.
        self.advance(&tx, last.cursor).await.map_err(Failed::of)?;
        tx.commit().await.map_err(Failed::of)
    }

    /// Parks the event and moves the cursor past it, in one transaction.
    async fn park(&self, event: &Event, reason: &str, attempts: u32) -> Result<(), DbError> {
        let tx = self.db.begin().await?;
        tx.one_at_a_time().await?;
        if self.cursor_in(&tx).await? >= event.cursor {
            return Ok(());
        }
        parked::add(&tx, self.config.feed, event, reason, attempts, self.clock.now()).await?;
        self.advance(&tx, event.cursor).await?;
        tx.commit().await?;
        let (feed, cursor, id) = (self.config.feed, event.cursor, &event.event.id);
        tracing::error!(feed, cursor, id, kind = event.event.kind, attempts, reason, "an event was parked");
        self.effect.failed();
        metrics::counter!("feed_parked_total", "feed" => feed, "consumer" => self.config.room).increment(1);
        self.count_parked().await;
        Ok(())
    }

    async fn cursor_in(&self, tx: &Tx) -> Result<u64, DbError> {
        let found = tx.query(CURSOR_READ, &[Value::Text(self.config.feed)]).await?;
        found.first().map_or(Ok(0), |row| row.int(0)).map(i64::unsigned_abs)
    }

    async fn advance(&self, tx: &Tx, cursor: u64) -> Result<(), DbError> {
        let cursor = i64::try_from(cursor).unwrap_or(i64::MAX);
        tx.execute(CURSOR_ADVANCE, &[Value::Text(self.config.feed), Value::Int(cursor)]).await.map(|_| ())
    }

    /// Asks for the feed's last cursor now and then; an error here stops nothing.
    async fn find_lag(&self, cursor: u64) {
        let now = self.clock.monotonic();
        let told = self.seen().lag_told;
        if told.is_some_and(|told| now.micros_since(told) < LAG_EVERY_MS * 1_000) {
            return;
        }
        match self.feed.end().await {
            Ok(end) => self.tell_lag(end.map(|end| end.saturating_sub(cursor))),
            Err(error) => tracing::debug!(feed = self.config.feed, %error, "the feed's last cursor is unknown"),
        }
    }

    fn tell_lag(&self, lag: Option<u64>) {
        let now = self.clock.monotonic();
        let mut seen = self.seen();
        (seen.lag, seen.lag_told) = (lag, Some(now));
        if let Some(lag) = lag {
            metrics::gauge!("feed_lag_events", "feed" => self.config.feed, "consumer" => self.config.room)
                .set(lag as f64);
        }
    }

    pub(super) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Pulled {
    after: u64,
    events: Vec<Event>,
}

fn pause(failures: u32) -> Duration {
    PAUSE_FIRST.saturating_mul(1 << failures.min(16)).min(PAUSE_MAX)
}
