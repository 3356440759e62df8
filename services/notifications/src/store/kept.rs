//! Mails that were kept instead of being sent.

use kernel::Timestamp;
use platform::db::{DbError, Tx, Value};

use super::text_or_null;

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[LAST, ADD, FIND, SWEEP];

const LAST: &str = "
select cast(coalesce(max(seq), 0) as BIGINT)
from kept_mail";

const ADD: &str = "
insert into kept_mail (seq, message, holder, sealed, at)
values ($1, $2, $3, $4, $5)";

const FIND: &str = "
select holder, sealed
from kept_mail
where message = $1
order by seq desc
limit 1";

/// The newest ones stay.
const SWEEP: &str = "
delete from kept_mail
where seq <= $1";

/// Mails that are kept.
const KEPT_MAX: i64 = 10_000;

pub(crate) async fn next(tx: &Tx) -> Result<i64, DbError> {
    Ok(tx.query(LAST, &[]).await?.first().map_or(Ok(0), |row| row.int(0))? + 1)
}

pub(crate) async fn add(
    tx: &Tx,
    (seq, message): (i64, i64),
    (holder, sealed): (Option<&str>, &[u8]),
    at: Timestamp,
) -> Result<(), DbError> {
    let [seq_value, message] = [seq, message].map(Value::Int);
    let values = [seq_value, message, text_or_null(holder), Value::Bytes(sealed), Value::Int(at.micros())];
    tx.execute(ADD, &values).await?;
    tx.execute(SWEEP, &[Value::Int(seq - KEPT_MAX)]).await.map(drop)
}

/// Holder and mail of the newest one.
pub(crate) async fn find(tx: &Tx, message: i64) -> Result<Option<(Option<String>, Vec<u8>)>, DbError> {
    let rows = tx.query(FIND, &[Value::Int(message)]).await?;
    rows.first().map(|row| Ok((super::text(row, 0)?, row.bytes(1)?.to_vec()))).transpose()
}
