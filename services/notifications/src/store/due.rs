//! Deliveries that are due, and those that were left unfinished.

use kernel::Timestamp;
use platform::db::{DbError, Tx, Value};

use super::delivery::{self, Delivery};
use super::limit;

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[DUE, TOGETHER, CLAIM, LOST, UNKNOWN_OVER, DEPTH, DEAD_COUNT];

const DUE: &str = "
select seq, id, message, subject, channel, state, reason, lane, optional, due_at, attempts, address_key, holder, sealed, \
     expires_at, sent_at, ended_at
from delivery
where lane = $1
    and due_at <= $2
    and state in ('queued', 'held', 'collected')
order by due_at
limit $3";

/// The rest of a digest.
const TOGETHER: &str = "
select seq, id, message, subject, channel, state, reason, lane, optional, due_at, attempts, address_key, holder, sealed, \
     expires_at, sent_at, ended_at
from delivery
where lane = 1
    and due_at <= $1
    and state in ('queued', 'held', 'collected')
    and state = 'collected'
    and subject = $2
    and channel = $3
order by due_at, seq
limit $4";

const CLAIM: &str = "
update delivery
set state = 'sending', claimed_until = $2, attempts = $3
where seq = $1
    and state in ('queued', 'held', 'collected')";

/// A process began to send them and never said how that ended.
const LOST: &str = "
select seq, id, message, subject, channel, state, reason, lane, optional, due_at, attempts, address_key, holder, sealed, \
     expires_at, sent_at, ended_at
from delivery
where state = 'sending'
    and claimed_until < $1
order by claimed_until
limit $2";

const UNKNOWN_OVER: &str = "
select seq, id, message, subject, channel, state, reason, lane, optional, due_at, attempts, address_key, holder, sealed, \
     expires_at, sent_at, ended_at
from delivery
where state = 'unknown'
    and expires_at <= $1
order by expires_at
limit $2";

const DEPTH: &str = "
select count(*)
from delivery
where lane = $1
    and state in ('queued', 'held', 'collected')";

const DEAD_COUNT: &str = "
select count(*)
from delivery
where state = 'dead'";

fn lane(urgent: bool) -> Value<'static> {
    Value::Int(i64::from(!urgent))
}

pub(crate) async fn due(tx: &Tx, urgent: bool, now: Timestamp, max: usize) -> Result<Vec<Delivery>, DbError> {
    let rows = tx.query(DUE, &[lane(urgent), Value::Int(now.micros()), limit(max)]).await?;
    rows.iter().map(delivery::delivery).collect()
}

/// Collected deliveries to the same person on the same channel, this one included.
pub(crate) async fn together(tx: &Tx, of: &Delivery, now: Timestamp, max: usize) -> Result<Vec<Delivery>, DbError> {
    let channel: &'static str = of.channel.into();
    let subject = of.subject.as_deref().unwrap_or_default();
    let values = [Value::Int(now.micros()), Value::Text(subject), Value::Text(channel), limit(max)];
    tx.query(TOGETHER, &values).await?.iter().map(delivery::delivery).collect()
}

/// Whether it still waited.
pub(crate) async fn claim(tx: &Tx, delivery: &Delivery, until: Timestamp) -> Result<bool, DbError> {
    let values = [delivery.seq, until.micros(), delivery.attempts].map(Value::Int);
    Ok(tx.execute(CLAIM, &values).await? == 1)
}

pub(crate) async fn lost(tx: &Tx, now: Timestamp, max: usize) -> Result<Vec<Delivery>, DbError> {
    tx.query(LOST, &[Value::Int(now.micros()), limit(max)]).await?.iter().map(delivery::delivery).collect()
}

pub(crate) async fn unknown_over(tx: &Tx, now: Timestamp, max: usize) -> Result<Vec<Delivery>, DbError> {
    tx.query(UNKNOWN_OVER, &[Value::Int(now.micros()), limit(max)]).await?.iter().map(delivery::delivery).collect()
}

pub(crate) async fn depth(tx: &Tx, urgent: bool) -> Result<i64, DbError> {
    tx.query(DEPTH, &[lane(urgent)]).await?.first().map_or(Ok(0), |row| row.int(0))
}

pub(crate) async fn dead(tx: &Tx) -> Result<i64, DbError> {
    tx.query(DEAD_COUNT, &[]).await?.first().map_or(Ok(0), |row| row.int(0))
}
