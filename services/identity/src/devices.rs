//! Known browsers: a cookie that outlives sessions and shows that this browser has logged this user in before.
//!
//! It proves nothing and opens nothing: password and code are required as always. But its attempts are counted apart
//! from strangers', so that no stranger can make this browser wait. Invariants: only a completed login creates one, for
//! its own user; each login replaces it, so that one planted by somebody else is worthless afterwards; whatever ends
//! all sessions of a user also forgets their browsers. A name is looked up the same way whether or not it exists.

use identity_api::UserId;
use identity_api::limits::DEVICE_SECONDS;
use kernel::{Secret, Timestamp};
use platform::crypto::{digest, random_token};
use platform::db::{DbError, Tx, Value};

use crate::sessions::SessionId;

/// Bytes of a cookie.
const COOKIE: usize = 32;
/// Maximum browsers of one user. With one more, the oldest one becomes a stranger's.
const BESIDE_MAX: i64 = 19;

const DEVICE_KNOWN: &str = "
select d.seen_at
from device d join person p on p.id = d.person
where d.cookie = $1 and d.expires_at > $2 and p.username = $3";

/// Other users known by this browser stay known.
const DEVICE_RENEW: &str = "
update device
set cookie = $2
where cookie = $1";

const DEVICE_KEEP: &str = "
insert into device (cookie, person, session, seen_at, expires_at)
values ($1, $2, $3, $4, $5)
on conflict (cookie, person) do update
set session = excluded.session, seen_at = excluded.seen_at, expires_at = excluded.expires_at";

/// The limit is there because one of the engines has no offset without it.
const DEVICE_TOO_MANY: &str = "
delete from device
where person = $1 and cookie <> $2 and cookie in (
    select cookie from device where person = $1 and cookie <> $2 order by seen_at desc, cookie limit 1000 offset $3)";

const DEVICES_FORGET: &str = "
delete from device
where person = $1 and session <> $2";

const DEVICE_FORGET: &str = "
delete from device
where person = $1 and session = $2";

const DEVICE_CLEAR: &str = "
delete from device
where expires_at <= $1";

#[cfg(test)]
pub(crate) const SQL: &[&str] =
    &[DEVICE_KNOWN, DEVICE_RENEW, DEVICE_KEEP, DEVICE_TOO_MANY, DEVICES_FORGET, DEVICE_FORGET, DEVICE_CLEAR];

/// The digest of a browser's cookie, if it has logged in this name's user before.
pub(crate) async fn known(
    tx: &Tx,
    cookie: Option<&Secret>,
    username: &str,
    now: Timestamp,
) -> Result<Option<[u8; 32]>, DbError> {
    let Some(cookie) = cookie else { return Ok(None) };
    let cookie = digest(cookie.expose());
    let values = [Value::Bytes(&cookie), Value::Int(now.micros()), Value::Text(username)];
    Ok(tx.query(DEVICE_KNOWN, &values).await?.first().map(|_| cookie))
}

/// Gives this browser a new cookie: for the user of this session, and for everybody else known by it.
pub(crate) async fn keep(
    tx: &Tx,
    before: Option<&Secret>,
    (person, session): (UserId, SessionId),
    now: Timestamp,
) -> Result<Secret, DbError> {
    let cookie = random_token(COOKIE);
    let (new, person, session) = (digest(cookie.expose()), person.to_bytes(), session.to_bytes());
    if let Some(before) = before {
        tx.execute(DEVICE_RENEW, &[Value::Bytes(&digest(before.expose())), Value::Bytes(&new)]).await?;
    }
    tx.execute(DEVICE_TOO_MANY, &[Value::Bytes(&person), Value::Bytes(&new), Value::Int(BESIDE_MAX)]).await?;
    let values = [
        Value::Bytes(&new),
        Value::Bytes(&person),
        Value::Bytes(&session),
        Value::Int(now.micros()),
        Value::Int(now.plus_seconds(DEVICE_SECONDS).micros()),
    ];
    tx.execute(DEVICE_KEEP, &values).await?;
    Ok(cookie)
}

/// All browsers of a user except the one of this session.
pub(crate) async fn forget(tx: &Tx, person: UserId, but: SessionId) -> Result<(), DbError> {
    tx.execute(DEVICES_FORGET, &[Value::Bytes(&person.to_bytes()), Value::Bytes(&but.to_bytes())]).await.map(drop)
}

/// The one of this session.
pub(crate) async fn forget_one(tx: &Tx, person: UserId, session: SessionId) -> Result<(), DbError> {
    tx.execute(DEVICE_FORGET, &[Value::Bytes(&person.to_bytes()), Value::Bytes(&session.to_bytes())]).await.map(drop)
}

/// Removes those unused for too long. Called when a login begins, which holds no locks yet.
pub(crate) async fn clear(tx: &Tx, now: Timestamp) -> Result<(), DbError> {
    tx.execute(DEVICE_CLEAR, &[Value::Int(now.micros())]).await.map(drop)
}
