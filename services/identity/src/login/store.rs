//! Logins in progress. A row is found by the digest of a key that only the browser has.
//!
//! Invariant: a step takes effect once. It names the key and stage that it found, and the key changes after it.

use identity_api::{FactorKind, Refusal, UserId};
use kernel::{Id, Secret, Timestamp};
use platform::crypto::{digest, random_token};
use platform::db::{DbError, Row, Tx, Value};

use super::stage::At;
use crate::sessions::SessionId;

/// Bytes of a login's key.
const KEY: usize = 32;
/// Longest duration of a login.
const LOGIN_SECONDS: i64 = 10 * 60;
/// Failed steps allowed within one login.
pub(super) const TRIES_MAX: i64 = 15;

const LOGIN_INSERT: &str = "
insert into login (key, stage, person, again_session, second_factor, passed, return_to, sent_tries, tries, sent, begun_at,
    expires_at)
values ($1, 'password', $2, $3, $4, '[]', $5, 0, 0, 0, $6, $7)";

const LOGIN_FIND: &str = "
select stage, person, again_session, second_factor, passed, return_to, sealed, sent_by, sent_digest, sent_until, sent_tries,
    password
from login
where key = $1 and expires_at > $2 and tries < $3";

const LOGIN_TRY: &str = "
update login
set tries = tries + 1
where key = $1 and stage = $2 and tries < $3";

const LOGIN_STEP: &str = "
update login
set key = $3, stage = $4, person = $5, passed = $6, sealed = $7, sent_by = null, sent_digest = null, sent_until = null,
    password = $8
where key = $1 and stage = $2";

/// A message was sent, or is claimed to have been.
const LOGIN_SENT: &str = "
update login
set stage = $3, person = $4, sent_by = $5, sent_digest = $6, sent_until = $7, sent_tries = 0, sent = sent + 1
where key = $1 and stage = $2 and sent < $8";

const LOGIN_SENT_TRY: &str = "
update login
set sent_tries = sent_tries + 1
where key = $1 and stage = $2 and sent_tries < $3";

const LOGIN_REMOVE: &str = "
delete from login
where key = $1 and stage = $2";

const LOGIN_CLEAR: &str = "
delete from login
where expires_at <= $1";

#[cfg(test)]
pub(super) const SQL: &[&str] =
    &[LOGIN_INSERT, LOGIN_FIND, LOGIN_TRY, LOGIN_STEP, LOGIN_SENT, LOGIN_SENT_TRY, LOGIN_REMOVE, LOGIN_CLEAR];

/// Attempts per sent code.
const SENT_TRIES_MAX: i64 = 3;
/// Messages per login.
pub(super) const SENT_MAX: i64 = 3;
const SENT_SECONDS: i64 = 5 * 60;

#[derive(Debug, Clone)]
pub(super) struct Pending {
    pub(super) key: [u8; 32],
    pub(super) at: At,
    /// Known from the password on; when re-authenticating, from the beginning.
    pub(super) person: Option<UserId>,
    pub(super) again: Option<SessionId>,
    pub(super) second_factor: bool,
    /// The factors proved so far: pwd, otp, sms, email, backup, and reset for a forgotten password.
    pub(super) passed: Vec<String>,
    pub(super) return_to: String,
    pub(super) sealed: Option<Vec<u8>>,
    pub(super) sent_by: Option<FactorKind>,
    pub(super) sent_digest: Option<Vec<u8>>,
    pub(super) sent_until: Option<Timestamp>,
    pub(super) sent_tries: i64,
    pub(super) password: Option<String>,
}

pub(super) struct Begun<'a> {
    /// The session to re-authenticate for, and its user.
    pub(super) again: Option<(SessionId, UserId)>,
    pub(super) second_factor: bool,
    pub(super) return_to: &'a str,
}

impl Pending {
    pub(super) fn has_passed(&self, what: &str) -> bool {
        self.passed.iter().any(|passed| passed == what)
    }

    /// The sent code still has attempts left.
    pub(super) fn awaits_code(&self, now: Timestamp) -> bool {
        self.sent_tries < SENT_TRIES_MAX && self.sent_until.is_some_and(|until| now < until)
    }
}

pub(super) async fn insert(tx: &Tx, begun: Begun<'_>, now: Timestamp) -> Result<Secret, DbError> {
    tx.execute(LOGIN_CLEAR, &[Value::Int(now.micros())]).await?;
    let key = random_token(KEY);
    let again = begun.again.map(|(session, person)| (session.to_bytes(), person.to_bytes()));
    let values = [
        Value::Bytes(&digest(key.expose())),
        again.as_ref().map_or(Value::Null, |(_, person)| Value::Bytes(person)),
        again.as_ref().map_or(Value::Null, |(session, _)| Value::Bytes(session)),
        Value::Int(begun.second_factor.into()),
        Value::Text(begun.return_to),
        Value::Int(now.micros()),
        Value::Int(now.plus_seconds(LOGIN_SECONDS).micros()),
    ];
    tx.execute(LOGIN_INSERT, &values).await?;
    Ok(key)
}

pub(super) async fn find(tx: &Tx, key: &Secret, now: Timestamp) -> Result<Option<Pending>, DbError> {
    let key = digest(key.expose());
    let values = [Value::Bytes(&key), Value::Int(now.micros()), Value::Int(TRIES_MAX)];
    tx.query(LOGIN_FIND, &values).await?.first().map(|row| login(key, row)).transpose()
}

/// Counts a step before it is known to fail. False: the login moved on or ended meanwhile.
pub(super) async fn try_count(tx: &Tx, row: &Pending) -> Result<bool, DbError> {
    let values = [Value::Bytes(&row.key), Value::Text(row.at.name()), Value::Int(TRIES_MAX)];
    Ok(tx.execute(LOGIN_TRY, &values).await? == 1)
}

/// Moves a login on, under a new key. `None`: it moved on or ended meanwhile.
pub(super) async fn step(tx: &Tx, row: &Pending, to: &Pending) -> Result<Option<Secret>, DbError> {
    let key = random_token(KEY);
    let passed = serde_json::to_string(&to.passed).map_err(|error| DbError::shape(error.to_string()))?;
    let person = to.person.map(Id::to_bytes);
    let values = [
        Value::Bytes(&row.key),
        Value::Text(row.at.name()),
        Value::Bytes(&digest(key.expose())),
        Value::Text(to.at.name()),
        person.as_ref().map_or(Value::Null, |id| Value::Bytes(id)),
        Value::Text(&passed),
        to.sealed.as_deref().map_or(Value::Null, Value::Bytes),
        to.password.as_deref().map_or(Value::Null, Value::Text),
    ];
    Ok((tx.execute(LOGIN_STEP, &values).await? == 1).then_some(key))
}

/// Stores the digest of a code. False: the login moved on meanwhile, or too many codes were sent.
pub(super) async fn sent(
    tx: &Tx,
    row: &Pending,
    to: At,
    person: Option<UserId>,
    (by, code): (FactorKind, &[u8]),
    now: Timestamp,
) -> Result<bool, DbError> {
    let person = person.map(Id::to_bytes);
    let values = [
        Value::Bytes(&row.key),
        Value::Text(row.at.name()),
        Value::Text(to.name()),
        person.as_ref().map_or(Value::Null, |id| Value::Bytes(id)),
        Value::Text(by.name()),
        Value::Bytes(code),
        Value::Int(now.plus_seconds(SENT_SECONDS).micros()),
        Value::Int(SENT_MAX),
    ];
    Ok(tx.execute(LOGIN_SENT, &values).await? == 1)
}

/// Counts an attempt at a sent code. False: there were none left.
pub(super) async fn sent_try(tx: &Tx, row: &Pending) -> Result<bool, DbError> {
    let values = [Value::Bytes(&row.key), Value::Text(row.at.name()), Value::Int(SENT_TRIES_MAX)];
    Ok(tx.execute(LOGIN_SENT_TRY, &values).await? == 1)
}

/// Ends the login. False: it had ended, or moved on meanwhile.
pub(super) async fn remove(tx: &Tx, row: &Pending) -> Result<bool, DbError> {
    Ok(tx.execute(LOGIN_REMOVE, &[Value::Bytes(&row.key), Value::Text(row.at.name())]).await? == 1)
}

/// `None` if the row does not exist.
pub(super) fn known<T>(found: Option<T>) -> Result<T, Refusal> {
    found.ok_or(Refusal::LoginUnknown)
}

fn login(key: [u8; 32], row: &Row) -> Result<Pending, DbError> {
    let id = |column| row.bytes_or_null(column);
    let json = |error: serde_json::Error| DbError::shape(error.to_string());
    Ok(Pending {
        key,
        at: At::named(row.text(0)?).ok_or_else(|| DbError::shape("a login is at an unknown stage"))?,
        person: id(1)?.map(|_| row.array(1).map(Id::from_bytes)).transpose()?,
        again: id(2)?.map(|_| row.array(2).map(Id::from_bytes)).transpose()?,
        second_factor: row.int(3)? != 0,
        passed: serde_json::from_str(row.text(4)?).map_err(json)?,
        return_to: row.text(5)?.to_owned(),
        sealed: id(6)?.map(<[u8]>::to_vec),
        sent_by: row
            .text_or_null(7)?
            .and_then(|name| [FactorKind::Email, FactorKind::Sms].into_iter().find(|by| by.name() == name)),
        sent_digest: id(8)?.map(<[u8]>::to_vec),
        sent_until: row.int_or_null(9)?.map(Timestamp::from_micros),
        sent_tries: row.int(10)?,
        password: row.text_or_null(11)?.map(str::to_owned),
    })
}
