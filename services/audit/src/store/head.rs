//! Signed heads.

use kernel::Timestamp;
use platform::db::{DbError, Row, Tx, Value};

use super::number;
use crate::tree::Hash;

const HEAD_LAST: &str = "
select size, signed_at, root, note
from head
order by size desc
limit 1";

const HEAD_FIND: &str = "
select size, signed_at, root, note
from head
where size = $1";

/// The same head again, by another process, is the same note.
const HEAD_ADD: &str = "
insert into head (size, signed_at, root, note)
values ($1, $2, $3, $4)
on conflict (size) do nothing";

/// After a day one head an hour stays: the last before each full hour.
const HEAD_REMOVE: &str = "
delete from head
where signed_at < $1
    and size < (
        select max(later.size)
        from head later
        where later.signed_at / 3600000000 = head.signed_at / 3600000000
    )";

#[cfg(test)]
pub(super) const SQL: &[&str] = &[HEAD_LAST, HEAD_FIND, HEAD_ADD, HEAD_REMOVE];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) size: u64,
    pub(crate) signed_at: Timestamp,
    pub(crate) root: Hash,
    pub(crate) note: String,
}

pub(crate) async fn last(tx: &Tx) -> Result<Option<Head>, DbError> {
    tx.query(HEAD_LAST, &[]).await?.first().map(head).transpose()
}

pub(crate) async fn find(tx: &Tx, size: u64) -> Result<Option<Head>, DbError> {
    tx.query(HEAD_FIND, &[number(size)]).await?.first().map(head).transpose()
}

pub(crate) async fn add(tx: &Tx, head: &Head) -> Result<(), DbError> {
    let at = Value::Int(head.signed_at.micros());
    let values = [number(head.size), at, Value::Bytes(&head.root), Value::Text(&head.note)];
    tx.execute(HEAD_ADD, &values).await.map(drop)
}

/// Thins those before this time out; the last one of each hour stays.
pub(crate) async fn thin_out(tx: &Tx, before: Timestamp) -> Result<u64, DbError> {
    tx.execute(HEAD_REMOVE, &[Value::Int(before.micros())]).await
}

fn head(row: &Row) -> Result<Head, DbError> {
    Ok(Head {
        size: row.int(0)?.unsigned_abs(),
        signed_at: Timestamp::from_micros(row.int(1)?),
        root: row.array(2)?,
        note: row.text(3)?.to_owned(),
    })
}
