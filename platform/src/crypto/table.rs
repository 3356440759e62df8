//! A service's data keys, as rows of its own store. Each is wrapped: the store alone cannot open anything.

use kernel::Timestamp;

use crate::db::{DbError, Row, Tx, Value};

/// For the migrations of a service that seals values.
pub const KEY_TABLES: &str = "
create table if not exists data_key (
    id SEQ,
    wrapped BYTES not null,
    wrapped_under BYTES not null,
    made_at BIGINT not null,
    uses BIGINT not null
);
";

const KEY_LIST: &str = "
select id, wrapped, wrapped_under, made_at, uses
from data_key
order by id";

const KEY_FIND: &str = "
select id, wrapped, wrapped_under, made_at, uses
from data_key
where id = $1";

const KEY_NEWEST: &str = "
select id, wrapped, wrapped_under, made_at, uses
from data_key
order by id desc
limit 1";

const KEY_ADD: &str = "
insert into data_key (id, wrapped, wrapped_under, made_at, uses)
values ($1, $2, $3, $4, $5)";

const KEY_USE: &str = "
update data_key
set uses = $2
where id = $1";

/// A data key as it is stored.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) id: i64,
    pub(super) wrapped: Vec<u8>,
    /// Identifies the key that wraps it.
    pub(super) wrapped_under: Vec<u8>,
    pub(super) made_at: Timestamp,
    /// Uses reserved so far, spent or not.
    pub(super) uses: i64,
}

pub(super) async fn list(tx: &Tx) -> Result<Vec<Stored>, DbError> {
    tx.query(KEY_LIST, &[]).await?.iter().map(stored).collect()
}

pub(super) async fn find(tx: &Tx, id: i64) -> Result<Option<Stored>, DbError> {
    tx.query(KEY_FIND, &[Value::Int(id)]).await?.first().map(stored).transpose()
}

pub(super) async fn newest(tx: &Tx) -> Result<Option<Stored>, DbError> {
    tx.query(KEY_NEWEST, &[]).await?.first().map(stored).transpose()
}

pub(super) async fn add(tx: &Tx, key: &Stored) -> Result<(), DbError> {
    let values = [
        Value::Int(key.id),
        Value::Bytes(&key.wrapped),
        Value::Bytes(&key.wrapped_under),
        Value::Int(key.made_at.micros()),
        Value::Int(key.uses),
    ];
    tx.execute(KEY_ADD, &values).await.map(drop)
}

pub(super) async fn set_uses(tx: &Tx, id: i64, uses: i64) -> Result<(), DbError> {
    tx.execute(KEY_USE, &[Value::Int(id), Value::Int(uses)]).await.map(drop)
}

fn stored(row: &Row) -> Result<Stored, DbError> {
    Ok(Stored {
        id: row.int(0)?,
        wrapped: row.bytes(1)?.to_vec(),
        wrapped_under: row.bytes(2)?.to_vec(),
        made_at: Timestamp::from_micros(row.int(3)?),
        uses: row.int(4)?,
    })
}
