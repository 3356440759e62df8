//! Messages.

use kernel::Timestamp;
use notifications_api::{MessageId, MessageState};
use platform::db::{DbError, Row, Tx, Value};

use super::{bytes_or_null, limit, text_or_null};

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[LAST, ADD, FIND, OF_SEQ, TOLD, LIST, LIST_OF, WAITING, SET_STATE, WIPE, OPEN_OF];

const LAST: &str = "
select cast(coalesce(max(seq), 0) as BIGINT)
from message";

const ADD: &str = "
insert into message (seq, id, kind, state, target, recipient, subject, holder, sealed, told, created_at, expires_at)
values ($1, $2, $3, 0, $4, $5, $6, $7, $8, $9, $10, $11)";

const FIND: &str = "
select seq, id, kind, state, target, recipient, subject, holder, sealed, created_at, expires_at
from message
where id = $1";

const OF_SEQ: &str = "
select seq, id, kind, state, target, recipient, subject, holder, sealed, created_at, expires_at
from message
where seq = $1";

const TOLD: &str = "
select id
from message
where told = $1";

const LIST: &str = "
select seq, id, kind, state, target, recipient, subject, holder, sealed, created_at, expires_at
from message
where seq < $1
order by seq desc
limit $2";

const LIST_OF: &str = "
select seq, id, kind, state, target, recipient, subject, holder, sealed, created_at, expires_at
from message
where subject = $3
    and seq < $1
order by seq desc
limit $2";

const WAITING: &str = "
select seq, id, kind, state, target, recipient, subject, holder, sealed, created_at, expires_at
from message
where state = 0
    and seq > $1
order by seq
limit $2";

const SET_STATE: &str = "
update message
set state = $2, subject = coalesce($3, subject)
where seq = $1
    and state = 0";

/// Of a message whose data is secret, when nothing of it waits any more.
const WIPE: &str = "
update message
set sealed = $2
where seq = $1";

const OPEN_OF: &str = "
select count(*)
from delivery
where message = $1
    and state in ('queued', 'held', 'collected', 'sending', 'unknown')";

/// To whom, as it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Target {
    Subject,
    /// A user of identity.
    Person,
    Role,
    Email,
    Phone,
}

#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) seq: i64,
    pub(crate) id: MessageId,
    pub(crate) kind: String,
    pub(crate) state: MessageState,
    pub(crate) target: Target,
    /// A subject, user or role; the bare address is sealed.
    pub(crate) recipient: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) holder: Option<String>,
    pub(crate) sealed: Vec<u8>,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

fn message(row: &Row) -> Result<Message, DbError> {
    let state = match row.int(3)? {
        0 => MessageState::Accepted,
        1 => MessageState::Routed,
        _ => MessageState::Cancelled,
    };
    Ok(Message {
        seq: row.int(0)?,
        id: super::id(row, 1)?,
        kind: row.text(2)?.to_owned(),
        state,
        target: super::name(row, 4)?,
        recipient: super::text(row, 5)?,
        subject: super::text(row, 6)?,
        holder: super::text(row, 7)?,
        sealed: row.bytes(8)?.to_vec(),
        created_at: super::time(row, 9)?,
        expires_at: super::time(row, 10)?,
    })
}

/// The number of the next one; the caller holds the lock of the store's writers.
pub(crate) async fn next(tx: &Tx) -> Result<i64, DbError> {
    Ok(tx.query(LAST, &[]).await?.first().map_or(Ok(0), |row| row.int(0))? + 1)
}

pub(crate) async fn add(tx: &Tx, message: &Message, told: Option<&[u8; 32]>) -> Result<(), DbError> {
    let (id, target): (_, &'static str) = (message.id.to_bytes(), message.target.into());
    let values = [
        Value::Int(message.seq),
        Value::Bytes(&id),
        Value::Text(&message.kind),
        Value::Text(target),
        text_or_null(message.recipient.as_deref()),
        text_or_null(message.subject.as_deref()),
        text_or_null(message.holder.as_deref()),
        Value::Bytes(&message.sealed),
        bytes_or_null(told.map(|told| &told[..])),
        Value::Int(message.created_at.micros()),
        Value::Int(message.expires_at.micros()),
    ];
    tx.execute(ADD, &values).await.map(drop)
}

pub(crate) async fn find(tx: &Tx, id: MessageId) -> Result<Option<Message>, DbError> {
    tx.query(FIND, &[Value::Bytes(&id.to_bytes())]).await?.first().map(message).transpose()
}

pub(crate) async fn of_seq(tx: &Tx, seq: i64) -> Result<Message, DbError> {
    let rows = tx.query(OF_SEQ, &[Value::Int(seq)]).await?;
    rows.first().map(message).transpose()?.ok_or_else(|| DbError::shape("a delivery without its message"))
}

/// Whether this was told before.
pub(crate) async fn is_told(tx: &Tx, told: &[u8; 32]) -> Result<bool, DbError> {
    Ok(!tx.query(TOLD, &[Value::Bytes(told)]).await?.is_empty())
}

/// Before a sequence number, the newest first.
pub(crate) async fn list(tx: &Tx, subject: Option<&str>, before: i64, max: usize) -> Result<Vec<Message>, DbError> {
    let mut values = vec![Value::Int(before), limit(max)];
    let rows = match subject {
        Some(subject) => {
            values.push(Value::Text(subject));
            tx.query(LIST_OF, &values).await?
        }
        None => tx.query(LIST, &values).await?,
    };
    rows.iter().map(message).collect()
}

/// Those whose deliveries are still to be decided, oldest first.
pub(crate) async fn waiting(tx: &Tx, after: i64, max: usize) -> Result<Vec<Message>, DbError> {
    tx.query(WAITING, &[Value::Int(after), limit(max)]).await?.iter().map(message).collect()
}

/// Whether it was still to be decided.
pub(crate) async fn set_state(tx: &Tx, seq: i64, state: MessageState, subject: Option<&str>) -> Result<bool, DbError> {
    let number = match state {
        MessageState::Accepted => 0,
        MessageState::Routed => 1,
        MessageState::Cancelled => 2,
    };
    Ok(tx.execute(SET_STATE, &[Value::Int(seq), Value::Int(number), text_or_null(subject)]).await? == 1)
}

/// Replaces the data of a message.
pub(crate) async fn reseal(tx: &Tx, seq: i64, sealed: &[u8]) -> Result<(), DbError> {
    tx.execute(WIPE, &[Value::Int(seq), Value::Bytes(sealed)]).await.map(drop)
}

/// How many of its deliveries have not ended.
pub(crate) async fn open_of(tx: &Tx, seq: i64) -> Result<i64, DbError> {
    tx.query(OPEN_OF, &[Value::Int(seq)]).await?.first().map_or(Ok(0), |row| row.int(0))
}
