//! Events whose effect cannot happen, put aside with the reason so that the rest goes on.

use kernel::Timestamp;
use serde::Serialize;

use super::{CloudEvent, Event};
use crate::db::{DbError, Row, Tx, Value};

/// For the migrations of a service that consumes feeds, beside [`FEED_CURSOR_TABLE`](super::FEED_CURSOR_TABLE).
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
    event TEXT not null,
    primary key (feed, seq)
);
";

const PARKED_ADD: &str = "
insert into feed_parked (feed, seq, id, kind, subject, reason, at, attempts, event)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (feed, seq) do update set reason = excluded.reason, at = excluded.at, attempts = excluded.attempts";

const PARKED_AFTER: &str = "
select seq, reason, at, attempts, event
from feed_parked
where feed = $1
    and seq > $2
order by seq
limit $3";

const PARKED_ONE: &str = "
select seq, reason, at, attempts, event
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
set reason = $3, attempts = attempts + 1
where feed = $1
    and seq = $2";

/// Letters of a reason that are kept.
const REASON_LETTERS_MAX: usize = 500;

/// An event that waits for a person's decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ParkedEvent {
    pub cursor: u64,
    pub reason: String,
    pub at: Timestamp,
    /// Times that its effect was tried.
    pub attempts: u64,
    pub event: CloudEvent,
}

/// Why a parked event stays where it is.
#[derive(Debug, thiserror::Error)]
pub enum ParkedError {
    #[error("no event with cursor {0} is parked")]
    NotParked(u64),
    #[error("the effect failed again: {0}")]
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

pub(super) async fn after(tx: &Tx, feed: &str, after: u64, limit: usize) -> Result<Vec<ParkedEvent>, DbError> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let rows = tx.query(PARKED_AFTER, &[Value::Text(feed), Value::Int(after), Value::Int(limit as i64)]).await?;
    rows.iter().map(parked).collect()
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
        cursor: row.int(0)?.unsigned_abs(),
        reason: row.text(1)?.to_owned(),
        at: Timestamp::from_micros(row.int(2)?),
        attempts: row.int(3)?.unsigned_abs(),
        event: serde_json::from_str(row.text(4)?).map_err(|error| DbError::shape(error.to_string()))?,
    })
}

fn shortened(reason: &str) -> String {
    storable(&reason.chars().take(REASON_LETTERS_MAX).collect::<String>())
}

/// PostgreSQL takes no U+0000 in a text, and an event that cannot even be parked would stop everything.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
