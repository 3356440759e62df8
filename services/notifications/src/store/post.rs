//! Posts: one event for one endpoint.

use kernel::Timestamp;
use notifications_api::{PostId, PostState};
use platform::db::{DbError, Row, Tx, Value};

use super::{bytes_or_null, limit, text_or_null};

#[cfg(test)]
pub(crate) const SQL: &[&str] =
    &[LEFT, REMOVE, LAST, ADD, FIND, LIST, DUE, CLAIM, LOST, SET, REPLAY, AGAIN, KNOWN, SWEEP];

const LEFT: &str = "
select 1
from post
where (state = 'posting' and claimed_until < $1)
    or (state in ('delivered', 'failed') and created_at < $2)
limit 1";

const REMOVE: &str = "
delete from post
where endpoint = $1";

const LAST: &str = "
select cast(coalesce(max(seq), 0) as BIGINT)
from post";

const ADD: &str = "
insert into post (seq, id, endpoint, event_key, kind, body, state, attempts, due_at, claimed_until, expires_at, created_at)
values ($1, $2, $3, $4, $5, $6, 'waiting', 0, $7, 0, $8, $7)";

const FIND: &str = "
select seq, id, endpoint, kind, body, state, attempts, last, last_at, due_at, expires_at, created_at
from post
where id = $1";

const LIST: &str = "
select seq, id, endpoint, kind, body, state, attempts, last, last_at, due_at, expires_at, created_at
from post
where endpoint = $1
    and seq < $2
order by seq desc
limit $3";

/// Of enabled endpoints.
const DUE: &str = "
select post.seq, post.id, post.endpoint, post.kind, post.body, post.state, post.attempts, post.last, post.last_at, \
     post.due_at, post.expires_at, post.created_at
from post
    join endpoint on endpoint.seq = post.endpoint
where post.state = 'waiting'
    and post.due_at <= $1
    and endpoint.state = 0
order by post.due_at
limit $2";

const CLAIM: &str = "
update post
set state = 'posting', claimed_until = $2, attempts = attempts + 1
where seq = $1
    and state = 'waiting'";

/// A process began to post them and never said how that ended: a repeat has the same id, by which it is known.
const LOST: &str = "
update post
set state = 'waiting', claimed_until = 0
where state = 'posting'
    and claimed_until < $1";

const SET: &str = "
update post
set state = $2, last = $3, last_at = $4, due_at = $5, claimed_until = 0
where seq = $1";

const REPLAY: &str = "
update post
set state = 'waiting', attempts = 0, due_at = $4, expires_at = $5
where endpoint = $1
    and created_at >= $2
    and created_at < $3
    and state in ('waiting', 'delivered', 'failed')";

const AGAIN: &str = "
update post
set state = 'waiting', attempts = 0, due_at = $2, expires_at = $3
where seq = $1";

const KNOWN: &str = "
select 1
from post
where endpoint = $1
    and event_key = $2";

const SWEEP: &str = "
delete from post
where created_at < $1
    and state in ('delivered', 'failed')";

#[derive(Debug, Clone)]
pub(crate) struct Post {
    pub(crate) seq: i64,
    pub(crate) id: PostId,
    pub(crate) endpoint: i64,
    pub(crate) kind: String,
    pub(crate) body: String,
    pub(crate) state: PostState,
    pub(crate) attempts: i64,
    pub(crate) last: Option<String>,
    pub(crate) last_at: Option<Timestamp>,
    pub(crate) due_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) created_at: Timestamp,
}

fn post(row: &Row) -> Result<Post, DbError> {
    Ok(Post {
        seq: row.int(0)?,
        id: super::id(row, 1)?,
        endpoint: row.int(2)?,
        kind: row.text(3)?.to_owned(),
        body: row.text(4)?.to_owned(),
        state: super::name(row, 5)?,
        attempts: row.int(6)?,
        last: super::text(row, 7)?,
        last_at: row.int_or_null(8)?.map(Timestamp::from_micros),
        due_at: super::time(row, 9)?,
        expires_at: super::time(row, 10)?,
        created_at: super::time(row, 11)?,
    })
}

/// Whether there is anything to sweep.
pub(crate) async fn is_left(tx: &Tx, now: Timestamp, before: Timestamp) -> Result<bool, DbError> {
    Ok(!tx.query(LEFT, &[now.micros(), before.micros()].map(Value::Int)).await?.is_empty())
}

/// The number of the next one; the caller holds the lock of the store's writers.
async fn next(tx: &Tx) -> Result<i64, DbError> {
    Ok(tx.query(LAST, &[]).await?.first().map_or(Ok(0), |row| row.int(0))? + 1)
}

/// All of an endpoint.
pub(super) async fn remove(tx: &Tx, endpoint: i64) -> Result<(), DbError> {
    tx.execute(REMOVE, &[Value::Int(endpoint)]).await.map(drop)
}

/// A new post.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewPost<'a> {
    pub(crate) id: PostId,
    pub(crate) endpoint: i64,
    pub(crate) event_key: Option<&'a [u8; 32]>,
    pub(crate) kind: &'a str,
    pub(crate) body: &'a str,
    pub(crate) at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

/// Unless the endpoint has it already.
pub(crate) async fn add(tx: &Tx, new: NewPost<'_>) -> Result<bool, DbError> {
    if let Some(key) = new.event_key
        && !tx.query(KNOWN, &[Value::Int(new.endpoint), Value::Bytes(key)]).await?.is_empty()
    {
        return Ok(false);
    }
    let id = new.id.to_bytes();
    let values = [
        Value::Int(next(tx).await?),
        Value::Bytes(&id),
        Value::Int(new.endpoint),
        bytes_or_null(new.event_key.map(|key| &key[..])),
        Value::Text(new.kind),
        Value::Text(new.body),
        Value::Int(new.at.micros()),
        Value::Int(new.expires_at.micros()),
    ];
    tx.execute(ADD, &values).await?;
    Ok(true)
}

pub(crate) async fn find(tx: &Tx, id: PostId) -> Result<Option<Post>, DbError> {
    tx.query(FIND, &[Value::Bytes(&id.to_bytes())]).await?.first().map(post).transpose()
}

pub(crate) async fn list(tx: &Tx, endpoint: i64, before: i64, max: usize) -> Result<Vec<Post>, DbError> {
    let values = [Value::Int(endpoint), Value::Int(before), limit(max)];
    tx.query(LIST, &values).await?.iter().map(post).collect()
}

pub(crate) async fn due(tx: &Tx, now: Timestamp, max: usize) -> Result<Vec<Post>, DbError> {
    tx.query(DUE, &[Value::Int(now.micros()), limit(max)]).await?.iter().map(post).collect()
}

/// Whether it still waited.
pub(crate) async fn claim(tx: &Tx, seq: i64, until: Timestamp) -> Result<bool, DbError> {
    Ok(tx.execute(CLAIM, &[seq, until.micros()].map(Value::Int)).await? == 1)
}

pub(crate) async fn lost(tx: &Tx, now: Timestamp) -> Result<u64, DbError> {
    tx.execute(LOST, &[Value::Int(now.micros())]).await
}

pub(crate) async fn set(tx: &Tx, post: &Post) -> Result<(), DbError> {
    let state: &'static str = post.state.into();
    let values = [
        Value::Int(post.seq),
        Value::Text(state),
        text_or_null(post.last.as_deref()),
        post.last_at.map_or(Value::Null, |at| Value::Int(at.micros())),
        Value::Int(post.due_at.micros()),
    ];
    tx.execute(SET, &values).await.map(drop)
}

/// Has the posts of a time range wait again; returns their number.
pub(crate) async fn replay(
    tx: &Tx,
    endpoint: i64,
    (from, to): (Timestamp, Timestamp),
    (now, expires_at): (Timestamp, Timestamp),
) -> Result<u64, DbError> {
    let values = [endpoint, from.micros(), to.micros(), now.micros(), expires_at.micros()].map(Value::Int);
    tx.execute(REPLAY, &values).await
}

pub(crate) async fn again(tx: &Tx, seq: i64, now: Timestamp, expires_at: Timestamp) -> Result<(), DbError> {
    tx.execute(AGAIN, &[seq, now.micros(), expires_at.micros()].map(Value::Int)).await.map(drop)
}

pub(crate) async fn sweep(tx: &Tx, before: Timestamp) -> Result<u64, DbError> {
    tx.execute(SWEEP, &[Value::Int(before.micros())]).await
}
