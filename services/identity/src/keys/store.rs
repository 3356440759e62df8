//! Signing keys as rows.

use kernel::Timestamp;
use platform::db::{DbError, Row, Tx, Value};

/// The next key, the one that signs, and the retired ones in the order of their retirement.
const KEY_LIST: &str = "
select kid, alg, public, created_at, signs_from, retired_at, gone_at
from signing_key
order by case when signs_from is null then 0 when retired_at is null then 1 else 2 end, retired_at, kid";

const KEY_SIGNING: &str = "
select kid, sealed
from signing_key
where signs_from is not null
    and retired_at is null";

const KEY_PUBLIC: &str = "
select public
from signing_key
where kid = $1
    and signs_from is not null
    and (gone_at is null or gone_at > $2)";

/// A rotation locks the row of the terms, which it changes anyway.
const KEYS_LOCK: &str = "
update terms
set version = version
where one = 1";

const KEY_ADD: &str = "
insert into signing_key (kid, alg, public, sealed, created_at)
values ($1, $2, $3, $4, $5)";

const KEY_BEGIN: &str = "
update signing_key
set signs_from = $2
where kid = $1
    and signs_from is null";

const KEY_RETIRE: &str = "
update signing_key
set retired_at = $1, gone_at = $2, sealed = null
where signs_from is not null
    and retired_at is null";

const KEY_CLEAR: &str = "
delete from signing_key
where gone_at <= $1";

#[cfg(test)]
pub(crate) const SQL: &[&str] =
    &[KEY_LIST, KEY_SIGNING, KEY_PUBLIC, KEYS_LOCK, KEY_ADD, KEY_BEGIN, KEY_RETIRE, KEY_CLEAR];

/// Without its private half.
#[derive(Debug, Clone)]
pub(super) struct StoredKey {
    pub(super) kid: String,
    pub(super) alg: String,
    /// The public key in base64url.
    pub(super) public: String,
    pub(super) created_at: Timestamp,
    pub(super) signs_from: Option<Timestamp>,
    pub(super) retired_at: Option<Timestamp>,
    pub(super) gone_at: Option<Timestamp>,
}

pub(super) async fn list(tx: &Tx) -> Result<Vec<StoredKey>, DbError> {
    tx.query(KEY_LIST, &[]).await?.iter().map(stored).collect()
}

fn stored(row: &Row) -> Result<StoredKey, DbError> {
    let time = |column| Ok::<_, DbError>(row.int_or_null(column)?.map(Timestamp::from_micros));
    Ok(StoredKey {
        kid: row.text(0)?.to_owned(),
        alg: row.text(1)?.to_owned(),
        public: row.text(2)?.to_owned(),
        created_at: Timestamp::from_micros(row.int(3)?),
        signs_from: time(4)?,
        retired_at: time(5)?,
        gone_at: time(6)?,
    })
}

/// The key that signs, with its sealed half.
pub(super) async fn signing(tx: &Tx) -> Result<(String, Vec<u8>), DbError> {
    let rows = tx.query(KEY_SIGNING, &[]).await?;
    let row = rows.first().ok_or_else(|| DbError::shape("no key signs"))?;
    Ok((row.text(0)?.to_owned(), row.bytes(1)?.to_vec()))
}

/// The public half of a key that signs or has unexpired tokens.
pub(super) async fn public(tx: &Tx, kid: &str, now: Timestamp) -> Result<Option<String>, DbError> {
    let rows = tx.query(KEY_PUBLIC, &[Value::Text(kid), Value::Int(now.micros())]).await?;
    rows.first().map(|row| row.text(0).map(str::to_owned)).transpose()
}

/// All keys. From here to the end of the transaction nobody else can rotate.
pub(super) async fn locked(tx: &Tx) -> Result<Vec<StoredKey>, DbError> {
    tx.execute(KEYS_LOCK, &[]).await?;
    list(tx).await
}

pub(super) async fn add(tx: &Tx, kid: &str, public: &str, sealed: &[u8], now: Timestamp) -> Result<(), DbError> {
    let values = [
        Value::Text(kid),
        Value::Text(super::ALGORITHM),
        Value::Text(public),
        Value::Bytes(sealed),
        Value::Int(now.micros()),
    ];
    tx.execute(KEY_ADD, &values).await.map(drop)
}

pub(super) async fn begin(tx: &Tx, kid: &str, now: Timestamp) -> Result<(), DbError> {
    tx.execute(KEY_BEGIN, &[Value::Text(kid), Value::Int(now.micros())]).await.map(drop)
}

/// The key that signed no longer signs, and its private half is removed.
pub(super) async fn retire(tx: &Tx, now: Timestamp, gone_at: Timestamp) -> Result<(), DbError> {
    tx.execute(KEY_RETIRE, &[Value::Int(now.micros()), Value::Int(gone_at.micros())]).await.map(drop)
}

pub(super) async fn clear(tx: &Tx, now: Timestamp) -> Result<(), DbError> {
    tx.execute(KEY_CLEAR, &[Value::Int(now.micros())]).await.map(drop)
}
