//! Outbox and feed on both engines: events in order, with the fact or not at all, and effects that happen once.

pub(crate) mod common;
mod poison;
mod retention;

use std::sync::Arc;
use std::time::Duration;

use kernel::{Clock, SystemClock};
use platform::feed::{ConsumerConfig, Feed, FeedSignal, NewEvent, OutboxFeed, Pull};
use serde_json::json;

use common::{Desk, effects, outbox, prepared, pull, tell, tell_many};

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_published_only_with_its_fact() {
    testkit::for_each_engine(async |store| {
        let db = prepared(store.open().await).await;
        let feed = OutboxFeed::new(db.clone(), FeedSignal::default(), Arc::new(SystemClock));
        let tx = db.begin().await.unwrap();
        let event = NewEvent::new("test.thing.happened", "lost", json!({}));
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
        let feed = OutboxFeed::new(db.clone(), FeedSignal::default(), Arc::new(SystemClock));
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
        // A gap here would be an event that became visible after the reader had passed.
        assert_eq!(seen, (1..=160).collect::<Vec<u64>>());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_wakes_waiting_readers() {
    testkit::for_each_engine(async |store| {
        let db = prepared(store.open().await).await;
        let signal = FeedSignal::default();
        let feed = OutboxFeed::new(db.clone(), signal.clone(), Arc::new(SystemClock));
        let waiting = tokio::spawn(async move { feed.events_after(Pull { wait_ms: 900, ..pull(0) }).await });
        tokio::time::sleep(Duration::from_millis(50)).await;
        let start = SystemClock.monotonic();
        signal.committed(tell(&db, "new").await);
        assert_eq!(waiting.await.unwrap().unwrap().len(), 1);
        assert!(SystemClock.monotonic().micros_since(start) < 700_000);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn effects_happen_once_through_failures_and_restarts() {
    testkit::for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let consumer = || {
            let config = ConsumerConfig { batch_max: 3, wait_ms: 50, ..ConsumerConfig::new("test") };
            desk.consumer(config)
        };
        desk.note.fail_at_first(2);
        for subject in 0..10 {
            desk.tell(&subject.to_string()).await;
        }
        // Two at a time, interrupted at any moment and restarted.
        while consumer().cursor().await.unwrap() < 10 {
            let (one, other) = (consumer(), consumer());
            let both = async { tokio::join!(one.run(), other.run()) };
            let _ = tokio::time::timeout(Duration::from_millis(700), both).await;
        }
        assert_eq!(effects(&desk.db).await, (1..=10).collect::<Vec<i64>>());
        assert_eq!(consumer().parked(0, 10).await.unwrap(), vec![]);
    })
    .await;
}

/// After hours of absence tens of thousands of events wait, and there is no pause between full batches.
#[tokio::test(flavor = "multi_thread")]
async fn an_absent_consumer_catches_up_in_full_batches() {
    const WAITING: u64 = 20_000;
    testkit::for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        for _ in 0..WAITING / 1_000 {
            tell_many(&desk.db, 1_000).await;
        }
        let config = ConsumerConfig { wait_ms: 0, batch_max: 1_000, ..ConsumerConfig::new("test") };
        let consumer = desk.consumer(config);
        let status = async || platform::health::Part::status(&*consumer).await;
        let running = tokio::spawn({
            let consumer = Arc::clone(&consumer);
            async move { consumer.run().await }
        });
        let mut lags = Vec::new();
        let started = SystemClock.monotonic();
        while consumer.cursor().await.unwrap() < WAITING {
            assert!(SystemClock.monotonic().micros_since(started) < 60_000_000, "{lags:?}");
            lags.extend(status().await["lag"].as_u64());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // The last batch is followed by an empty one, which shows that nothing is left.
        while status().await["lag"] != 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        running.abort();
        assert!(lags.iter().any(|lag| *lag > 0), "{lags:?}");
        let pulls = desk.feed.sizes();
        let full = pulls.iter().filter(|size| **size == 1_000).count() as u64;
        assert_eq!(full, WAITING / 1_000, "{pulls:?}");
        assert_eq!(effects(&desk.db).await.len() as u64, WAITING);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_is_bounded_in_bytes() {
    testkit::for_each_engine(async |store| {
        let db = prepared(store.open().await).await;
        let feed = OutboxFeed::new(db.clone(), FeedSignal::default(), Arc::new(SystemClock));
        let tx = db.begin().await.unwrap();
        let large = || json!({ "text": "x".repeat(Pull::BYTES_MAX / 3) });
        let event = |_| NewEvent::new("test.thing.happened", "large", large());
        outbox().add(&tx, (0..5).map(event).collect()).await.unwrap();
        tx.commit().await.unwrap();
        let cursors = async |after| -> Vec<u64> {
            feed.events_after(pull(after)).await.unwrap().iter().map(|event| event.cursor).collect()
        };
        assert_eq!((cursors(0).await, cursors(2).await, cursors(4).await), (vec![1, 2], vec![3, 4], vec![5]));
    })
    .await;
}
