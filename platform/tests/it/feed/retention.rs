//! How long an outbox keeps its rows: until every consumer has passed them and the retention time is over.

use std::sync::Arc;
use std::time::Duration;

use kernel::Clock;
use platform::db::Db;
use platform::feed::{
    ConsumerName, Feed, FeedError, FeedSignal, OutboxFeed, OutboxKeeper, Pull, RegisteredConsumer, Retention,
};
use testkit::{FakeClock, TestStore};

use crate::feed::common::{Desk, prepared, tell_by, tell_many};

const HOUR_MS: u64 = 3_600_000;

struct Office {
    db: Db,
    clock: FakeClock,
    feed: OutboxFeed,
}

impl Office {
    async fn open(store: &TestStore) -> Office {
        let db = prepared(store.open().await).await;
        let clock = FakeClock::default();
        let feed = OutboxFeed::new(db.clone(), FeedSignal::default(), Arc::new(clock.clone()));
        Office { db, clock, feed }
    }

    async fn tell(&self, count: usize) {
        for _ in 0..count {
            tell_by(&self.db, Arc::new(self.clock.clone()), "thing").await;
        }
    }

    async fn pull(&self, consumer: &str, after: u64, max: usize) -> Result<usize, FeedError> {
        let consumer = Some(name(consumer));
        self.feed.events_after(Pull { after, max, wait_ms: 0, consumer }).await.map(|events| events.len())
    }

    fn retention(&self) -> Retention {
        let clock: Arc<dyn Clock> = Arc::new(self.clock.clone());
        Retention { db: self.db.clone(), outbox: "test", keep_hours: 72, clock }
    }

    async fn removed(&self) -> u64 {
        self.retention().round().await.unwrap()
    }

    async fn passed(&self) -> Vec<(String, u64)> {
        let told = |one: &RegisteredConsumer| (one.name.to_string(), one.passed);
        self.feed.consumers().await.unwrap().iter().map(told).collect()
    }
}

fn name(text: &str) -> ConsumerName {
    text.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_go_once_all_have_passed_them_and_time_is_over() {
    testkit::for_each_engine(async |store| {
        let office = Office::open(store).await;
        office.tell(6).await;
        office.clock.advance_millis(71 * HOUR_MS);
        office.tell(2).await;
        for (consumer, after) in [("audit", 3), ("risk", 8)] {
            office.pull(consumer, after, 10).await.unwrap();
        }
        assert_eq!(office.removed().await, 0, "their retention time is not over");
        office.clock.advance_millis(HOUR_MS);
        assert_eq!(office.removed().await, 3, "audit has passed three");
        office.pull("audit", 7, 10).await.unwrap();
        // It is not stored with every pull: the next time is ten seconds later.
        office.pull("audit", 8, 10).await.unwrap();
        assert_eq!(office.passed().await, [("audit".to_owned(), 7), ("risk".to_owned(), 8)]);
        office.clock.advance_millis(10_000);
        office.pull("audit", 8, 10).await.unwrap();
        assert_eq!(office.passed().await, [("audit".to_owned(), 8), ("risk".to_owned(), 8)]);
        assert_eq!(office.removed().await, 3, "two are of yesterday");
        office.clock.advance_millis(71 * HOUR_MS);
        assert_eq!((office.removed().await, office.removed().await), (2, 0));
        // Numbers are never reused.
        office.tell(1).await;
        assert_eq!(office.pull("risk", 8, 10).await, Ok(1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_never_comes_back_is_deregistered() {
    testkit::for_each_engine(async |store| {
        let office = Office::open(store).await;
        office.tell(5).await;
        office.pull("gone", 1, 10).await.unwrap();
        office.pull("risk", 5, 10).await.unwrap();
        office.clock.advance_millis(1_000 * HOUR_MS);
        assert_eq!(office.removed().await, 1);
        assert!(office.feed.deregister(&name("gone")).await.unwrap());
        assert!(!office.feed.deregister(&name("gone")).await.unwrap());
        assert_eq!(office.removed().await, 4);
        // It comes back all the same, and gets `events_gone`.
        assert_eq!(office.pull("gone", 1, 10).await, Err(FeedError::Gone { first: 6 }));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_of_removed_events_is_told_the_first_cursor() {
    testkit::for_each_engine(async |store| {
        let office = Office::open(store).await;
        office.tell(4).await;
        office.clock.advance_millis(100 * HOUR_MS);
        office.tell(2).await;
        assert_eq!(office.removed().await, 4, "no consumer is registered");
        for after in 0..4 {
            assert_eq!(office.pull("late", after, 10).await, Err(FeedError::Gone { first: 5 }), "{after}");
        }
        assert_eq!((office.pull("late", 4, 10).await, office.pull("late", 6, 10).await), (Ok(2), Ok(0)));
        assert_eq!(office.feed.end().await, Ok(Some(6)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_reports_missed_events_and_continues_where_told() {
    testkit::for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        tell_many(&desk.db, 5).await;
        let clock = FakeClock::default();
        clock.set(kernel::Timestamp::from_micros(i64::MAX));
        let retention = Retention { db: desk.db.clone(), outbox: "test", keep_hours: 1, clock: Arc::new(clock) };
        assert_eq!(retention.round().await.unwrap(), 5);
        desk.tell("thing").await;
        let consumer =
            desk.consumer(platform::feed::ConsumerConfig { wait_ms: 0, ..platform::feed::ConsumerConfig::new("test") });
        let _ = tokio::time::timeout(Duration::from_millis(200), consumer.run()).await;
        assert_eq!(consumer.cursor().await.unwrap(), 0, "nothing is skipped silently");
        let trouble = platform::health::Part::status(&*consumer).await["trouble"].to_string();
        assert!(trouble.contains("before cursor 6 were removed"), "{trouble}");
        consumer.begin_behind(5).await.unwrap();
        desk.run_to(&consumer, 6).await;
        assert_eq!(crate::feed::common::effects(&desk.db).await, [6]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_end_of_a_catch_up_is_stored() {
    testkit::for_each_engine(async |store| {
        let office = Office::open(store).await;
        office.tell(9).await;
        for (after, written) in [(0, 0), (4, 0), (8, 8), (9, 8)] {
            office.pull("risk", after, 4).await.unwrap();
            assert_eq!(office.passed().await, [("risk".to_owned(), written)], "{after}");
        }
        // Restored to an earlier day: it needs the rows again.
        office.pull("risk", 2, 4).await.unwrap();
        assert_eq!(office.passed().await, [("risk".to_owned(), 2)]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn old_rows_are_removed_in_bounded_batches_until_closed() {
    testkit::for_each_engine(async |store| {
        let office = Office::open(store).await;
        for _ in 0..3 {
            tell_many(&office.db, 900).await;
        }
        office.clock.set(kernel::Timestamp::from_micros(i64::MAX));
        let keeper = OutboxKeeper::start(office.retention());
        let gone = async {
            // Nobody is registered by asking.
            let all = Pull { after: 0, max: 1, wait_ms: 0, consumer: None };
            while office.feed.events_after(all.clone()).await != Err(FeedError::Gone { first: 2_701 }) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), gone).await.expect("rows are still there");
        keeper.close().await;
    })
    .await;
}
