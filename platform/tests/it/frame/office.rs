//! A room called `office` with events, a consumer of its own feed, and stored commands; called locally and over rpc.

use std::sync::Arc;
use std::time::Duration;

use kernel::{Ctx, Deadline, Principal, PrincipalKind, SystemClock};
use platform::crypto::KeyEncryptionKey;
use platform::feed::{Consumer, ConsumerConfig, Effect, Feed, FeedSignal, OutboxFeed};
use platform::frame::{Frame, Here, Offers, Parts, RemoteFeed, There, serve};
use platform::once::Once;
use platform::rpc::{Budget, Methods, RpcClient, Served};
use serde_json::Value;
use testkit::{AsSaid, Flaky, InProcess, TestStore, Trouble};

use crate::feed::common::Desk;
use crate::once::shelf::Refused;

pub(crate) const OFFERS: Offers = Offers { room: "office", outbox: true, consumes: true, once: true };

pub(crate) struct Office {
    pub(crate) desk: Desk,
    pub(crate) consumer: Arc<Consumer>,
    pub(crate) here: Arc<dyn Frame>,
    once: Once<Refused>,
}

fn config() -> ConsumerConfig {
    ConsumerConfig { wait_ms: 20, attempts_max: 1, ..ConsumerConfig::of("risk", "test") }
}

impl Office {
    pub(crate) async fn open(store: &TestStore) -> Office {
        let desk = Desk::open(store).await;
        let clock = Arc::new(SystemClock);
        let outbox = OutboxFeed::new(desk.db.clone(), FeedSignal::default(), clock.clone());
        let consumer = desk.consumer(config());
        let (outbox, consumers) = (Some(outbox), vec![Arc::clone(&consumer)]);
        let here = Here::new(Parts { offers: OFFERS, db: desk.db.clone(), outbox, consumers, clock: clock.clone() });
        let once = Once::new(&KeyEncryptionKey::random(), clock);
        Office { desk, consumer, here: Arc::new(here), once }
    }

    pub(crate) fn rpc(&self, trouble: Trouble) -> RpcClient {
        let methods = serve(Methods::new("office"), Arc::clone(&self.here));
        let served = Served::new([methods], Arc::new(AsSaid), Arc::new(SystemClock)).unwrap();
        let network = Flaky::new(InProcess(served), trouble, 7);
        RpcClient::new("office", Arc::new(network), Arc::new(SystemClock)).with_budget(Budget::new(1_000))
    }

    /// The room in this process, and in another one.
    pub(crate) fn ways(&self) -> [Arc<dyn Frame>; 2] {
        [Arc::clone(&self.here), Arc::new(There::new(self.rpc(Trouble::default())))]
    }

    pub(crate) fn feed_over(&self, trouble: Trouble) -> RemoteFeed {
        RemoteFeed::new(self.rpc(trouble), Arc::new(reader()), Arc::new(SystemClock))
    }

    pub(crate) fn consumer(&self, feed: Arc<dyn Feed>) -> Arc<Consumer> {
        let effect: Arc<dyn Effect> = self.desk.note.clone();
        Arc::new(Consumer::new(self.desk.db.clone(), feed, effect, Arc::new(SystemClock), config()))
    }

    /// The same consumer in a restarted process.
    pub(crate) fn again(&self) -> Arc<Consumer> {
        self.desk.consumer(config())
    }

    pub(crate) async fn reaches(&self, consumer: &Consumer, cursor: u64) {
        for _ in 0..2_000 {
            if consumer.cursor().await.unwrap() >= cursor {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the consumer is at {}", consumer.cursor().await.unwrap());
    }

    pub(crate) async fn made(&self, who: &str, operation: &'static str, key: &str, what: Value) {
        let ctx = Ctx { idempotency_key: Some(key.parse().unwrap()), ..ctx(named(who)) };
        let turn = self.once.begin(&ctx, operation, &what).await.unwrap();
        let tx = self.desk.db.begin().await.unwrap();
        assert_eq!(turn.again::<Value>(&tx).await, Ok(None));
        turn.made(&tx, &what).await.unwrap();
        tx.commit().await.unwrap();
    }
}

fn holding(subject: &str, permissions: &[&str]) -> Principal {
    let permissions = permissions.iter().map(|text| text.parse().unwrap());
    Principal::new(PrincipalKind::Service, subject, permissions)
}

pub(crate) fn reader() -> Principal {
    holding("reader", &["events:read:all"])
}

pub(crate) fn editor() -> Principal {
    holding("editor", &["events:read:all", "events:change:all"])
}

pub(crate) fn stranger() -> Principal {
    holding("stranger", &["accounts:*:all"])
}

pub(crate) fn named(subject: &str) -> Principal {
    holding(subject, &[])
}

pub(crate) fn ctx(principal: Principal) -> Ctx {
    let deadline = Deadline::after_millis(&SystemClock, 20_000);
    Ctx { principal, deadline, request_id: "req-1".into(), idempotency_key: None }
}
