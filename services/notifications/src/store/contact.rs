//! Contacts and preferences.

use kernel::Timestamp;
use notifications_api::{ContactField, Preferences};
use platform::db::{DbError, Row, Tx, Value};

use super::{bytes_or_null, text_or_null};

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[FIND, OF_PERSON, PUT, TRY, PREFERENCES, PREFERENCES_PUT];

const FIND: &str = "
select subject, person, sealed, locale, zone, code_for, code_key, code_until, code_tries, changed_at
from contact
where subject = $1";

const OF_PERSON: &str = "
select subject
from contact
where person = $1";

const PUT: &str = "
insert into contact (subject, person, sealed, locale, zone, code_for, code_key, code_until, code_tries, changed_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
on conflict (subject) do update set person = excluded.person, sealed = excluded.sealed, locale = excluded.locale, \
     zone = excluded.zone, code_for = excluded.code_for, code_key = excluded.code_key, code_until = excluded.code_until, \
     code_tries = excluded.code_tries, changed_at = excluded.changed_at";

const TRY: &str = "
update contact
set code_tries = code_tries + 1
where subject = $1";

const PREFERENCES: &str = "
select terms
from preference
where subject = $1";

const PREFERENCES_PUT: &str = "
insert into preference (subject, terms, changed_at)
values ($1, $2, $3)
on conflict (subject) do update set terms = excluded.terms, changed_at = excluded.changed_at";

/// A row; what is personal is sealed.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) subject: String,
    pub(crate) person: Option<String>,
    pub(crate) sealed: Vec<u8>,
    pub(crate) locale: String,
    pub(crate) zone: String,
    pub(crate) code: Option<Code>,
    pub(crate) changed_at: Timestamp,
}

/// A code on its way to a new address.
#[derive(Debug, Clone)]
pub(crate) struct Code {
    pub(crate) field: ContactField,
    pub(crate) key: Vec<u8>,
    pub(crate) until: Timestamp,
    pub(crate) tries: i64,
}

fn contact(row: &Row) -> Result<Known, DbError> {
    let code = match row.text_or_null(5)? {
        None => None,
        Some(_) => Some(Code {
            field: super::name(row, 5)?,
            key: row.bytes(6)?.to_vec(),
            until: super::time(row, 7)?,
            tries: row.int(8)?,
        }),
    };
    Ok(Known {
        subject: row.text(0)?.to_owned(),
        person: super::text(row, 1)?,
        sealed: row.bytes(2)?.to_vec(),
        locale: row.text(3)?.to_owned(),
        zone: row.text(4)?.to_owned(),
        code,
        changed_at: super::time(row, 9)?,
    })
}

pub(crate) async fn find(tx: &Tx, subject: &str) -> Result<Option<Known>, DbError> {
    tx.query(FIND, &[Value::Text(subject)]).await?.first().map(contact).transpose()
}

/// The subject of a user of identity.
pub(crate) async fn subject_of(tx: &Tx, person: &str) -> Result<Option<String>, DbError> {
    let rows = tx.query(OF_PERSON, &[Value::Text(person)]).await?;
    rows.first().map(|row| Ok(row.text(0)?.to_owned())).transpose()
}

pub(crate) async fn put(tx: &Tx, contact: &Known) -> Result<(), DbError> {
    let code = contact.code.as_ref();
    let field = code.map(|code| -> &'static str { code.field.into() });
    let values = [
        Value::Text(&contact.subject),
        text_or_null(contact.person.as_deref()),
        Value::Bytes(&contact.sealed),
        Value::Text(&contact.locale),
        Value::Text(&contact.zone),
        text_or_null(field),
        bytes_or_null(code.map(|code| code.key.as_slice())),
        Value::Int(code.map_or(0, |code| code.until.micros())),
        Value::Int(code.map_or(0, |code| code.tries)),
        Value::Int(contact.changed_at.micros()),
    ];
    tx.execute(PUT, &values).await.map(drop)
}

/// Counts a wrong code.
pub(crate) async fn tried(tx: &Tx, subject: &str) -> Result<(), DbError> {
    tx.execute(TRY, &[Value::Text(subject)]).await.map(drop)
}

pub(crate) async fn preferences(tx: &Tx, subject: &str) -> Result<Option<Preferences>, DbError> {
    let rows = tx.query(PREFERENCES, &[Value::Text(subject)]).await?;
    rows.first().map(|row| super::json(row.text(0)?)).transpose()
}

pub(crate) async fn put_preferences(
    tx: &Tx,
    subject: &str,
    preferences: &Preferences,
    now: Timestamp,
) -> Result<(), DbError> {
    let terms = super::json_text(preferences)?;
    let values = [Value::Text(subject), Value::Text(&terms), Value::Int(now.micros())];
    tx.execute(PREFERENCES_PUT, &values).await.map(drop)
}
