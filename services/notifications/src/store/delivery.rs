//! Deliveries and their attempts.

use kernel::Timestamp;
use notifications_api::{Attempt, Channel, DeliveryId, DeliveryState};
use platform::db::{DbError, Row, Tx, Value};

use super::{bytes_or_null, limit, text_or_null};

#[cfg(test)]
pub(crate) const SQL: &[&str] =
    &[LAST, ADD, FIND, OF_MESSAGE, DEAD, SET, CANCEL, ATTEMPT_ADD, ATTEMPT_END, ATTEMPTS_OF, PACE];

const LAST: &str = "
select cast(coalesce(max(seq), 0) as BIGINT)
from delivery";

const ADD: &str = "
insert into delivery (seq, id, message, subject, channel, state, reason, lane, optional, due_at, claimed_until, attempts, \
     address_key, holder, sealed, expires_at, sent_at, ended_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, $11, $12, $13, $14, $15, $16, $17)";

const FIND: &str = "
select seq, id, message, subject, channel, state, reason, lane, optional, due_at, attempts, address_key, holder, sealed, \
     expires_at, sent_at, ended_at
from delivery
where id = $1";

const OF_MESSAGE: &str = "
select seq, id, message, subject, channel, state, reason, lane, optional, due_at, attempts, address_key, holder, sealed, \
     expires_at, sent_at, ended_at
from delivery
where message = $1
order by seq";

const DEAD: &str = "
select seq, id, message, subject, channel, state, reason, lane, optional, due_at, attempts, address_key, holder, sealed, \
     expires_at, sent_at, ended_at
from delivery
where state = 'dead'
    and seq > $1
order by seq
limit $2";

const SET: &str = "
update delivery
set state = $2, reason = $3, due_at = $4, attempts = $5, expires_at = $6, sent_at = $7, ended_at = $8, claimed_until = 0
where seq = $1";

/// Those that no provider has been given.
const CANCEL: &str = "
update delivery
set state = 'cancelled', ended_at = $2
where message = $1
    and state in ('queued', 'held', 'collected')";

const ATTEMPT_ADD: &str = "
insert into attempt (delivery, number, at, provider, outcome)
values ($1, $2, $3, $4, 'begun')";

const ATTEMPT_END: &str = "
update attempt
set provider = $3, outcome = $4, detail = $5
where delivery = $1
    and number = $2";

const ATTEMPTS_OF: &str = "
select number, at, provider, outcome, detail
from attempt
where delivery = $1
order by number";

/// When optional messages went to an address since an instant, oldest first.
const PACE: &str = "
select sent_at
from delivery
where address_key = $1
    and sent_at > $2
    and optional = 1
order by sent_at
limit 1000";

#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) seq: i64,
    pub(crate) id: DeliveryId,
    pub(crate) message: i64,
    pub(crate) subject: Option<String>,
    pub(crate) channel: Channel,
    pub(crate) state: DeliveryState,
    pub(crate) reason: Option<String>,
    /// It uses the fast lane.
    pub(crate) urgent: bool,
    pub(crate) optional: bool,
    pub(crate) due_at: Timestamp,
    pub(crate) attempts: i64,
    pub(crate) address_key: Option<Vec<u8>>,
    pub(crate) holder: Option<String>,
    pub(crate) sealed: Option<Vec<u8>>,
    pub(crate) expires_at: Timestamp,
    pub(crate) sent_at: Option<Timestamp>,
    pub(crate) ended_at: Option<Timestamp>,
}

pub(super) fn delivery(row: &Row) -> Result<Delivery, DbError> {
    Ok(Delivery {
        seq: row.int(0)?,
        id: super::id(row, 1)?,
        message: row.int(2)?,
        subject: super::text(row, 3)?,
        channel: super::name(row, 4)?,
        state: super::name(row, 5)?,
        reason: super::text(row, 6)?,
        urgent: row.int(7)? == 0,
        optional: row.int(8)? != 0,
        due_at: super::time(row, 9)?,
        attempts: row.int(10)?,
        address_key: row.bytes_or_null(11)?.map(<[u8]>::to_vec),
        holder: super::text(row, 12)?,
        sealed: row.bytes_or_null(13)?.map(<[u8]>::to_vec),
        expires_at: super::time(row, 14)?,
        sent_at: row.int_or_null(15)?.map(Timestamp::from_micros),
        ended_at: row.int_or_null(16)?.map(Timestamp::from_micros),
    })
}

fn time_or_null(at: Option<Timestamp>) -> Value<'static> {
    at.map_or(Value::Null, |at| Value::Int(at.micros()))
}

/// The number of the next one; the caller holds the lock of the store's writers.
pub(crate) async fn next(tx: &Tx) -> Result<i64, DbError> {
    Ok(tx.query(LAST, &[]).await?.first().map_or(Ok(0), |row| row.int(0))? + 1)
}

pub(crate) async fn add(tx: &Tx, delivery: &Delivery) -> Result<(), DbError> {
    let (channel, state): (&'static str, &'static str) = (delivery.channel.into(), delivery.state.into());
    let id = delivery.id.to_bytes();
    let values = [
        Value::Int(delivery.seq),
        Value::Bytes(&id),
        Value::Int(delivery.message),
        text_or_null(delivery.subject.as_deref()),
        Value::Text(channel),
        Value::Text(state),
        text_or_null(delivery.reason.as_deref()),
        Value::Int(i64::from(!delivery.urgent)),
        Value::Int(i64::from(delivery.optional)),
        Value::Int(delivery.due_at.micros()),
        Value::Int(delivery.attempts),
        bytes_or_null(delivery.address_key.as_deref()),
        text_or_null(delivery.holder.as_deref()),
        bytes_or_null(delivery.sealed.as_deref()),
        Value::Int(delivery.expires_at.micros()),
        time_or_null(delivery.sent_at),
        time_or_null(delivery.ended_at),
    ];
    tx.execute(ADD, &values).await.map(drop)
}

pub(crate) async fn find(tx: &Tx, id: DeliveryId) -> Result<Option<Delivery>, DbError> {
    tx.query(FIND, &[Value::Bytes(&id.to_bytes())]).await?.first().map(delivery).transpose()
}

pub(crate) async fn of_message(tx: &Tx, message: i64) -> Result<Vec<Delivery>, DbError> {
    tx.query(OF_MESSAGE, &[Value::Int(message)]).await?.iter().map(delivery).collect()
}

pub(crate) async fn dead(tx: &Tx, after: i64, max: usize) -> Result<Vec<Delivery>, DbError> {
    tx.query(DEAD, &[Value::Int(after), limit(max)]).await?.iter().map(delivery).collect()
}

/// Writes what changes over a delivery's life, and ends a claim.
pub(crate) async fn set(tx: &Tx, delivery: &Delivery) -> Result<(), DbError> {
    let state: &'static str = delivery.state.into();
    let values = [
        Value::Int(delivery.seq),
        Value::Text(state),
        text_or_null(delivery.reason.as_deref()),
        Value::Int(delivery.due_at.micros()),
        Value::Int(delivery.attempts),
        Value::Int(delivery.expires_at.micros()),
        time_or_null(delivery.sent_at),
        time_or_null(delivery.ended_at),
    ];
    tx.execute(SET, &values).await.map(drop)
}

/// Returns how many waited.
pub(crate) async fn cancel(tx: &Tx, message: i64, now: Timestamp) -> Result<u64, DbError> {
    tx.execute(CANCEL, &[Value::Int(message), Value::Int(now.micros())]).await
}

pub(crate) async fn attempt_add(tx: &Tx, delivery: &Delivery, now: Timestamp) -> Result<(), DbError> {
    let numbers = [delivery.seq, delivery.attempts, now.micros()].map(Value::Int);
    let [seq, number, at] = numbers;
    tx.execute(ATTEMPT_ADD, &[seq, number, at, Value::Text("")]).await.map(drop)
}

pub(crate) async fn attempt_end(
    tx: &Tx,
    delivery: &Delivery,
    (provider, outcome, detail): (&str, &str, Option<&str>),
) -> Result<(), DbError> {
    let [seq, number] = [delivery.seq, delivery.attempts].map(Value::Int);
    let values = [seq, number, Value::Text(provider), Value::Text(outcome), text_or_null(detail)];
    tx.execute(ATTEMPT_END, &values).await.map(drop)
}

pub(crate) async fn attempts_of(tx: &Tx, delivery: i64) -> Result<Vec<Attempt>, DbError> {
    let rows = tx.query(ATTEMPTS_OF, &[Value::Int(delivery)]).await?;
    let attempt = |row: &Row| {
        Ok(Attempt {
            number: u32::try_from(row.int(0)?).unwrap_or(u32::MAX),
            at: super::time(row, 1)?,
            provider: row.text(2)?.to_owned(),
            outcome: row.text(3)?.to_owned(),
            detail: super::text(row, 4)?,
        })
    };
    rows.iter().map(attempt).collect()
}

/// When optional messages went to an address since an instant, oldest first.
pub(crate) async fn sent_since(tx: &Tx, address_key: &[u8], since: Timestamp) -> Result<Vec<Timestamp>, DbError> {
    let rows = tx.query(PACE, &[Value::Bytes(address_key), Value::Int(since.micros())]).await?;
    rows.iter().map(|row| super::time(row, 0)).collect()
}
