//! A consumer of the ledger's events: the same one in process, in another process, and over a bad network.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kernel::{Clock, Ctx, Deadline, Principal, SystemClock};
use ledger_api::{LedgerFeed, PostedLeg};
use platform::db::{Db, Migration, Tx, Value};
use platform::feed::{
    Consumer, ConsumerConfig, Effect, EffectError, Event, FEED_CURSOR_TABLE, FEED_PARKED_TABLE, Feed, Pull,
};
use platform::health::Part;
use serde::Deserialize;
use testkit::TestStore;

use crate::service::harness::{Desk, pay, posting};
use crate::service::way::{for_each_way_even_bad, for_each_way_on_each_engine};

const TABLES: &str = "
create table effect (cursor BIGINT not null);

create table copy (
    account TEXT primary key,
    minor BIGINT not null
)";

const MIGRATIONS: [Migration; 3] = [
    Migration { version: 1, name: "cursor", sql: FEED_CURSOR_TABLE },
    Migration { version: 2, name: "parked", sql: FEED_PARKED_TABLE },
    Migration { version: 3, name: "copy", sql: TABLES },
];

const EFFECT_ADD: &str = "insert into effect (cursor) values ($1)";
const EFFECT_LIST: &str = "select cursor from effect order by cursor";
const COPY_LIST: &str = "select account, minor from copy order by account";
const COPY_ADD: &str = "
insert into copy (account, minor)
values ($1, $2)
on conflict (account) do update set minor = copy.minor + excluded.minor";

/// Keeps a copy of all balances; it cannot take a transfer of 13.
struct Copying;

#[derive(Deserialize)]
struct Posted {
    postings: Vec<PostedLeg>,
}

#[async_trait]
impl Effect for Copying {
    async fn happen(&self, tx: &Tx, event: &Event) -> Result<(), EffectError> {
        tx.execute(EFFECT_ADD, &[Value::Int(event.cursor as i64)]).await?;
        if event.event.kind != "ledger.transaction.posted" {
            return Ok(());
        }
        for leg in Posted::deserialize(&event.event.data).unwrap().postings {
            if leg.amount.minor() == 13 {
                return Err(EffectError::Refused("thirteen".to_owned()));
            }
            for (account, minor) in [(&leg.debit, -leg.amount.minor()), (&leg.credit, leg.amount.minor())] {
                tx.execute(COPY_ADD, &[Value::Text(account.as_str()), Value::Int(minor)]).await?;
            }
        }
        Ok(())
    }
}

async fn consumer(desk: &Desk, store: &TestStore) -> (Consumer, Db) {
    let db = store.open().await;
    db.migrate(&MIGRATIONS).await.unwrap();
    let feed = LedgerFeed::new(desk.ledger.shared(), Principal::operator(), Arc::new(desk.clock.clone()));
    let name = Some("copying".parse().unwrap());
    let config = ConsumerConfig {
        consumer: name,
        batch_max: 7,
        wait_ms: 50,
        attempts_max: 2,
        ..ConsumerConfig::new("ledger-copy")
    };
    (Consumer::new(db.clone(), Arc::new(feed), Arc::new(Copying), Arc::new(SystemClock), config), db)
}

async fn rows(db: &Db, sql: &'static str) -> Vec<platform::db::Row> {
    db.read().await.unwrap().query(sql, &[]).await.unwrap()
}

/// A busy morning's events, consumed by runs that are cut off at any moment.
#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_keeps_a_copy_of_balances_by_any_way() {
    for_each_way_on_each_engine(async |store| {
        let own = TestStore::sqlite();
        let desk = Desk::with_people(store).await;
        let (copying, db) = consumer(&desk, &own).await;
        for minor in 1..=30 {
            let (debit, credit) = if minor % 3 == 0 { ("ann", "bob") } else { ("bank", "ann") };
            desk.run(pay(minor as u128 + 100, debit, credit, minor)).await.unwrap();
        }
        let end = desk.rows().await;
        let caught_up = async {
            while copying.cursor().await.unwrap() < end {
                let _ = tokio::time::timeout(Duration::from_millis(120), copying.run()).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), caught_up).await.expect("the consumer is stuck");
        let copy: BTreeMap<String, i64> = rows(&db, COPY_LIST)
            .await
            .iter()
            .map(|row| (row.text(0).unwrap().to_owned(), row.int(1).unwrap()))
            .collect();
        let (ann, bob) = (desk.posted("ann").await, desk.posted("bob").await);
        // The transfer of 13 went to ann, and this consumer could not take it.
        assert_eq!((copy["ann"], copy["bob"], copy["bank"]), (ann - 13, bob, 13 - ann - bob));
        let parked = copying.parked(0, 10).await.unwrap();
        assert_eq!((parked.len(), parked[0].reason.as_str(), parked[0].attempts), (1, "thirteen", 2));
        let effects: Vec<u64> = rows(&db, EFFECT_LIST).await.iter().map(|row| row.int(0).unwrap() as u64).collect();
        let told: Vec<u64> = (1..=end).filter(|cursor| *cursor != parked[0].cursor).collect();
        assert_eq!(effects, told, "each event once");
        let status = copying.status().await;
        assert_eq!((&status["cursor"], &status["parked"]), (&end.into(), &1.into()));
    })
    .await;
}

/// The feed reports its end, by every way.
#[tokio::test(flavor = "multi_thread")]
async fn the_feed_reports_its_end() {
    for_each_way_even_bad(async |store| {
        let desk = Desk::with_people(store).await;
        let clock: Arc<dyn Clock> = Arc::new(desk.clock.clone());
        let feed = LedgerFeed::new(desk.ledger.shared(), Principal::operator(), clock);
        assert_eq!(feed.end().await, Ok(Some(desk.rows().await)));
    })
    .await;
}

/// Thousands of rows, of which a bounded number is returned at once, however many events were requested.
#[tokio::test(flavor = "multi_thread")]
async fn a_reply_with_large_transactions_is_bounded_in_bytes() {
    for_each_way_even_bad(async |store| {
        let desk = Desk::with_people(store).await;
        let postings = || (0..64).map(|_| posting("bank", "ann", 1)).collect::<Vec<_>>();
        let large = |bits| ledger_api::Operation::Create(crate::service::harness::create(bits, postings()));
        for outcome in desk.batch(true, (0..60).map(|line| large(1_000 + line)).collect()).await {
            outcome.unwrap();
        }
        let (mut after, mut answers, mut told) = (0, Vec::new(), 0);
        loop {
            let pull = Pull { after, max: Pull::EVENTS_MAX, wait_ms: 0, consumer: None };
            let events = desk.ledger.events_after(&desk.ctx, pull).await.unwrap();
            let Some(last) = events.last() else { break };
            (after, told) = (last.cursor, told + events.len());
            answers.push(serde_json::to_vec(&events).unwrap().len());
        }
        assert!(told > 60 && after == desk.rows().await, "{told} events up to {after}");
        assert!(answers.len() > 2 && answers.iter().all(|bytes| *bytes < 1 << 20), "{answers:?}");
    })
    .await;
}

/// A caller with 1.2 seconds left asks to wait for 30 seconds.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_poll_ends_before_the_callers_deadline() {
    for_each_way_even_bad(async |store| {
        let desk = Desk::with_people(store).await;
        let after = desk.rows().await;
        let ctx = Ctx { deadline: Deadline::after_millis(&desk.clock, 1_200), ..desk.ctx.clone() };
        let pull = Pull { after, max: 10, wait_ms: 30_000, consumer: None };
        let asked = SystemClock.monotonic();
        let events = desk.ledger.events_after(&ctx, pull).await;
        let waited_ms = SystemClock.monotonic().micros_since(asked) / 1_000;
        assert_eq!(events, Ok(Vec::new()));
        assert!((400..1_200).contains(&waited_ms), "{waited_ms} ms");
    })
    .await;
}
