//! A process that keeps a copy of all balances from the ledger's feed, in its own store. One of the readers cannot take
//! some of the events, which are parked.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use kernel::Principal;
use ledger_api::{LedgerFeed, PostedLeg};
use platform::db::{Db, Migration, Tx, Value};
use platform::feed::{
    Consumer, ConsumerConfig, Effect, EffectError, Event, FEED_CURSOR_TABLE, FEED_PARKED_TABLE, Feed,
};
use serde::Deserialize;

use crate::simulation::ledger_host::open;
use crate::simulation::network::remote_ledger;
use crate::simulation::plan::dice;
use crate::simulation::stage::Stage;
use crate::simulation::time::SimPace;

pub(crate) const FEED: &str = "ledger";

/// Without a key: an effect that happens twice shows.
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

const EFFECT_ADD: &str = "
insert into effect (cursor)
values ($1)";

const COPY_ADD: &str = "
insert into copy (account, minor)
values ($1, $2)
on conflict (account) do update set minor = copy.minor + excluded.minor";

pub(crate) async fn run(stage: Arc<Stage>, number: usize) -> turmoil::Result {
    stage.told("a reader starts", number as u64);
    let part = 60 + number as u64;
    let db = store(&stage, number).await;
    let pace = SimPace::new(dice(stage.seed, part), stage.plan.slow_statements, stage.plan.slow_ms_max);
    db.keep_pace(pace);
    let ledger = remote_ledger(&stage, part + 10).await;
    let feed: Arc<dyn Feed> = Arc::new(LedgerFeed::new(ledger, Principal::operator(), stage.clock()));
    let effect: Arc<dyn Effect> = Arc::new(Copying { stage: Arc::clone(&stage), number });
    let config =
        ConsumerConfig { batch_max: 4 + number * 6, wait_ms: 300, attempts_max: 2, ..ConsumerConfig::new(FEED) };
    let consumer = Consumer::new(db, feed, effect, stage.clock(), config);
    let telling = async {
        loop {
            tokio::time::sleep(Duration::from_millis(40)).await;
            let cursor = consumer.cursor().await.expect("read a cursor");
            stage.reached[number].store(cursor, Ordering::Relaxed);
        }
    };
    futures_util::future::join(consumer.run(), telling).await;
    Ok(())
}

pub(crate) async fn store(stage: &Stage, number: usize) -> Db {
    let db = open(stage.dir.join(format!("reader-{number}.db"))).await;
    db.migrate(&MIGRATIONS).await.expect("migrate a reader's store");
    db
}

/// Whether this reader cannot take a transfer of this amount.
pub(crate) fn cannot_take(number: usize, minor: i64) -> bool {
    number == 1 && minor % 7 == 0
}

struct Copying {
    stage: Arc<Stage>,
    number: usize,
}

#[derive(Deserialize)]
struct Posted {
    postings: Vec<PostedLeg>,
}

#[async_trait]
impl Effect for Copying {
    async fn happen(&self, tx: &Tx, event: &Event) -> Result<(), EffectError> {
        self.stage.told("an event has its effect", event.cursor);
        if event.event.kind == "ledger.transaction.posted" {
            let Posted { postings } = Posted::deserialize(&event.event.data).expect("an event of a transfer");
            for leg in &postings {
                let minor = leg.amount.minor();
                for (account, minor) in [(&leg.debit, -minor), (&leg.credit, minor)] {
                    tx.execute(COPY_ADD, &[Value::Text(account.as_str()), Value::Int(minor)]).await?;
                }
                if cannot_take(self.number, minor) {
                    return Err(EffectError::Refused("this reader takes no multiples of seven".to_owned()));
                }
            }
        }
        tx.execute(EFFECT_ADD, &[Value::Int(event.cursor as i64)]).await?;
        Ok(())
    }
}
