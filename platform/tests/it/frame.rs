//! The frame of every room: its events, parked events and outcomes, in process, between processes and over HTTP.

mod office;
mod over_http;

use std::sync::Arc;
use std::time::Duration;

use kernel::SystemClock;
use platform::error::Failure;
use platform::feed::{Feed, FeedError, Pull};
use platform::frame::{Frame, OutcomeOf, ParkedAt, ParkedQuery, RemoteFeed};
use platform::health::Part;
use serde_json::json;
use testkit::{Trouble, for_each_engine};

use crate::feed::common::{Misfortune, pull, tell};
use office::{Office, ctx, reader, stranger};

#[tokio::test(flavor = "multi_thread")]
async fn each_query_and_change_needs_its_permission() {
    for_each_engine(async |store| {
        let office = Office::open(store).await;
        let at = || ParkedAt { feed: "test".to_owned(), cursor: 1 };
        for frame in office.ways() {
            for (ctx, changes) in [(ctx(stranger()), false), (ctx(reader()), true)] {
                let forbidden = Failure::Forbidden;
                assert_eq!(frame.deregister(&ctx, "risk".parse().unwrap()).await, Err(forbidden));
                assert_eq!(frame.retry(&ctx, at()).await, Err(forbidden));
                assert_eq!(frame.give_up(&ctx, at()).await, Err(forbidden));
                if changes {
                    continue;
                }
                assert_eq!(frame.events_after(&ctx, pull(0)).await, Err(forbidden));
                assert_eq!(frame.end(&ctx).await, Err(forbidden));
                assert_eq!(frame.consumers(&ctx).await, Err(forbidden));
                assert_eq!(frame.parked(&ctx, ParkedQuery { after: None, limit: 1 }).await, Err(forbidden));
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_the_same_locally_and_remotely() {
    for_each_engine(async |store| {
        let office = Office::open(store).await;
        for subject in 1..=3 {
            tell(&office.desk.db, &subject.to_string()).await;
        }
        for frame in office.ways() {
            let ctx = ctx(reader());
            let events = frame.events_after(&ctx, Pull { max: 2, ..pull(1) }).await.unwrap();
            assert_eq!(events.iter().map(|event| event.cursor).collect::<Vec<_>>(), [2, 3]);
            assert_eq!(frame.end(&ctx).await, Ok(3));
            assert_eq!(frame.events_after(&ctx, pull(3)).await, Ok(Vec::new()));
            for after in [4, u64::MAX / 2, u64::MAX] {
                assert_eq!(
                    frame.events_after(&ctx, pull(after)).await,
                    Err(Failure::CursorAhead { end: 3 }),
                    "{after}"
                );
            }
        }
        let tx = office.desk.db.begin().await.unwrap();
        tx.execute("delete from outbox where seq < $1", &[platform::db::Value::Int(3)]).await.unwrap();
        tx.commit().await.unwrap();
        for frame in office.ways() {
            let gone = frame.events_after(&ctx(reader()), pull(1)).await;
            assert_eq!(gone, Err(Failure::EventsGone { first: 3 }));
        }
    })
    .await;
}

/// The same consumer, over a network that loses and duplicates calls.
#[tokio::test(flavor = "multi_thread")]
async fn a_remote_consumer_applies_each_event_once() {
    for_each_engine(async |store| {
        let office = Office::open(store).await;
        let feed = office.feed_over(Trouble::plenty());
        let consumer = office.consumer(Arc::new(feed));
        for subject in 1..=40 {
            tell(&office.desk.db, &subject.to_string()).await;
        }
        let running = consumer.start();
        office.reaches(&consumer, 40).await;
        assert_eq!(office.desk.cursors_with_effect().await.len(), 40);
        // The feed stores its cursor under the name of the consuming room.
        let known = office.here.consumers(&ctx(reader())).await.unwrap();
        assert_eq!((known.len(), known[0].name.as_str()), (1, "risk"));
        let status = consumer.status().await;
        assert_eq!((consumer.name(), &status["cursor"]), ("risk.test", &json!(40)));
        running.close().await;
        tell(&office.desk.db, "after the end").await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(consumer.cursor().await.unwrap(), 40);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_feed_reports_removed_and_future_events_by_code() {
    for_each_engine(async |store| {
        let office = Office::open(store).await;
        let feed = office.feed_over(Trouble::default());
        tell(&office.desk.db, "one").await;
        assert_eq!(feed.events_after(pull(7)).await, Err(FeedError::Ahead { end: 1 }));
        assert_eq!(feed.end().await, Ok(Some(1)));
        let nobody = RemoteFeed::new(office.rpc(Trouble::default()), Arc::new(stranger()), Arc::new(SystemClock));
        let refused = nobody.events_after(pull(0)).await;
        assert!(matches!(refused, Err(FeedError::Unavailable(why)) if why.starts_with("forbidden")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_event_is_listed_retried_and_discarded() {
    for_each_engine(async |store| {
        let office = Office::open(store).await;
        for cursor in 1..=4 {
            office.desk.note.meet(cursor, Misfortune::Refuses);
            tell(&office.desk.db, "thing").await;
        }
        let running = office.consumer.start();
        office.reaches(&office.consumer, 4).await;
        running.close().await;
        let editor = ctx(office::editor());
        let at = |cursor| ParkedAt { feed: "test".to_owned(), cursor };
        let list = async |frame: &Arc<dyn Frame>, after, limit| {
            let parked = frame.parked(&editor, ParkedQuery { after, limit }).await.unwrap();
            parked.into_iter().map(|aside| (aside.feed, aside.cursor)).collect::<Vec<_>>()
        };
        let one = |cursor| ("test".to_owned(), cursor);
        for (frame, mine) in office.ways().into_iter().zip([1, 3]) {
            assert_eq!(list(&frame, Some(at(2)), 1).await, [one(3)]);
            let failed = frame.retry(&editor, at(mine)).await.unwrap();
            assert_eq!(
                (failed.happened, failed.reason.as_deref()),
                (false, Some("names an account that is not there"))
            );
            office.desk.note.heal(mine);
            assert!(frame.retry(&editor, at(mine)).await.unwrap().happened);
            assert_eq!(frame.retry(&editor, at(mine)).await, Err(Failure::NotFound));
            assert_eq!(frame.give_up(&editor, at(mine + 1)).await.unwrap().cursor, mine + 1);
            assert_eq!(frame.give_up(&editor, at(mine + 1)).await, Err(Failure::NotFound));
            if mine == 1 {
                assert_eq!(list(&frame, None, 10).await, [one(3), one(4)]);
            }
        }
        assert_eq!(list(&office.ways()[0], None, 10).await, []);
        assert_eq!(office.desk.cursors_with_effect().await.into_iter().collect::<Vec<_>>(), [1, 3]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_retries_events_marked_in_the_store() {
    for_each_engine(async |store| {
        let office = Office::open(store).await;
        office.desk.note.meet(1, Misfortune::Refuses);
        tell(&office.desk.db, "thing").await;
        let running = office.consumer.start();
        office.reaches(&office.consumer, 1).await;
        running.close().await;
        let db = &office.desk.db;
        assert!(!platform::feed::want_retry(db, "test", 7).await.unwrap());
        assert!(platform::feed::want_retry(db, "test", 1).await.unwrap());
        // It fails again and waits for another request; the next retry succeeds.
        let rounds = async |until: bool| {
            let running = office.again().start();
            for _ in 0..400 {
                let parked = office.consumer.parked(0, 1).await.unwrap();
                if parked.is_empty() == until && (until || parked[0].attempts > 1) {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            running.close().await;
        };
        rounds(false).await;
        assert_eq!(office.consumer.parked(0, 1).await.unwrap()[0].attempts, 2);
        office.desk.note.heal(1);
        assert!(platform::feed::want_retry(db, "test", 1).await.unwrap());
        rounds(true).await;
        assert_eq!(office.consumer.parked(0, 1).await.unwrap(), []);
        assert_eq!(office.desk.cursors_with_effect().await.into_iter().collect::<Vec<_>>(), [1]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absent_reader_is_deregistered() {
    for_each_engine(async |store| {
        let office = Office::open(store).await;
        let editor = ctx(office::editor());
        for frame in office.ways() {
            let pull = Pull { consumer: Some("risk".parse().unwrap()), ..pull(0) };
            frame.events_after(&editor, pull).await.unwrap();
            assert_eq!(frame.consumers(&editor).await.unwrap().len(), 1);
            assert_eq!(frame.deregister(&editor, "risk".parse().unwrap()).await, Ok(()));
            assert_eq!(frame.deregister(&editor, "risk".parse().unwrap()).await, Err(Failure::NotFound));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_finds_only_their_own_outcomes() {
    for_each_engine(async |store| {
        let office = Office::open(store).await;
        office.made("ann", "put_thing", "k1", json!(7)).await;
        let of = |key: &str| OutcomeOf { operation: "put_thing".to_owned(), key: key.parse().unwrap() };
        for frame in office.ways() {
            let found = frame.outcome(&ctx(office::named("ann")), of("k1")).await.unwrap();
            assert_eq!((found.made, found.refused), (Some(json!(7)), None));
            for (who, key) in [("ann", "k2"), ("bob", "k1")] {
                assert_eq!(frame.outcome(&ctx(office::named(who)), of(key)).await, Err(Failure::NotFound));
            }
        }
    })
    .await;
}
