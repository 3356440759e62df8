//! The vault's tables: every SQL text, and the migrations.

use platform::db::{Column, DbError, Migration, Row, RowSet, Tx, Value};
use vault_api::{Expiry, Token};

pub(crate) const MIGRATIONS: &[Migration] =
    &[Migration { version: 1, name: "vault", sql: include_str!("../migrations/0001_vault.sql") }];

pub(crate) static FINGERPRINTS: RowSet =
    RowSet::new("fingerprint", &[("fingerprint", "bytea"), ("key", "bigint"), ("token", "bytea")]);

pub(crate) static NUMBERS: RowSet = RowSet::new(
    "card_number",
    &[("token", "bytea"), ("sealed", "bytea"), ("key", "bigint"), ("expiry", "smallint"), ("made_at", "bigint")],
);

/// Waits for the transaction of another process that adds the same number.
const FINGERPRINT_ADD: &str = "
insert into fingerprint (fingerprint, key, token)
values ($1, $2, $3)
on conflict (fingerprint) do nothing";

const FINGERPRINTS_REMOVE: &str = "
delete from fingerprint
where token = $1";

const NUMBER_ADD: &str = "
insert into card_number (token, sealed, key, expiry, made_at)
values ($1, $2, $3, $4, $5)";

const NUMBER_RENEW: &str = "
update card_number
set expiry = $2
where token = $1";

const NUMBER_RESEAL: &str = "
update card_number
set sealed = $2, key = $3
where token = $1
    and key = $4";

const NUMBER_REMOVE: &str = "
delete from card_number
where token = $1";

const NUMBERS_OF_OLD_KEYS: &str = "
select token, sealed, key, expiry, made_at
from card_number
where key < $1
order by key, token
limit $2";

const NUMBERS_OF_OLD_KEYS_COUNT: &str = "
select count(*)
from card_number
where key < $1";

const NUMBERS_WITHOUT_FINGERPRINT: &str = "
select token, sealed, key, expiry, made_at
from card_number
where token > $1
    and not exists (select 1 from fingerprint where fingerprint.token = card_number.token and fingerprint.key = $2)
order by token
limit $3";

const NUMBERS_WITHOUT_FINGERPRINT_COUNT: &str = "
select count(*)
from card_number
where not exists (select 1 from fingerprint where fingerprint.token = card_number.token and fingerprint.key = $1)";

const FINGERPRINTS_OF_OLD_KEYS_REMOVE: &str = "
delete from fingerprint
where fingerprint in (select fingerprint from fingerprint where key < $1 limit $2)";

const FINGERPRINT_KEYS: &str = "
select id, sealed, made_at
from fingerprint_key
order by id desc";

const FINGERPRINT_KEY_ADD: &str = "
insert into fingerprint_key (id, sealed, made_at)
values ($1, $2, $3)";

const FINGERPRINT_KEY_RESEAL: &str = "
update fingerprint_key
set sealed = $2
where id = $1";

const FINGERPRINT_KEYS_REMOVE: &str = "
delete from fingerprint_key
where id < $1";

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[
    FINGERPRINT_ADD,
    FINGERPRINTS_REMOVE,
    NUMBER_ADD,
    NUMBER_RENEW,
    NUMBER_RESEAL,
    NUMBER_REMOVE,
    NUMBERS_OF_OLD_KEYS,
    NUMBERS_OF_OLD_KEYS_COUNT,
    NUMBERS_WITHOUT_FINGERPRINT,
    NUMBERS_WITHOUT_FINGERPRINT_COUNT,
    FINGERPRINTS_OF_OLD_KEYS_REMOVE,
    FINGERPRINT_KEYS,
    FINGERPRINT_KEY_ADD,
    FINGERPRINT_KEY_RESEAL,
    FINGERPRINT_KEYS_REMOVE,
];

/// A card number as it is stored.
#[derive(Debug, Clone)]
pub(crate) struct Number {
    pub(crate) token: Token,
    pub(crate) sealed: Vec<u8>,
    /// The data key that it is sealed under.
    pub(crate) key: i64,
    pub(crate) expiry: Expiry,
    pub(crate) made_at: i64,
}

pub(crate) struct StoredKey {
    pub(crate) id: i64,
    pub(crate) sealed: Vec<u8>,
    pub(crate) made_at: i64,
}

/// Whether the fingerprint was new.
pub(crate) async fn add_fingerprint(tx: &Tx, mac: &[u8; 32], key: i64, token: Token) -> Result<bool, DbError> {
    let values = [Value::Bytes(mac), Value::Int(key), Value::Bytes(&token.to_bytes())];
    Ok(tx.execute(FINGERPRINT_ADD, &values).await? == 1)
}

/// The tokens of fingerprints, in no particular order.
pub(crate) async fn tokens_of(tx: &Tx, macs: &[Vec<u8>]) -> Result<Vec<(Vec<u8>, Token)>, DbError> {
    let rows = tx.select_many(&FINGERPRINTS, Column::Bytes(macs)).await?;
    rows.iter().map(|row| Ok((row.bytes(0)?.to_vec(), Token::from_bytes(row.array(2)?)))).collect()
}

pub(crate) async fn add_number(tx: &Tx, number: &Number) -> Result<(), DbError> {
    let values = [
        Value::Bytes(&number.token.to_bytes()),
        Value::Bytes(&number.sealed),
        Value::Int(number.key),
        Value::Int(number.expiry.number().into()),
        Value::Int(number.made_at),
    ];
    tx.execute(NUMBER_ADD, &values).await.map(drop)
}

pub(crate) async fn numbers(tx: &Tx, tokens: &[Token]) -> Result<Vec<Number>, DbError> {
    let keys: Vec<[u8; 16]> = tokens.iter().map(|token| token.to_bytes()).collect();
    tx.select_many(&NUMBERS, Column::Id(&keys)).await?.iter().map(number).collect()
}

pub(crate) async fn number_of(tx: &Tx, token: Token) -> Result<Option<Number>, DbError> {
    Ok(numbers(tx, &[token]).await?.pop())
}

pub(crate) async fn renew(tx: &Tx, token: Token, expiry: Expiry) -> Result<(), DbError> {
    let values = [Value::Bytes(&token.to_bytes()), Value::Int(expiry.number().into())];
    tx.execute(NUMBER_RENEW, &values).await.map(drop)
}

/// With its fingerprints. Returns whether it existed.
pub(crate) async fn remove(tx: &Tx, token: Token) -> Result<bool, DbError> {
    let bytes = token.to_bytes();
    tx.execute(FINGERPRINTS_REMOVE, &[Value::Bytes(&bytes)]).await?;
    Ok(tx.execute(NUMBER_REMOVE, &[Value::Bytes(&bytes)]).await? == 1)
}

pub(crate) async fn reseal(tx: &Tx, was: &Number, sealed: &[u8], key: i64) -> Result<(), DbError> {
    let token = was.token.to_bytes();
    let values = [Value::Bytes(&token), Value::Bytes(sealed), Value::Int(key), Value::Int(was.key)];
    tx.execute(NUMBER_RESEAL, &values).await.map(drop)
}

pub(crate) async fn of_old_keys(tx: &Tx, newest: i64, max: i64) -> Result<Vec<Number>, DbError> {
    let rows = tx.query(NUMBERS_OF_OLD_KEYS, &[Value::Int(newest), Value::Int(max)]).await?;
    rows.iter().map(number).collect()
}

pub(crate) async fn without_fingerprint(tx: &Tx, after: &[u8], key: i64, max: i64) -> Result<Vec<Number>, DbError> {
    let values = [Value::Bytes(after), Value::Int(key), Value::Int(max)];
    tx.query(NUMBERS_WITHOUT_FINGERPRINT, &values).await?.iter().map(number).collect()
}

/// Numbers under older data keys, and numbers that the newest fingerprint key does not find.
pub(crate) async fn left(tx: &Tx, data_key: i64, fingerprint_key: i64) -> Result<(u64, u64), DbError> {
    let count = |rows: Vec<Row>| rows.first().map_or(Ok(0), |row| row.int(0)).map(i64::unsigned_abs);
    let sealed = count(tx.query(NUMBERS_OF_OLD_KEYS_COUNT, &[Value::Int(data_key)]).await?)?;
    let found = count(tx.query(NUMBERS_WITHOUT_FINGERPRINT_COUNT, &[Value::Int(fingerprint_key)]).await?)?;
    Ok((sealed, found))
}

pub(crate) async fn remove_old_fingerprints(tx: &Tx, newest: i64, max: i64) -> Result<u64, DbError> {
    tx.execute(FINGERPRINTS_OF_OLD_KEYS_REMOVE, &[Value::Int(newest), Value::Int(max)]).await
}

/// The newest first.
pub(crate) async fn fingerprint_keys(tx: &Tx) -> Result<Vec<StoredKey>, DbError> {
    let key = |row: &Row| Ok(StoredKey { id: row.int(0)?, sealed: row.bytes(1)?.to_vec(), made_at: row.int(2)? });
    tx.query(FINGERPRINT_KEYS, &[]).await?.iter().map(key).collect()
}

pub(crate) async fn add_fingerprint_key(tx: &Tx, key: &StoredKey) -> Result<(), DbError> {
    let values = [Value::Int(key.id), Value::Bytes(&key.sealed), Value::Int(key.made_at)];
    tx.execute(FINGERPRINT_KEY_ADD, &values).await.map(drop)
}

pub(crate) async fn reseal_fingerprint_key(tx: &Tx, id: i64, sealed: &[u8]) -> Result<(), DbError> {
    tx.execute(FINGERPRINT_KEY_RESEAL, &[Value::Int(id), Value::Bytes(sealed)]).await.map(drop)
}

pub(crate) async fn remove_old_fingerprint_keys(tx: &Tx, newest: i64) -> Result<(), DbError> {
    tx.execute(FINGERPRINT_KEYS_REMOVE, &[Value::Int(newest)]).await.map(drop)
}

fn number(row: &Row) -> Result<Number, DbError> {
    let expiry = u16::try_from(row.int(3)?).ok().and_then(|number| Expiry::of_number(number).ok());
    Ok(Number {
        token: Token::from_bytes(row.array(0)?),
        sealed: row.bytes(1)?.to_vec(),
        key: row.int(2)?,
        expiry: expiry.ok_or_else(|| DbError::shape("a card number with a malformed expiry date"))?,
        made_at: row.int(4)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn every_statement_is_valid_on_both_engines() {
        testkit::for_each_engine(async |store| {
            let db = store.open().await;
            platform::room::migrate(&crate::ROOM, &db).await.unwrap();
            let tx = db.read().await.unwrap();
            for sql in SQL {
                tx.prepare(sql).await.unwrap();
            }
            for set in [&FINGERPRINTS, &NUMBERS] {
                tx.prepare_set(set).await.unwrap();
            }
        })
        .await;
    }
}
