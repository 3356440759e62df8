//! Events that could not be applied, stored with the reason so that the rest continue.

use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{CloudEvent, Event};
use crate::db::{Db, DbError, Row, Tx, Value};

/// For the migrations of a service that consumes feeds, along with [`FEED_CURSOR_TABLE`](super::FEED_CURSOR_TABLE).
pub const FEED_PARKED_TABLE: &str = "
create table feed_parked (
    feed TEXT not null,
    seq BIGINT not null,
    id TEXT not null,
    kind TEXT not null,
    subject TEXT not null,
    reason TEXT not null,
    at BIGINT not null,
    attempts BIGINT not null,
    wanted SMALLINT not null,
    event TEXT not null,
    primary key (feed, seq)
);
";

const PARKED_ADD: &str = "
insert into feed_parked (feed, seq, id, kind, subject, reason, at, attempts, wanted, event)
values ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9)
on conflict (feed, seq) do update set reason = excluded.reason, at = excluded.at, attempts = excluded.attempts";

/// After a feed and a cursor, of all feeds.
const PARKED_AFTER: &str = "
select feed, seq, reason, at, attempts, event
from feed_parked
where feed > $1
    or (feed = $1 and seq > $2)
order by feed, seq
limit $3";

const PARKED_OF: &str = "
select feed, seq, reason, at, attempts, event
from feed_parked
where feed = $1
    and seq > $2
order by seq
limit $3";

const PARKED_WANT: &str = "
update feed_parked
set wanted = 1
where feed = $1
    and seq = $2";

const PARKED_WANTED: &str = "
select seq
from feed_parked
where feed = $1
    and wanted = 1
order by seq
limit $2";

const PARKED_ONE: &str = "
select feed, seq, reason, at, attempts, event
from feed_parked
where feed = $1
    and seq = $2";

const PARKED_COUNT: &str = "
select count(*)
from feed_parked
where feed = $1";

const PARKED_REMOVE: &str = "
delete from feed_parked
where feed = $1
    and seq = $2";

const PARKED_FAILED_AGAIN: &str = "
update feed_parked
set reason = $3, attempts = attempts + 1, wanted = 0
where feed = $1
    and seq = $2";

/// How many characters of a reason are kept.
const REASON_LETTERS_MAX: usize = 500;

/// An event that waits for a person's decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ParkedEvent {
    /// The feed of the event.
    pub feed: String,
    pub cursor: u64,
    /// Why it could not be applied.
    pub reason: String,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// How often it was tried.
    pub attempts: u64,
    pub event: CloudEvent,
}

/// Why a parked event stays parked.
#[derive(Debug, thiserror::Error)]
pub enum ParkedError {
    #[error("there is no parked event with cursor {0}")]
    NotParked(u64),
    #[error("the event failed again: {0}")]
    FailedAgain(String),
    #[error(transparent)]
    Store(#[from] DbError),
}

pub(super) async fn add(
    tx: &Tx,
    feed: &str,
    event: &Event,
    reason: &str,
    attempts: u32,
    at: Timestamp,
) -> Result<(), DbError> {
    let body = serde_json::to_string(&event.event).map_err(|error| DbError::shape(error.to_string()))?;
    let (id, kind, subject) = (storable(&event.event.id), storable(&event.event.kind), storable(&event.event.subject));
    let reason = shortened(reason);
    let params = [
        Value::Text(feed),
        Value::Int(event.cursor as i64),
        Value::Text(&id),
        Value::Text(&kind),
        Value::Text(&subject),
        Value::Text(&reason),
        Value::Int(at.micros()),
        Value::Int(i64::from(attempts)),
        Value::Text(&body),
    ];
    tx.execute(PARKED_ADD, &params).await.map(|_| ())
}

/// Those of one feed after a cursor.
pub(super) async fn after(tx: &Tx, feed: &str, after: u64, limit: usize) -> Result<Vec<ParkedEvent>, DbError> {
    listed(tx, PARKED_OF, feed, after, limit).await
}

/// Parked events of all feeds, ordered by feed and cursor, after `feed` and `cursor`; start with the empty text and 0.
///
/// # Errors
/// The store's.
pub async fn parked_after(tx: &Tx, feed: &str, cursor: u64, limit: usize) -> Result<Vec<ParkedEvent>, DbError> {
    listed(tx, PARKED_AFTER, feed, cursor, limit).await
}

async fn listed(tx: &Tx, sql: &'static str, feed: &str, after: u64, limit: usize) -> Result<Vec<ParkedEvent>, DbError> {
    let [feed, after] = key(feed, after);
    let rows = tx.query(sql, &[feed, after, Value::Int(limit as i64)]).await?;
    rows.iter().map(parked).collect()
}

/// Has the feed's consumer retry the event, in whichever process it next runs. False if no such event is parked.
///
/// # Errors
/// The store's.
pub async fn want_retry(db: &Db, feed: &str, cursor: u64) -> Result<bool, DbError> {
    let tx = db.begin().await?;
    let found = tx.execute(PARKED_WANT, &key(feed, cursor)).await?;
    tx.commit().await?;
    Ok(found > 0)
}

pub(super) async fn wanted(tx: &Tx, feed: &str, limit: usize) -> Result<Vec<u64>, DbError> {
    let rows = tx.query(PARKED_WANTED, &[Value::Text(feed), Value::Int(limit as i64)]).await?;
    rows.iter().map(|row| row.int(0).map(i64::unsigned_abs)).collect()
}

/// Discards a parked event: it is never applied. `who` decided that, for the log. Nothing if no such event is parked.
///
/// # Errors
/// The store's.
pub async fn give_up(db: &Db, feed: &str, cursor: u64, who: &str) -> Result<Option<ParkedEvent>, DbError> {
    let tx = db.begin().await?;
    tx.one_at_a_time().await?;
    let Some(aside) = one(&tx, feed, cursor).await? else { return Ok(None) };
    remove(&tx, feed, cursor).await?;
    tx.commit().await?;
    let (id, kind) = (&aside.event.id, &aside.event.kind);
    tracing::warn!(feed, cursor, id, kind, who, reason = aside.reason, "a parked event was discarded");
    Ok(Some(aside))
}

pub(super) async fn one(tx: &Tx, feed: &str, cursor: u64) -> Result<Option<ParkedEvent>, DbError> {
    let rows = tx.query(PARKED_ONE, &key(feed, cursor)).await?;
    rows.first().map(parked).transpose()
}

pub(super) async fn count(tx: &Tx, feed: &str) -> Result<u64, DbError> {
    let rows = tx.query(PARKED_COUNT, &[Value::Text(feed)]).await?;
    rows.first().map_or(Ok(0), |row| row.int(0)).map(i64::unsigned_abs)
}

/// Whether it was there.
pub(super) async fn remove(tx: &Tx, feed: &str, cursor: u64) -> Result<bool, DbError> {
    tx.execute(PARKED_REMOVE, &key(feed, cursor)).await.map(|removed| removed > 0)
}

pub(super) async fn failed_again(tx: &Tx, feed: &str, cursor: u64, reason: &str) -> Result<(), DbError> {
    let [feed, cursor] = key(feed, cursor);
    let reason = shortened(reason);
    tx.execute(PARKED_FAILED_AGAIN, &[feed, cursor, Value::Text(&reason)]).await.map(|_| ())
}

fn key(feed: &str, cursor: u64) -> [Value<'_>; 2] {
    [Value::Text(feed), Value::Int(i64::try_from(cursor).unwrap_or(i64::MAX))]
}

fn parked(row: &Row) -> Result<ParkedEvent, DbError> {
    Ok(ParkedEvent {
        feed: row.text(0)?.to_owned(),
        cursor: row.int(1)?.unsigned_abs(),
        reason: row.text(2)?.to_owned(),
        at: Timestamp::from_micros(row.int(3)?),
        attempts: row.int(4)?.unsigned_abs(),
        event: serde_json::from_str(row.text(5)?).map_err(|error| DbError::shape(error.to_string()))?,
    })
}

fn shortened(reason: &str) -> String {
    storable(&reason.chars().take(REASON_LETTERS_MAX).collect::<String>())
}

/// PostgreSQL does not accept U+0000 in text, and an event that cannot even be parked would stop everything.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
