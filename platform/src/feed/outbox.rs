//! Events as rows, written in the transaction of their fact.
//!
//! Invariant: sequence numbers follow the order of commits, because a writer holds a lock until its transaction ends. A
//! reader that has seen a number has seen all lower ones.

use std::cmp::Ordering;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kernel::{Clock, PrincipalKind};

use super::registry::{self, RegisteredConsumer, Registry};
use super::{Actor, CloudEvent, ConsumerName, Event, Feed, FeedError, FeedSignal, Pull};
use crate::db::{Column, Db, DbError, RowSet, Tx, Value};

/// For the migrations of a service that has an outbox.
pub const OUTBOX_TABLES: &str = "
create table if not exists outbox (
    seq SEQ,
    at BIGINT not null,
    event TEXT not null
);

create table if not exists outbox_last (
    one SMALLINT primary key,
    seq BIGINT not null
);

insert into outbox_last (one, seq) values (1, 0) on conflict (one) do nothing;
";

static OUTBOX: RowSet = RowSet::new("outbox", &[("seq", "bigint"), ("at", "bigint"), ("event", "text")]);

/// Numbers of deleted rows must not be reused, so the last one is stored separately.
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

/// What a service says about an event; the outbox adds the rest.
#[derive(Debug, Clone)]
pub struct NewEvent {
    pub kind: &'static str,
    /// The version of the data. A new field can be ignored by those who do not know it, and needs no new version; a
    /// field that is removed or changes its meaning does.
    pub version: u32,
    pub subject: String,
    pub data: serde_json::Value,
    by: Option<Arc<Actor>>,
}

impl NewEvent {
    /// With version 1, caused by the caller whose call is being answered.
    pub fn new(kind: &'static str, subject: impl Into<String>, data: serde_json::Value) -> NewEvent {
        NewEvent { kind, version: 1, subject: subject.into(), data, by: Actor::current() }
    }

    /// The same, caused by a user who has proved who they are in a request that had no token.
    #[must_use]
    pub fn by_user(self, subject: &str, kind: PrincipalKind, session: &str) -> NewEvent {
        let asked = self.by.as_deref().filter(|asked| asked.kind == PrincipalKind::Nobody.name());
        let Some(asked) = asked else { return self };
        let (subject, session) = (subject.into(), Some(session.into()));
        let by = Some(Arc::new(Actor { subject, kind: kind.name(), session, ..asked.clone() }));
        NewEvent { by, ..self }
    }

    #[cfg(test)]
    pub(super) fn actor(&self) -> Option<&Actor> {
        self.by.as_deref()
    }
}

#[derive(Debug, Clone)]
pub struct Outbox {
    source: Arc<str>,
    clock: Arc<dyn Clock>,
}

impl Outbox {
    pub fn new(source: impl Into<Arc<str>>, clock: Arc<dyn Clock>) -> Outbox {
        Outbox { source: source.into(), clock }
    }

    /// Adds events to the transaction of the fact; the last cursor is for the signal after the commit.
    pub async fn add(&self, tx: &Tx, events: Vec<NewEvent>) -> Result<u64, DbError> {
        tx.one_at_a_time().await?;
        let last = last(tx).await?;
        let now = self.clock.now();
        let house = Actor::system(None);
        let (mut seqs, mut bodies) = (Vec::with_capacity(events.len()), Vec::with_capacity(events.len()));
        for (seq, event) in (last + 1..).zip(events) {
            let NewEvent { kind, version, subject, data, by } = event;
            let event = CloudEvent::new(&self.source, seq.to_string(), kind, subject, now, data).of_version(version);
            let event = event.caused_by(by.as_deref().unwrap_or(&house));
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
    clock: Arc<dyn Clock>,
    registry: Arc<Registry>,
}

impl OutboxFeed {
    pub fn new(db: Db, signal: FeedSignal, clock: Arc<dyn Clock>) -> OutboxFeed {
        OutboxFeed { db, signal, clock, registry: Arc::default() }
    }

    /// All consumers that have pulled under a name.
    pub async fn consumers(&self) -> Result<Vec<RegisteredConsumer>, DbError> {
        registry::registered(&self.db.read().await?).await
    }

    /// Stops keeping rows for this consumer, which will not come back. Returns whether it was known. If it does come
    /// back, it is registered again, and gets an error if it has missed events.
    pub async fn deregister(&self, name: &ConsumerName) -> Result<bool, DbError> {
        self.registry.deregister(&self.db, name).await
    }

    async fn look(&self, pull: &Pull) -> Result<Vec<Event>, Missed> {
        let tx = self.db.read().await?;
        let after = i64::try_from(pull.after).unwrap_or(i64::MAX);
        let rows = tx.query(OUTBOX_AFTER, &[Value::Int(after), Value::Int(pull.max as i64)]).await?;
        // Numbers have no gaps, so a row that does not follow the last one shows that rows before it were removed.
        let before = match rows.first() {
            Some(row) => row.int(0)? - 1,
            None => last(&tx).await?,
        };
        match before.cmp(&after) {
            Ordering::Less => return Err(Missed::Ahead(before.unsigned_abs())),
            Ordering::Greater => return Err(Missed::Gone(before.unsigned_abs() + 1)),
            Ordering::Equal => {}
        }
        let event = |row: &crate::db::Row| {
            let event = serde_json::from_str(row.text(1)?).map_err(|error| DbError::shape(error.to_string()))?;
            Ok(Event { cursor: row.int(0)?.unsigned_abs(), event })
        };
        let events = rows.iter().map(event).collect::<Result<_, DbError>>()?;
        Ok(Pull::fitting(events))
    }
}

/// Why a look found no events.
enum Missed {
    Store(DbError),
    Gone(u64),
    Ahead(u64),
}

impl From<DbError> for Missed {
    fn from(error: DbError) -> Missed {
        Missed::Store(error)
    }
}

impl From<Missed> for FeedError {
    fn from(missed: Missed) -> FeedError {
        match missed {
            Missed::Store(error) => error.into(),
            Missed::Gone(first) => FeedError::Gone { first },
            Missed::Ahead(end) => FeedError::Ahead { end },
        }
    }
}

async fn last(tx: &Tx) -> Result<i64, DbError> {
    let last = tx.query(OUTBOX_LAST, &[]).await?;
    last.first().ok_or_else(|| DbError::shape("the outbox has no last number"))?.int(0)
}

#[async_trait]
impl Feed for OutboxFeed {
    async fn events_after(&self, pull: Pull) -> Result<Vec<Event>, FeedError> {
        let pull = pull.bounded();
        let mut found = self.look(&pull).await?;
        if let Some(name) = &pull.consumer {
            let full = found.len() == pull.max;
            self.registry.passed(&self.db, &*self.clock, name, pull.after, full).await;
        }
        if found.is_empty() && pull.wait_ms > 0 {
            self.signal.wait(pull.after, Duration::from_millis(pull.wait_ms)).await;
            found = self.look(&pull).await?;
        }
        Ok(found)
    }

    async fn end(&self) -> Result<Option<u64>, FeedError> {
        let end = async { last(&self.db.read().await?).await };
        end.await.map(|end| Some(end.unsigned_abs())).map_err(FeedError::from)
    }
}
