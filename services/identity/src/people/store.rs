//! Writes of users. The caller has locked the user.

use identity_api::UserId;
use kernel::Timestamp;
use platform::db::{Column, DbError, RowSet, Tx, Value};

use super::person::Person;

/// How long a one-time password is valid.
const ONCE_SECONDS: i64 = 72 * 60 * 60;

const PERSON_INSERT: &str = "
insert into person (id, username, name, email, phone, subject, kind, status, epoch, password, password_once, password_at,
    password_until, created_at)
values ($1, $2, $3, $4, $5, $6, $7, 'active', 1, $8, $9, $10, $11, $10)";

const EPOCH_RAISE: &str = "
update person
set epoch = epoch + 1
where id = $1
returning epoch";

const PASSWORD_SET: &str = "
update person
set password = $2, password_once = $3, password_at = $4, password_until = $5
where id = $1";

const PASSWORD_RENEW: &str = "
update person
set password = $3
where id = $1 and password = $2";

const SEEN_SET: &str = "
update person
set last_login_at = $2
where id = $1";

const STATUS_SET: &str = "
update person
set status = $2
where id = $1";

const KIND_SET: &str = "
update person
set kind = $2
where id = $1";

const CONTACT_SET: &str = "
update person
set name = $2, email = $3, phone = $4
where id = $1";

const ROLES_CLEAR: &str = "
delete from person_role
where person = $1";

const LOGINS_END: &str = "
delete from login
where person = $1 and key <> $2";

static ROLES: RowSet = RowSet::new("person_role", &[("person", "bytea"), ("role", "text")]);

#[cfg(test)]
pub(super) const SQL: &[&str] = &[
    PERSON_INSERT,
    EPOCH_RAISE,
    PASSWORD_SET,
    PASSWORD_RENEW,
    SEEN_SET,
    STATUS_SET,
    KIND_SET,
    CONTACT_SET,
    ROLES_CLEAR,
    LOGINS_END,
];

pub(super) async fn insert(tx: &Tx, person: &Person) -> Result<(), DbError> {
    let text = |text: &Option<String>| text.clone();
    let (name, email, phone, password) =
        (text(&person.name), text(&person.email), text(&person.phone), text(&person.password));
    let id = person.id.to_bytes();
    let values = [
        Value::Bytes(&id),
        Value::Text(&person.username),
        text_or_null(name.as_deref()),
        text_or_null(email.as_deref()),
        text_or_null(phone.as_deref()),
        Value::Text(&person.subject),
        Value::Text(&person.kind),
        text_or_null(password.as_deref()),
        Value::Int(person.password_once.into()),
        Value::Int(person.created_at.micros()),
        person.password_until.map_or(Value::Null, |until| Value::Int(until.micros())),
    ];
    tx.execute(PERSON_INSERT, &values).await?;
    roles_set(tx, person.id, &person.roles).await
}

/// Everything issued earlier to this user is out of date.
pub(crate) async fn epoch_raise(tx: &Tx, person: &Person) -> Result<access::RevokedWhat, DbError> {
    let rows = tx.query(EPOCH_RAISE, &[Value::Bytes(&person.id.to_bytes())]).await?;
    let epoch = rows.first().ok_or_else(|| DbError::shape("a locked user is missing"))?.int(0)?;
    Ok(access::RevokedWhat::Subject { subject: person.subject.clone(), epoch: epoch.unsigned_abs() })
}

/// One that the user chose.
pub(crate) async fn password_set(tx: &Tx, id: UserId, hash: &str, now: Timestamp) -> Result<(), DbError> {
    let id = id.to_bytes();
    let values = [Value::Bytes(&id), Value::Text(hash), Value::Int(0), Value::Int(now.micros()), Value::Null];
    tx.execute(PASSWORD_SET, &values).await.map(drop)
}

/// One for one use.
pub(super) async fn password_once_set(tx: &Tx, id: UserId, hash: &str, now: Timestamp) -> Result<(), DbError> {
    let id = id.to_bytes();
    let until = Value::Int(once_until(now).micros());
    let values = [Value::Bytes(&id), Value::Text(hash), Value::Int(1), Value::Int(now.micros()), until];
    tx.execute(PASSWORD_SET, &values).await.map(drop)
}

pub(super) fn once_until(now: Timestamp) -> Timestamp {
    now.plus_seconds(ONCE_SECONDS)
}

/// The same password at a different cost.
pub(crate) async fn password_renew(tx: &Tx, id: UserId, old: &str, new: &str) -> Result<(), DbError> {
    tx.execute(PASSWORD_RENEW, &[Value::Bytes(&id.to_bytes()), Value::Text(old), Value::Text(new)]).await.map(drop)
}

pub(crate) async fn seen_set(tx: &Tx, id: UserId, now: Timestamp) -> Result<(), DbError> {
    tx.execute(SEEN_SET, &[Value::Bytes(&id.to_bytes()), Value::Int(now.micros())]).await.map(drop)
}

pub(super) async fn status_set(tx: &Tx, id: UserId, active: bool) -> Result<(), DbError> {
    let status = if active { "active" } else { "disabled" };
    tx.execute(STATUS_SET, &[Value::Bytes(&id.to_bytes()), Value::Text(status)]).await.map(drop)
}

pub(super) async fn roles_change(tx: &Tx, id: UserId, kind: &str, roles: &[String]) -> Result<(), DbError> {
    tx.execute(KIND_SET, &[Value::Bytes(&id.to_bytes()), Value::Text(kind)]).await?;
    tx.execute(ROLES_CLEAR, &[Value::Bytes(&id.to_bytes())]).await?;
    roles_set(tx, id, roles).await
}

async fn roles_set(tx: &Tx, id: UserId, roles: &[String]) -> Result<(), DbError> {
    let ids = vec![id.to_bytes(); roles.len()];
    tx.insert_many(&ROLES, &[Column::Id(&ids), Column::Text(roles)]).await
}

pub(super) async fn contact_set(tx: &Tx, id: UserId, contact: [Option<&str>; 3]) -> Result<(), DbError> {
    let [name, email, phone] = contact.map(text_or_null);
    tx.execute(CONTACT_SET, &[Value::Bytes(&id.to_bytes()), name, email, phone]).await.map(drop)
}

/// Logins in progress; `but` is the key of one that continues.
pub(crate) async fn logins_end(tx: &Tx, id: UserId, but: &[u8]) -> Result<(), DbError> {
    tx.execute(LOGINS_END, &[Value::Bytes(&id.to_bytes()), Value::Bytes(but)]).await.map(drop)
}

fn text_or_null(text: Option<&str>) -> Value<'_> {
    text.map_or(Value::Null, Value::Text)
}
