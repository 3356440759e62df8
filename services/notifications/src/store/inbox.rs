//! Entries of inboxes.

use kernel::Timestamp;
use notifications_api::{DeliveryId, EntryState};
use platform::db::{DbError, Row, Tx, Value};

use super::limit;

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[ADD, FIND, LIST, UNREAD, MARK];

const ADD: &str = "
insert into inbox_entry (seq, subject, message, state, at)
values ($1, $2, $3, 0, $4)";

const FIND: &str = "
select entry.seq, delivery.id, entry.subject, entry.message, entry.state, entry.at
from delivery
    join inbox_entry entry on entry.seq = delivery.seq
where delivery.id = $1";

/// With a state between two.
const LIST: &str = "
select entry.seq, delivery.id, entry.subject, entry.message, entry.state, entry.at
from inbox_entry entry
    join delivery on delivery.seq = entry.seq
where entry.subject = $1
    and entry.seq < $2
    and entry.state >= $3
    and entry.state <= $4
order by entry.seq desc
limit $5";

const UNREAD: &str = "
select count(*)
from inbox_entry
where subject = $1
    and state = 0";

const MARK: &str = "
update inbox_entry
set state = $2
where seq = $1";

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) seq: i64,
    pub(crate) id: DeliveryId,
    pub(crate) subject: String,
    pub(crate) message: i64,
    pub(crate) state: EntryState,
    pub(crate) at: Timestamp,
}

fn entry(row: &Row) -> Result<Entry, DbError> {
    let state = match row.int(4)? {
        0 => EntryState::Unread,
        1 => EntryState::Read,
        _ => EntryState::Archived,
    };
    Ok(Entry {
        seq: row.int(0)?,
        id: super::id(row, 1)?,
        subject: row.text(2)?.to_owned(),
        message: row.int(3)?,
        state,
        at: super::time(row, 5)?,
    })
}

fn number(state: EntryState) -> i64 {
    match state {
        EntryState::Unread => 0,
        EntryState::Read => 1,
        EntryState::Archived => 2,
    }
}

pub(crate) async fn add(tx: &Tx, seq: i64, subject: &str, message: i64, at: Timestamp) -> Result<(), DbError> {
    let values = [Value::Int(seq), Value::Text(subject), Value::Int(message), Value::Int(at.micros())];
    tx.execute(ADD, &values).await.map(drop)
}

pub(crate) async fn find(tx: &Tx, id: DeliveryId) -> Result<Option<Entry>, DbError> {
    tx.query(FIND, &[Value::Bytes(&id.to_bytes())]).await?.first().map(entry).transpose()
}

/// Without a state: those that are not archived.
pub(crate) async fn list(
    tx: &Tx,
    subject: &str,
    state: Option<EntryState>,
    (before, max): (i64, usize),
) -> Result<Vec<Entry>, DbError> {
    let (from, to) = state.map_or((0, 1), |state| (number(state), number(state)));
    let values = [Value::Text(subject), Value::Int(before), Value::Int(from), Value::Int(to), limit(max)];
    tx.query(LIST, &values).await?.iter().map(entry).collect()
}

pub(crate) async fn unread(tx: &Tx, subject: &str) -> Result<i64, DbError> {
    tx.query(UNREAD, &[Value::Text(subject)]).await?.first().map_or(Ok(0), |row| row.int(0))
}

pub(crate) async fn mark(tx: &Tx, seq: i64, state: EntryState) -> Result<(), DbError> {
    tx.execute(MARK, &[seq, number(state)].map(Value::Int)).await.map(drop)
}
