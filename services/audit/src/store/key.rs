//! Signing keys, sealed.

use kernel::Timestamp;
use platform::db::{DbError, Row, Tx, Value};

/// The newest first.
const KEY_LIST: &str = "
select number, sealed, public, signs_until
from signing_key
order by number desc";

const KEY_ADD: &str = "
insert into signing_key (number, sealed, public, made_at)
values ($1, $2, $3, $4)";

const KEY_REPLACE: &str = "
update signing_key
set signs_until = $2
where number < $1 and signs_until is null";

#[cfg(test)]
pub(super) const SQL: &[&str] = &[KEY_LIST, KEY_ADD, KEY_REPLACE];

#[derive(Debug, Clone)]
pub(crate) struct StoredKey {
    pub(crate) number: i64,
    pub(crate) sealed: Vec<u8>,
    pub(crate) public: [u8; 32],
    /// It was replaced, and signs until then.
    pub(crate) signs_until: Option<Timestamp>,
}

pub(crate) async fn list(tx: &Tx) -> Result<Vec<StoredKey>, DbError> {
    tx.query(KEY_LIST, &[]).await?.iter().map(key).collect()
}

pub(crate) async fn add(tx: &Tx, key: &StoredKey, made_at: Timestamp) -> Result<(), DbError> {
    let values =
        [Value::Int(key.number), Value::Bytes(&key.sealed), Value::Bytes(&key.public), Value::Int(made_at.micros())];
    tx.execute(KEY_ADD, &values).await.map(drop)
}

/// Those before `number` sign until then.
pub(crate) async fn replace(tx: &Tx, number: i64, until: Timestamp) -> Result<(), DbError> {
    tx.execute(KEY_REPLACE, &[Value::Int(number), Value::Int(until.micros())]).await.map(drop)
}

fn key(row: &Row) -> Result<StoredKey, DbError> {
    Ok(StoredKey {
        number: row.int(0)?,
        sealed: row.bytes(1)?.to_vec(),
        public: row.array(2)?,
        signs_until: row.int_or_null(3)?.map(Timestamp::from_micros),
    })
}
