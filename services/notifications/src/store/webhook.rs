//! Endpoints of webhooks.

use kernel::Timestamp;
use notifications_api::{EndpointId, EndpointState};
use platform::db::{DbError, Row, Tx, Value};

use super::{bytes_or_null, limit, text_or_null};

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[LAST, ADD, FIND, OF_SEQ, LIST, LIST_OF, ENABLED, COUNT, SET, REMOVE];

const LAST: &str = "
select cast(coalesce(max(seq), 0) as BIGINT)
from endpoint";

const ADD: &str = "
insert into endpoint (seq, id, owner, url, events, state, secret, old_until, created_at)
values ($1, $2, $3, $4, $5, 0, $6, 0, $7)";

const FIND: &str = "
select seq, id, owner, url, events, state, secret, old_secret, old_until, failing_since, created_at
from endpoint
where id = $1";

const OF_SEQ: &str = "
select seq, id, owner, url, events, state, secret, old_secret, old_until, failing_since, created_at
from endpoint
where seq = $1";

const LIST: &str = "
select seq, id, owner, url, events, state, secret, old_secret, old_until, failing_since, created_at
from endpoint
where seq > $1
order by seq
limit $2";

const LIST_OF: &str = "
select seq, id, owner, url, events, state, secret, old_secret, old_until, failing_since, created_at
from endpoint
where owner = $3
    and seq > $1
order by seq
limit $2";

const ENABLED: &str = "
select seq, owner, events
from endpoint
where state = 0
order by seq
limit 100000";

const COUNT: &str = "
select count(*)
from endpoint";

const SET: &str = "
update endpoint
set state = $2, secret = $3, old_secret = $4, old_until = $5, failing_since = $6
where seq = $1";

const REMOVE: &str = "
delete from endpoint
where seq = $1";

/// URL and secrets are sealed.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    pub(crate) seq: i64,
    pub(crate) id: EndpointId,
    pub(crate) owner: Option<String>,
    pub(crate) url: Vec<u8>,
    pub(crate) events: Vec<String>,
    pub(crate) state: EndpointState,
    pub(crate) secret: Vec<u8>,
    pub(crate) old_secret: Option<Vec<u8>>,
    pub(crate) old_until: Timestamp,
    pub(crate) failing_since: Option<Timestamp>,
    pub(crate) created_at: Timestamp,
}

fn endpoint(row: &Row) -> Result<Endpoint, DbError> {
    Ok(Endpoint {
        seq: row.int(0)?,
        id: super::id(row, 1)?,
        owner: super::text(row, 2)?,
        url: row.bytes(3)?.to_vec(),
        events: super::json(row.text(4)?)?,
        state: if row.int(5)? == 0 { EndpointState::Enabled } else { EndpointState::Disabled },
        secret: row.bytes(6)?.to_vec(),
        old_secret: row.bytes_or_null(7)?.map(<[u8]>::to_vec),
        old_until: super::time(row, 8)?,
        failing_since: row.int_or_null(9)?.map(Timestamp::from_micros),
        created_at: super::time(row, 10)?,
    })
}

fn first(rows: &[Row]) -> Result<i64, DbError> {
    rows.first().map_or(Ok(0), |row| row.int(0))
}

/// The number of the next one; the caller holds the lock of the store's writers.
pub(crate) async fn next(tx: &Tx) -> Result<i64, DbError> {
    Ok(first(&tx.query(LAST, &[]).await?)? + 1)
}

pub(crate) async fn count(tx: &Tx) -> Result<i64, DbError> {
    first(&tx.query(COUNT, &[]).await?)
}

pub(crate) async fn add(tx: &Tx, endpoint: &Endpoint) -> Result<(), DbError> {
    let (id, events) = (endpoint.id.to_bytes(), super::json_text(&endpoint.events)?);
    let values = [
        Value::Int(endpoint.seq),
        Value::Bytes(&id),
        text_or_null(endpoint.owner.as_deref()),
        Value::Bytes(&endpoint.url),
        Value::Text(&events),
        Value::Bytes(&endpoint.secret),
        Value::Int(endpoint.created_at.micros()),
    ];
    tx.execute(ADD, &values).await.map(drop)
}

pub(crate) async fn find(tx: &Tx, id: EndpointId) -> Result<Option<Endpoint>, DbError> {
    tx.query(FIND, &[Value::Bytes(&id.to_bytes())]).await?.first().map(endpoint).transpose()
}

pub(crate) async fn of_seq(tx: &Tx, seq: i64) -> Result<Option<Endpoint>, DbError> {
    tx.query(OF_SEQ, &[Value::Int(seq)]).await?.first().map(endpoint).transpose()
}

pub(crate) async fn list(tx: &Tx, owner: Option<&str>, after: i64, max: usize) -> Result<Vec<Endpoint>, DbError> {
    let mut values = vec![Value::Int(after), limit(max)];
    let rows = match owner {
        Some(owner) => {
            values.push(Value::Text(owner));
            tx.query(LIST_OF, &values).await?
        }
        None => tx.query(LIST, &values).await?,
    };
    rows.iter().map(endpoint).collect()
}

/// Number, owner and patterns of each enabled endpoint.
pub(crate) async fn enabled(tx: &Tx) -> Result<Vec<(i64, Option<String>, Vec<String>)>, DbError> {
    let rows = tx.query(ENABLED, &[]).await?;
    rows.iter().map(|row| Ok((row.int(0)?, super::text(row, 1)?, super::json(row.text(2)?)?))).collect()
}

pub(crate) async fn set(tx: &Tx, endpoint: &Endpoint) -> Result<(), DbError> {
    let values = [
        Value::Int(endpoint.seq),
        Value::Int(i64::from(endpoint.state == EndpointState::Disabled)),
        Value::Bytes(&endpoint.secret),
        bytes_or_null(endpoint.old_secret.as_deref()),
        Value::Int(endpoint.old_until.micros()),
        endpoint.failing_since.map_or(Value::Null, |at| Value::Int(at.micros())),
    ];
    tx.execute(SET, &values).await.map(drop)
}

pub(crate) async fn remove(tx: &Tx, seq: i64) -> Result<(), DbError> {
    super::post::remove(tx, seq).await?;
    tx.execute(REMOVE, &[Value::Int(seq)]).await.map(drop)
}
