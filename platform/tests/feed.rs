//! Outbox and feed on both engines: in order, with the fact or not at all, and with effects that happen once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use kernel::{Clock, SystemClock};
use platform::db::{Db, DbError, Fault, Migration, Tx, Value};
use platform::feed::{
    Consumer, ConsumerConfig, Effect, Event, FEED_CURSOR_TABLE, Feed, FeedSignal, NewEvent, OUTBOX_TABLES, Outbox,
    OutboxFeed, Pull,
};
use serde_json::json;

const EFFECT_TABLE: &str = "create table effect (seq SEQ, subject TEXT not null)";
const EFFECT_ADD: &str = "insert into effect (seq, subject) values ($1, $2)";
const EFFECT_LIST: &str = "select seq, subject from effect order by seq";

async fn prepared(db: Db) -> Db {
    let migrations = [
        Migration { version: 1, name: "outbox", sql: OUTBOX_TABLES },
        Migration { version: 2, name: "cursor", sql: FEED_CURSOR_TABLE },
        Migration { version: 3, name: "effect", sql: EFFECT_TABLE },
    ];
    db.migrate(&migrations).await.unwrap();
    db
}

fn outbox() -> Outbox {
    Outbox::new("/test", Arc::new(SystemClock))
}

async fn tell(db: &Db, subject: &str) -> u64 {
    let tx = db.begin().await.unwrap();
    let event = NewEvent { kind: "test.thing.happened", subject: subject.to_owned(), data: json!({}) };
    let cursor = outbox().add(&tx, vec![event]).await.unwrap();
    tx.commit().await.unwrap();
    cursor
}

fn pull(after: u64) -> Pull {
    Pull { after, max: 1_000, wait_ms: 0 }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_told_with_its_fact_and_not_without_it() {
    testkit::for_each_engine(async |store| {
        let db = prepared(store.open().await).await;
        let feed = OutboxFeed::new(db.clone(), FeedSignal::default());
        let tx = db.begin().await.unwrap();
        let event = NewEvent { kind: "test.thing.happened", subject: "lost".to_owned(), data: json!({}) };
        outbox().add(&tx, vec![event]).await.unwrap();
        drop(tx);
        assert_eq!(feed.events_after(pull(0)).await.unwrap(), vec![]);
        tell(&db, "kept").await;
        let told = feed.events_after(pull(0)).await.unwrap();
        assert_eq!(told.len(), 1);
        assert_eq!((told[0].cursor, told[0].event.subject.as_str()), (1, "kept"));
        assert_eq!(told[0].event.specversion, "1.0");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cursors_follow_the_order_of_commits_with_many_writers() {
    testkit::for_each_engine(async |store| {
        let db = prepared(store.open().await).await;
        let feed = OutboxFeed::new(db.clone(), FeedSignal::default());
        let writers = (0..8).map(|writer| {
            let db = db.clone();
            tokio::spawn(async move {
                for event in 0..20 {
                    tell(&db, &format!("{writer}-{event}")).await;
                }
            })
        });
        let writers: Vec<_> = writers.collect();
        let mut seen = Vec::new();
        while seen.len() < 160 {
            let after = seen.last().copied().unwrap_or(0);
            seen.extend(feed.events_after(pull(after)).await.unwrap().iter().map(|event| event.cursor));
        }
        for writer in writers {
            writer.await.unwrap();
        }
        // A gap here would be an event that came into sight behind the reader.
        assert_eq!(seen, (1..=160).collect::<Vec<u64>>());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_is_woken_by_the_commit() {
    testkit::for_each_engine(async |store| {
        let db = prepared(store.open().await).await;
        let signal = FeedSignal::default();
        let feed = OutboxFeed::new(db.clone(), signal.clone());
        let waiting = tokio::spawn(async move { feed.events_after(Pull { wait_ms: 900, ..pull(0) }).await });
        tokio::time::sleep(Duration::from_millis(50)).await;
        let start = SystemClock.monotonic();
        signal.committed(tell(&db, "new").await);
        assert_eq!(waiting.await.unwrap().unwrap().len(), 1);
        assert!(SystemClock.monotonic().micros_since(start) < 700_000);
    })
    .await;
}

/// Writes the event down; fails the first times it is called, after having written.
struct Note {
    failures: AtomicU32,
}

#[async_trait]
impl Effect for Note {
    async fn happen(&self, tx: &Tx, event: &Event) -> Result<(), DbError> {
        let params = [Value::Int(event.cursor as i64), Value::Text(&event.event.subject)];
        tx.execute(EFFECT_ADD, &params).await?;
        if self.failures.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
            return Err(DbError::new("fail on purpose", Fault::Statement));
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn effects_happen_once_through_failures_and_restarts() {
    testkit::for_each_engine(async |store| {
        let db = prepared(store.open().await).await;
        let signal = FeedSignal::default();
        let feed: Arc<dyn Feed> = Arc::new(OutboxFeed::new(db.clone(), signal.clone()));
        let effect: Arc<dyn Effect> = Arc::new(Note { failures: AtomicU32::new(2) });
        let consumer = || {
            let config = ConsumerConfig { feed: "test", batch_max: 3, wait_ms: 50 };
            Arc::new(Consumer::new(db.clone(), Arc::clone(&feed), Arc::clone(&effect), config))
        };
        for subject in 0..10 {
            signal.committed(tell(&db, &subject.to_string()).await);
        }
        // Two at a time, cut off at any moment, started again.
        while consumer().cursor().await.unwrap() < 10 {
            let (one, other) = (consumer(), consumer());
            let both = async { tokio::join!(one.run(), other.run()) };
            let _ = tokio::time::timeout(Duration::from_millis(700), both).await;
        }
        let tx = db.read().await.unwrap();
        let effects: Vec<i64> =
            tx.query(EFFECT_LIST, &[]).await.unwrap().iter().map(|row| row.int(0).unwrap()).collect();
        assert_eq!(effects, (1..=10).collect::<Vec<i64>>());
    })
    .await;
}
