//! Events as rows beside the fact, in its transaction.
//!
//! Invariant: sequence numbers are given in the order of commits, because whoever adds rows holds a lock until its
//! transaction ends. A reader that has seen a number has seen all lower ones.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kernel::Clock;

use super::{CloudEvent, Event, Feed, FeedError, FeedSignal, Pull};
use crate::db::{Column, Db, DbError, RowSet, Tx, Value};

/// For the migrations of a service that has an outbox.
pub const OUTBOX_TABLES: &str = "
create table outbox (
    seq SEQ,
    at BIGINT not null,
    event TEXT not null
);

create table outbox_last (
    one SMALLINT primary key,
    seq BIGINT not null
);

insert into outbox_last (one, seq) values (1, 0);
";

static OUTBOX: RowSet = RowSet::new("outbox", &[("seq", "bigint"), ("at", "bigint"), ("event", "text")]);

/// Rows that are deleted later must not give their numbers away again, so the last one is kept by itself.
const OUTBOX_LAST: &str = "
select seq
from outbox_last
where one = 1";

const OUTBOX_ADVANCE: &str = "
update outbox_last
set seq = $1
where one = 1";

const OUTBOX_AFTER: &str = "
select seq, event
from outbox
where seq > $1
order by seq
limit $2";

/// What a service says of an event; the outbox adds the rest.
#[derive(Debug, Clone)]
pub struct NewEvent {
    pub kind: &'static str,
    pub subject: String,
    pub data: serde_json::Value,
}

#[derive(Debug, Clone)]
pub struct Outbox {
    source: &'static str,
    clock: Arc<dyn Clock>,
}

impl Outbox {
    pub fn new(source: &'static str, clock: Arc<dyn Clock>) -> Outbox {
        Outbox { source, clock }
    }

    /// Adds events to the transaction of the fact; the last cursor is for the signal once that is committed.
    pub async fn add(&self, tx: &Tx, events: Vec<NewEvent>) -> Result<u64, DbError> {
        tx.one_at_a_time().await?;
        let last = tx.query(OUTBOX_LAST, &[]).await?;
        let last = last.first().ok_or_else(|| DbError::shape("the outbox has no last number"))?.int(0)?;
        let now = self.clock.now();
        let (mut seqs, mut bodies) = (Vec::with_capacity(events.len()), Vec::with_capacity(events.len()));
        for (seq, event) in (last + 1..).zip(events) {
            let event = CloudEvent::new(self.source, seq.to_string(), event.kind, event.subject, now, event.data);
            seqs.push(seq);
            bodies.push(serde_json::to_string(&event).map_err(|error| DbError::shape(error.to_string()))?);
        }
        let times = vec![now.micros(); seqs.len()];
        let newest = seqs.last().copied().unwrap_or(last);
        tx.insert_many(&OUTBOX, &[Column::Int(&seqs), Column::Int(&times), Column::Text(&bodies)]).await?;
        tx.execute(OUTBOX_ADVANCE, &[Value::Int(newest)]).await?;
        Ok(newest.unsigned_abs())
    }
}

/// Reads an outbox as a feed.
#[derive(Debug, Clone)]
pub struct OutboxFeed {
    db: Db,
    signal: FeedSignal,
}

impl OutboxFeed {
    pub fn new(db: Db, signal: FeedSignal) -> OutboxFeed {
        OutboxFeed { db, signal }
    }

    async fn look(&self, pull: Pull) -> Result<Vec<Event>, DbError> {
        let tx = self.db.read().await?;
        let after = i64::try_from(pull.after).unwrap_or(i64::MAX);
        let rows = tx.query(OUTBOX_AFTER, &[Value::Int(after), Value::Int(pull.max as i64)]).await?;
        let event = |row: &crate::db::Row| {
            let event = serde_json::from_str(row.text(1)?).map_err(|error| DbError::shape(error.to_string()))?;
            Ok(Event { cursor: row.int(0)?.unsigned_abs(), event })
        };
        rows.iter().map(event).collect()
    }
}

#[async_trait]
impl Feed for OutboxFeed {
    async fn events_after(&self, pull: Pull) -> Result<Vec<Event>, FeedError> {
        let pull = pull.bounded();
        let failed = |error: DbError| FeedError(error.to_string());
        let found = self.look(pull).await.map_err(failed)?;
        if !found.is_empty() || pull.wait_ms == 0 {
            return Ok(found);
        }
        self.signal.wait(pull.after, Duration::from_millis(pull.wait_ms)).await;
        self.look(pull).await.map_err(failed)
    }
}
