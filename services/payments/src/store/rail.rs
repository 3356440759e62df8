//! What is kept of rails: payments that wait or are in a file, files, and answers.

use std::collections::BTreeMap;

use kernel::Timestamp;
use platform::db::{Column, DbError, RowSet, Tx, Value};

use super::{body, json};
use crate::face::{PaymentId, RailFile, RailFileId, RailFileState, limits};
use crate::rail::answer::KeptAnswer;

const NO_FILE: [u8; 16] = [0; 16];

/// Where a payment over a rail is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    In(RailFileId),
    /// It does not leave any more.
    Out,
}

pub(crate) static ORDERS: RowSet =
    RowSet::new("rail_order", &[("payment", "bytea"), ("stage", "smallint"), ("held_at", "bigint"), ("file", "bytea")]);

pub(crate) static MOVES: RowSet =
    RowSet::new("rail_order", &[("payment", "bytea"), ("stage", "smallint"), ("file", "bytea")]);

const WAITING: &str = "
select payment
from rail_order
where stage = 0
order by payment
limit $1";

const OLDEST_WAITING: &str = "
select held_at
from rail_order
where stage = 0
order by payment
limit 1";

const MEMBERS: &str = "
select payment
from rail_order
where stage = 1
    and file = $1
order by payment";

const FILE_ADD: &str = "
insert into rail_file (id, state, body)
values ($1, 0, $2)";

const FILE_READY: &str = "
update rail_file
set state = 1, body = $2
where id = $1
    and state = 0";

const FILE_REMOVE: &str = "
delete from rail_file
where id = $1
    and state = 0";

const FILE_OF: &str = "
select body
from rail_file
where id = $1";

const FILES: &str = "
select body
from rail_file
order by id desc
limit $1";

const UNFINISHED: &str = "
select id
from rail_file
where state = 0
order by id
limit 10";

const ANSWER_ADD: &str = "
insert into rail_answer (id, digest, done, at, body)
values ($1, $2, 0, $3, $4)";

const ANSWER_END: &str = "
update rail_answer
set done = 1, body = $2
where id = $1
    and done = 0";

const ANSWER_OF: &str = "
select body, done
from rail_answer
where digest = $1";

const ANSWERS_OPEN: &str = "
select body
from rail_answer
where done = 0
    and at <= $1
order by at
limit $2";

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[
    WAITING,
    OLDEST_WAITING,
    MEMBERS,
    FILE_ADD,
    FILE_READY,
    FILE_REMOVE,
    FILE_OF,
    FILES,
    UNFINISHED,
    ANSWER_ADD,
    ANSWER_END,
    ANSWER_OF,
    ANSWERS_OPEN,
];

pub(crate) async fn add_orders(tx: &Tx, added: &BTreeMap<PaymentId, Timestamp>) -> Result<(), DbError> {
    if added.is_empty() {
        return Ok(());
    }
    let ids: Vec<[u8; 16]> = added.keys().map(|id| id.to_bytes()).collect();
    let held: Vec<i64> = added.values().map(|at| at.micros()).collect();
    let (stages, files) = (vec![0; ids.len()], vec![NO_FILE; ids.len()]);
    tx.insert_many(&ORDERS, &[Column::Id(&ids), Column::Int(&stages), Column::Int(&held), Column::Id(&files)]).await
}

pub(crate) async fn move_orders(tx: &Tx, moved: &BTreeMap<PaymentId, Stage>) -> Result<(), DbError> {
    if moved.is_empty() {
        return Ok(());
    }
    let ids: Vec<[u8; 16]> = moved.keys().map(|id| id.to_bytes()).collect();
    let place = |stage: &Stage| match stage {
        Stage::In(file) => (1, file.to_bytes()),
        Stage::Out => (2, NO_FILE),
    };
    let (stages, files): (Vec<i64>, Vec<[u8; 16]>) = moved.values().map(place).unzip();
    tx.update_many(&MOVES, &[Column::Id(&ids), Column::Int(&stages), Column::Id(&files)]).await
}

/// The oldest first.
pub(crate) async fn waiting(tx: &Tx, max: usize) -> Result<Vec<PaymentId>, DbError> {
    let max = Value::Int(i64::try_from(max).unwrap_or(i64::MAX));
    tx.query(WAITING, &[max]).await?.iter().map(|row| Ok(PaymentId::from_bytes(row.array(0)?))).collect()
}

/// Since when the oldest payment waits for a file.
pub(crate) async fn oldest_waiting(tx: &Tx) -> Result<Option<Timestamp>, DbError> {
    let rows = tx.query(OLDEST_WAITING, &[]).await?;
    rows.first().map(|row| Ok(Timestamp::from_micros(row.int(0)?))).transpose()
}

/// The payments of a file, in order.
pub(crate) async fn members(tx: &Tx, file: RailFileId) -> Result<Vec<PaymentId>, DbError> {
    let rows = tx.query(MEMBERS, &[Value::Bytes(&file.to_bytes())]).await?;
    rows.iter().map(|row| Ok(PaymentId::from_bytes(row.array(0)?))).collect()
}

pub(crate) async fn add_file(tx: &Tx, file: &RailFile) -> Result<(), DbError> {
    let (id, text) = (file.id.to_bytes(), json(file)?);
    tx.execute(FILE_ADD, &[Value::Bytes(&id), Value::Text(&text)]).await.map(drop)
}

/// From now on it stays as it is.
pub(crate) async fn end_file(tx: &Tx, file: &RailFile) -> Result<(), DbError> {
    debug_assert!(file.state == RailFileState::Ready);
    let (id, text) = (file.id.to_bytes(), json(file)?);
    tx.execute(FILE_READY, &[Value::Bytes(&id), Value::Text(&text)]).await.map(drop)
}

pub(crate) async fn remove_file(tx: &Tx, file: RailFileId) -> Result<(), DbError> {
    tx.execute(FILE_REMOVE, &[Value::Bytes(&file.to_bytes())]).await.map(drop)
}

pub(crate) async fn file(tx: &Tx, id: RailFileId) -> Result<Option<RailFile>, DbError> {
    tx.query(FILE_OF, &[Value::Bytes(&id.to_bytes())]).await?.first().map(|row| body(row, 0)).transpose()
}

/// The newest first.
pub(crate) async fn files(tx: &Tx) -> Result<Vec<RailFile>, DbError> {
    let max = i64::try_from(limits::FILES_LISTED_MAX).unwrap_or(i64::MAX);
    tx.query(FILES, &[Value::Int(max)]).await?.iter().map(|row| body(row, 0)).collect()
}

/// Files whose payments are not all booked out.
pub(crate) async fn unfinished(tx: &Tx) -> Result<Vec<RailFileId>, DbError> {
    let rows = tx.query(UNFINISHED, &[]).await?;
    rows.iter().map(|row| Ok(RailFileId::from_bytes(row.array(0)?))).collect()
}

pub(crate) async fn add_answer(tx: &Tx, digest: [u8; 16], at: Timestamp, kept: &KeptAnswer) -> Result<(), DbError> {
    let (id, text) = (kept.report.id.to_bytes(), json(kept)?);
    let values = [Value::Bytes(&id), Value::Bytes(&digest), Value::Int(at.micros()), Value::Text(&text)];
    tx.execute(ANSWER_ADD, &values).await.map(drop)
}

/// The first report stays.
pub(crate) async fn end_answer(tx: &Tx, kept: &KeptAnswer) -> Result<(), DbError> {
    let (id, text) = (kept.report.id.to_bytes(), json(kept)?);
    tx.execute(ANSWER_END, &[Value::Bytes(&id), Value::Text(&text)]).await.map(drop)
}

/// With whether it was applied to its end.
pub(crate) async fn answer_of(tx: &Tx, digest: [u8; 16]) -> Result<Option<(KeptAnswer, bool)>, DbError> {
    let rows = tx.query(ANSWER_OF, &[Value::Bytes(&digest)]).await?;
    rows.first().map(|row| Ok((body(row, 0)?, row.int(1)? != 0))).transpose()
}

pub(crate) async fn open_answers(tx: &Tx, before: Timestamp, max: i64) -> Result<Vec<KeptAnswer>, DbError> {
    let rows = tx.query(ANSWERS_OPEN, &[Value::Int(before.micros()), Value::Int(max)]).await?;
    rows.iter().map(|row| body(row, 0)).collect()
}
