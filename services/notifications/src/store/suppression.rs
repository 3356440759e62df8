//! Addresses that are not written to.

use notifications_api::{Suppression, SuppressionId};
use platform::db::{DbError, Row, Tx, Value};

use super::limit;

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[LAST, ADD, OF_ADDRESS, LIST, PLACE, REMOVE, REMOVE_REASON];

const LAST: &str = "
select cast(coalesce(max(seq), 0) as BIGINT)
from suppression";

const ADD: &str = "
insert into suppression (seq, id, address_key, channel, reason, at)
values ($1, $2, $3, $4, $5, $6)
on conflict (address_key) do update set reason = excluded.reason, at = excluded.at
    where suppression.reason = 'unsubscribed'";

const OF_ADDRESS: &str = "
select id, channel, reason, at
from suppression
where address_key = $1";

const LIST: &str = "
select id, channel, reason, at
from suppression
where seq > $1
order by seq
limit $2";

const PLACE: &str = "
select seq
from suppression
where id = $1";

const REMOVE: &str = "
delete from suppression
where id = $1";

const REMOVE_REASON: &str = "
delete from suppression
where address_key = $1
    and reason = $2";

/// The only reason that lets security and legal messages pass.
pub(crate) const UNSUBSCRIBED: &str = "unsubscribed";

fn suppression(row: &Row) -> Result<Suppression, DbError> {
    Ok(Suppression {
        id: super::id(row, 0)?,
        channel: super::name(row, 1)?,
        reason: row.text(2)?.to_owned(),
        at: super::time(row, 3)?,
    })
}

/// The first reason stays, unless it was a weaker one.
pub(crate) async fn add(tx: &Tx, address_key: &[u8], suppression: &Suppression) -> Result<(), DbError> {
    let seq = tx.query(LAST, &[]).await?.first().map_or(Ok(0), |row| row.int(0))? + 1;
    let (id, channel): (_, &'static str) = (suppression.id.to_bytes(), suppression.channel.into());
    let values = [
        Value::Int(seq),
        Value::Bytes(&id),
        Value::Bytes(address_key),
        Value::Text(channel),
        Value::Text(&suppression.reason),
        Value::Int(suppression.at.micros()),
    ];
    tx.execute(ADD, &values).await.map(drop)
}

pub(crate) async fn of_address(tx: &Tx, address_key: &[u8]) -> Result<Option<Suppression>, DbError> {
    tx.query(OF_ADDRESS, &[Value::Bytes(address_key)]).await?.first().map(suppression).transpose()
}

pub(crate) async fn list(tx: &Tx, after: i64, max: usize) -> Result<Vec<Suppression>, DbError> {
    tx.query(LIST, &[Value::Int(after), limit(max)]).await?.iter().map(suppression).collect()
}

/// Where it stands in the list; after its end if it was lifted.
pub(crate) async fn place(tx: &Tx, id: SuppressionId) -> Result<i64, DbError> {
    let rows = tx.query(PLACE, &[Value::Bytes(&id.to_bytes())]).await?;
    rows.first().map_or(Ok(i64::MAX), |row| row.int(0))
}

pub(crate) async fn remove(tx: &Tx, id: SuppressionId) -> Result<bool, DbError> {
    Ok(tx.execute(REMOVE, &[Value::Bytes(&id.to_bytes())]).await? == 1)
}

/// If this is why.
pub(crate) async fn remove_reason(tx: &Tx, address_key: &[u8], reason: &str) -> Result<(), DbError> {
    tx.execute(REMOVE_REASON, &[Value::Bytes(address_key), Value::Text(reason)]).await.map(drop)
}
