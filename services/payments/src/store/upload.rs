//! What is kept of files of payments that callers send.

use platform::db::{Column, DbError, Row, RowSet, Tx, Value};

use super::{body, json};
use crate::face::{PaymentId, UploadId, UploadState};
use crate::upload::{KeptUpload, StoredLine};

const NO_PAYMENT: [u8; 16] = [0; 16];

pub(crate) static LINES: RowSet = RowSet::new(
    "upload_line",
    &[("id", "bytea"), ("upload", "bytea"), ("number", "bigint"), ("payment", "bytea"), ("body", "text")],
);

pub(crate) static LINE_CHANGES: RowSet =
    RowSet::new("upload_line", &[("id", "bytea"), ("payment", "bytea"), ("body", "text")]);

const ADD: &str = "
insert into upload (id, owner, digest, message, state, body)
values ($1, $2, $3, $4, $5, $6)";

const END: &str = "
update upload
set state = 1, body = $2
where id = $1
    and state = 0";

const BY_ID: &str = "
select body
from upload
where id = $1";

const BY_DIGEST: &str = "
select body
from upload
where digest = $1";

const HAS_MESSAGE: &str = "
select state
from upload
where message = $1";

const WORKING: &str = "
select body
from upload
where state = 0
order by id
limit 10";

const LINES_AFTER: &str = "
select id, payment, body
from upload_line
where upload = $1
    and number > $2
order by number
limit $3";

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[ADD, END, BY_ID, BY_DIGEST, HAS_MESSAGE, WORKING, LINES_AFTER];

pub(crate) async fn add(
    tx: &Tx,
    kept: &KeptUpload,
    digest: [u8; 16],
    message: Option<[u8; 16]>,
) -> Result<(), DbError> {
    let (id, text) = (kept.shown.id.to_bytes(), json(kept)?);
    let values = [
        Value::Bytes(&id),
        kept.owner.as_deref().map_or(Value::Null, Value::Text),
        Value::Bytes(&digest),
        message.as_ref().map_or(Value::Null, |message| Value::Bytes(message)),
        Value::Int(i64::from(kept.shown.state != UploadState::Working)),
        Value::Text(&text),
    ];
    tx.execute(ADD, &values).await.map(drop)
}

pub(crate) async fn end(tx: &Tx, kept: &KeptUpload) -> Result<(), DbError> {
    let (id, text) = (kept.shown.id.to_bytes(), json(kept)?);
    tx.execute(END, &[Value::Bytes(&id), Value::Text(&text)]).await.map(drop)
}

pub(crate) async fn by_id(tx: &Tx, id: UploadId) -> Result<Option<KeptUpload>, DbError> {
    tx.query(BY_ID, &[Value::Bytes(&id.to_bytes())]).await?.first().map(|row| body(row, 0)).transpose()
}

pub(crate) async fn by_digest(tx: &Tx, digest: [u8; 16]) -> Result<Option<KeptUpload>, DbError> {
    tx.query(BY_DIGEST, &[Value::Bytes(&digest)]).await?.first().map(|row| body(row, 0)).transpose()
}

/// A file with this id has been carried out, or is.
pub(crate) async fn has_message(tx: &Tx, message: [u8; 16]) -> Result<bool, DbError> {
    Ok(!tx.query(HAS_MESSAGE, &[Value::Bytes(&message)]).await?.is_empty())
}

pub(crate) async fn working(tx: &Tx) -> Result<Vec<KeptUpload>, DbError> {
    tx.query(WORKING, &[]).await?.iter().map(|row| body(row, 0)).collect()
}

pub(crate) async fn add_lines(tx: &Tx, upload: UploadId, lines: &[StoredLine]) -> Result<(), DbError> {
    let ids: Vec<[u8; 16]> = lines.iter().map(|line| line.id).collect();
    let (uploads, payments) = (vec![upload.to_bytes(); ids.len()], vec![NO_PAYMENT; ids.len()]);
    let number = |line: &StoredLine| i64::try_from(line.kept.order.number).unwrap_or(i64::MAX);
    let numbers: Vec<i64> = lines.iter().map(number).collect();
    let bodies = lines.iter().map(|line| json(&line.kept)).collect::<Result<Vec<_>, _>>()?;
    let columns =
        [Column::Id(&ids), Column::Id(&uploads), Column::Int(&numbers), Column::Id(&payments), Column::Text(&bodies)];
    tx.insert_many(&LINES, &columns).await
}

/// What became of them.
pub(crate) async fn put_lines(tx: &Tx, lines: &[StoredLine]) -> Result<(), DbError> {
    let ids: Vec<[u8; 16]> = lines.iter().map(|line| line.id).collect();
    let payments: Vec<[u8; 16]> =
        lines.iter().map(|line| line.payment.map_or(NO_PAYMENT, |payment| payment.to_bytes())).collect();
    let bodies = lines.iter().map(|line| json(&line.kept)).collect::<Result<Vec<_>, _>>()?;
    tx.update_many(&LINE_CHANGES, &[Column::Id(&ids), Column::Id(&payments), Column::Text(&bodies)]).await
}

/// In the order of their numbers.
pub(crate) async fn lines(tx: &Tx, upload: UploadId, after: u64, max: usize) -> Result<Vec<StoredLine>, DbError> {
    let after = Value::Int(i64::try_from(after).unwrap_or(i64::MAX));
    let max = Value::Int(i64::try_from(max).unwrap_or(i64::MAX));
    tx.query(LINES_AFTER, &[Value::Bytes(&upload.to_bytes()), after, max]).await?.iter().map(line).collect()
}

fn line(row: &Row) -> Result<StoredLine, DbError> {
    let payment: [u8; 16] = row.array(1)?;
    let payment = (payment != NO_PAYMENT).then(|| PaymentId::from_bytes(payment));
    Ok(StoredLine { id: row.array(0)?, payment, kept: body(row, 2)? })
}
