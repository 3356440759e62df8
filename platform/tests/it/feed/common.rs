//! An outbox, a feed that counts what it returned, an effect that fails on demand, and consumers of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use kernel::{Clock, SystemClock};
use platform::db::{Db, DbError, Fault, Migration, Tx, Value};
use platform::feed::{
    Consumer, ConsumerConfig, Effect, EffectError, Event, FEED_CURSOR_TABLE, FEED_PARKED_TABLE, Feed, FeedError,
    FeedSignal, NewEvent, OUTBOX_CONSUMER_TABLE, OUTBOX_TABLES, Outbox, OutboxFeed, Pull,
};
use serde_json::json;
use testkit::TestStore;

const EFFECT_TABLE: &str = "create table effect (seq SEQ, subject TEXT not null)";
const EFFECT_ADD: &str = "insert into effect (seq, subject) values ($1, $2)";
const EFFECT_LIST: &str = "select seq from effect order by seq";
const EFFECT_BROKEN: &str = "select 1 / length($1) from effect where subject = $2 and seq = $3 and nothing = 1";

pub(crate) async fn prepared(db: Db) -> Db {
    let migrations = [
        Migration { version: 1, name: "outbox", sql: OUTBOX_TABLES },
        Migration { version: 2, name: "cursor", sql: FEED_CURSOR_TABLE },
        Migration { version: 3, name: "effect", sql: EFFECT_TABLE },
        Migration { version: 4, name: "parked", sql: FEED_PARKED_TABLE },
        Migration { version: 5, name: "consumer", sql: OUTBOX_CONSUMER_TABLE },
        Migration { version: 6, name: "once", sql: platform::once::ONCE_TABLES },
    ];
    db.migrate(&migrations).await.unwrap();
    db
}

pub(crate) fn outbox() -> Outbox {
    Outbox::new("/test", Arc::new(SystemClock))
}

pub(crate) async fn tell(db: &Db, subject: &str) -> u64 {
    tell_by(db, Arc::new(SystemClock), subject).await
}

pub(crate) async fn tell_by(db: &Db, clock: Arc<dyn Clock>, subject: &str) -> u64 {
    let tx = db.begin().await.unwrap();
    let event = NewEvent::new("test.thing.happened", subject, json!({}));
    let cursor = Outbox::new("/test", clock).add(&tx, vec![event]).await.unwrap();
    tx.commit().await.unwrap();
    cursor
}

pub(crate) async fn tell_many(db: &Db, count: usize) {
    let tx = db.begin().await.unwrap();
    let event = |_| NewEvent::new("test.thing.happened", "many", json!({}));
    outbox().add(&tx, (0..count).map(event).collect()).await.unwrap();
    tx.commit().await.unwrap();
}

pub(crate) fn pull(after: u64) -> Pull {
    Pull { after, max: 1_000, wait_ms: 0, consumer: None }
}

pub(crate) async fn effects(db: &Db) -> Vec<i64> {
    let tx = db.read().await.unwrap();
    tx.query(EFFECT_LIST, &[]).await.unwrap().iter().map(|row| row.int(0).unwrap()).collect()
}

/// How the effect of one event fails, after it has written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Misfortune {
    Refuses,
    Panics,
    /// The row already exists.
    Constraint,
    /// A statement that the engine rejects, and whose error the effect ignores.
    Swallowed,
    Store(FaultName),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum FaultName {
    Retry,
    ConnectionLost,
    Unreachable,
    Full,
    Io,
    Statement,
}

impl FaultName {
    fn fault(self) -> Fault {
        match self {
            FaultName::Retry => Fault::Retry,
            FaultName::ConnectionLost => Fault::ConnectionLost,
            FaultName::Unreachable => Fault::Unreachable,
            FaultName::Full => Fault::Full,
            FaultName::Io => Fault::Io,
            FaultName::Statement => Fault::Statement,
        }
    }
}

/// Stores the event, and then fails if told to.
#[derive(Default)]
pub(crate) struct Note {
    failures: AtomicU32,
    pub(crate) misfortunes: Mutex<BTreeMap<u64, Misfortune>>,
    pub(crate) tried: Mutex<Vec<u64>>,
}

impl Note {
    pub(crate) fn fail_at_first(&self, times: u32) {
        self.failures.store(times, Ordering::Relaxed);
    }

    pub(crate) fn meet(&self, cursor: u64, misfortune: Misfortune) {
        self.misfortunes.lock().unwrap().insert(cursor, misfortune);
    }

    pub(crate) fn heal(&self, cursor: u64) {
        self.misfortunes.lock().unwrap().remove(&cursor);
    }

    /// Waits for this many attempts, or for ten seconds.
    pub(crate) async fn is_tried(&self, cursor: u64, times: usize) {
        for _ in 0..1_000 {
            if self.times(cursor) >= times {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("event {cursor} was tried {} times", self.times(cursor));
    }

    pub(crate) fn times(&self, cursor: u64) -> usize {
        self.tried.lock().unwrap().iter().filter(|tried| **tried == cursor).count()
    }
}

#[async_trait]
impl Effect for Note {
    async fn happen(&self, tx: &Tx, event: &Event) -> Result<(), EffectError> {
        self.tried.lock().unwrap().push(event.cursor);
        let (cursor, subject) = (Value::Int(event.cursor as i64), event.event.subject.replace('\0', "?"));
        tx.execute(EFFECT_ADD, &[cursor, Value::Text(&subject)]).await?;
        if self.failures.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
            return Err(DbError::new("fail on purpose", Fault::Retry).into());
        }
        let misfortune = self.misfortunes.lock().unwrap().get(&event.cursor).copied();
        match misfortune {
            None => Ok(()),
            Some(Misfortune::Refuses) => Err(EffectError::Refused("names an account that is not there".to_owned())),
            Some(Misfortune::Panics) => panic!("somebody's hand is stuck"),
            Some(Misfortune::Constraint) => {
                tx.execute(EFFECT_ADD, &[Value::Int(event.cursor as i64), Value::Text("again")]).await?;
                Ok(())
            }
            Some(Misfortune::Swallowed) => {
                let _ = tx.execute(EFFECT_BROKEN, &[Value::Text("a"), Value::Text("b"), Value::Int(1)]).await;
                Ok(())
            }
            Some(Misfortune::Store(name)) => Err(DbError::new("fail on purpose", name.fault()).into()),
        }
    }
}

/// Returns the outbox's events and counts them.
pub(crate) struct Counted {
    pub(crate) inner: OutboxFeed,
    sizes: Mutex<Vec<usize>>,
}

impl Counted {
    pub(crate) fn sizes(&self) -> Vec<usize> {
        self.sizes.lock().unwrap().clone()
    }
}

#[async_trait]
impl Feed for Counted {
    async fn events_after(&self, pull: Pull) -> Result<Vec<Event>, FeedError> {
        let events = self.inner.events_after(pull).await?;
        self.sizes.lock().unwrap().push(events.len());
        Ok(events)
    }

    async fn end(&self) -> Result<Option<u64>, FeedError> {
        self.inner.end().await
    }
}

/// One store with an outbox and its consumers.
pub(crate) struct Desk {
    pub(crate) db: Db,
    pub(crate) feed: Arc<Counted>,
    pub(crate) note: Arc<Note>,
    signal: FeedSignal,
}

impl Desk {
    pub(crate) async fn open(store: &TestStore) -> Desk {
        let db = prepared(store.open().await).await;
        let signal = FeedSignal::default();
        let inner = OutboxFeed::new(db.clone(), signal.clone(), Arc::new(SystemClock));
        let feed = Arc::new(Counted { inner, sizes: Mutex::default() });
        Desk { db, feed, note: Arc::default(), signal }
    }

    pub(crate) async fn tell(&self, subject: &str) {
        self.signal.committed(tell(&self.db, subject).await);
    }

    pub(crate) fn consumer(&self, config: ConsumerConfig) -> Arc<Consumer> {
        let (feed, effect): (Arc<dyn Feed>, Arc<dyn Effect>) = (self.feed.clone(), self.note.clone());
        Arc::new(Consumer::new(self.db.clone(), feed, effect, Arc::new(SystemClock), config))
    }

    /// Runs the consumer until it reaches `cursor`, or for ten seconds.
    pub(crate) async fn run_to(&self, consumer: &Consumer, cursor: u64) {
        let reached = async {
            while consumer.cursor().await.unwrap() < cursor {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::select! {
            () = consumer.run() => {}
            reached = tokio::time::timeout(Duration::from_secs(10), reached) => reached.expect("the consumer does not move"),
        }
    }

    pub(crate) async fn cursors_with_effect(&self) -> BTreeSet<i64> {
        effects(&self.db).await.into_iter().collect()
    }
}
