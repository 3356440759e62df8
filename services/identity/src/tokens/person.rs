//! A user's data for tokens, from the rows of users.

use platform::db::{DbError, Row, Tx, Value};

const PERSON_FIND: &str = "
select id, subject, kind, status, epoch, username, name, email, phone
from person
where id = $1";

const PERSON_BY_SUBJECT: &str = "
select id, subject, kind, status, epoch, username, name, email, phone
from person
where subject = $1";

const ROLES_OF: &str = "
select role
from person_role
where person = $1
order by role";

#[cfg(test)]
pub(super) const SQL: &[&str] = &[PERSON_FIND, PERSON_BY_SUBJECT, ROLES_OF];

const ACTIVE: &str = "active";

#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) id: [u8; 16],
    pub(super) subject: String,
    pub(super) kind: String,
    pub(super) epoch: u64,
    pub(super) username: String,
    pub(super) name: Option<String>,
    pub(super) email: Option<String>,
    pub(super) phone: Option<String>,
}

/// `None` if the account is disabled.
pub(super) async fn find(tx: &Tx, id: &[u8; 16]) -> Result<Option<Person>, DbError> {
    let rows = tx.query(PERSON_FIND, &[Value::Bytes(id)]).await?;
    Ok(rows.first().map(person).transpose()?.flatten())
}

pub(super) async fn by_subject(tx: &Tx, subject: &str) -> Result<Option<Person>, DbError> {
    let rows = tx.query(PERSON_BY_SUBJECT, &[Value::Text(subject)]).await?;
    Ok(rows.first().map(person).transpose()?.flatten())
}

pub(super) async fn roles(tx: &Tx, person: &Person) -> Result<Vec<String>, DbError> {
    let rows = tx.query(ROLES_OF, &[Value::Bytes(&person.id)]).await?;
    rows.iter().map(|row| row.text(0).map(str::to_owned)).collect()
}

fn person(row: &Row) -> Result<Option<Person>, DbError> {
    if row.text(3)? != ACTIVE {
        return Ok(None);
    }
    let text = |column| Ok::<_, DbError>(row.text_or_null(column)?.map(str::to_owned));
    Ok(Some(Person {
        id: row.array(0)?,
        subject: row.text(1)?.to_owned(),
        kind: row.text(2)?.to_owned(),
        epoch: row.int(4)?.unsigned_abs(),
        username: row.text(5)?.to_owned(),
        name: text(6)?,
        email: text(7)?,
        phone: text(8)?,
    }))
}
