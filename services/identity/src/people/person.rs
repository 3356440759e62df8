//! A user as stored.

use identity_api::{User, UserId, UserStatus};
use kernel::{Id, Timestamp};
use platform::db::{Column, DbError, Row, RowSet, Tx, Value};

macro_rules! columns {
    () => {
        "id, username, name, email, phone, subject, kind, status, epoch, password, password_once, password_until, \
         created_at, last_login_at"
    };
}
pub(super) use columns;

const PERSON_FIND: &str = concat!("select ", columns!(), " from person where id = $1");

const PERSON_NAMED: &str = concat!("select ", columns!(), " from person where username = $1");

/// A change of a user, and a login, lock the row first: one waits for the other.
const PERSON_LOCK: &str = concat!("update person set epoch = epoch where id = $1 returning ", columns!());

static ROLES: RowSet = RowSet::new("person_role", &[("person", "bytea"), ("role", "text")]);

static FACTORS: RowSet = RowSet::new("factor", &[("person", "bytea"), ("kind", "text"), ("confirmed_at", "bigint")]);

#[cfg(test)]
pub(super) const SQL: &[&str] = &[PERSON_FIND, PERSON_NAMED, PERSON_LOCK];

#[cfg(test)]
pub(crate) static SETS: [&RowSet; 2] = [&ROLES, &FACTORS];

#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) id: UserId,
    pub(crate) username: String,
    pub(crate) name: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) subject: String,
    pub(crate) kind: String,
    pub(crate) active: bool,
    pub(crate) password: Option<String>,
    pub(crate) password_once: bool,
    pub(crate) password_until: Option<Timestamp>,
    pub(crate) created_at: Timestamp,
    pub(crate) last_login_at: Option<Timestamp>,
    pub(crate) roles: Vec<String>,
    /// There is an app.
    pub(crate) second_factor: bool,
}

impl Person {
    pub(crate) async fn find(tx: &Tx, id: UserId) -> Result<Option<Person>, DbError> {
        one(tx, tx.query(PERSON_FIND, &[Value::Bytes(&id.to_bytes())]).await?).await
    }

    /// By an entered name: one that does not exist is looked up for as long as one that does.
    pub(crate) async fn named(tx: &Tx, username: &str) -> Result<Option<Person>, DbError> {
        let rows = tx.query(PERSON_NAMED, &[Value::Text(username)]).await?;
        if rows.is_empty() {
            let nobody = [[0; 16]];
            tx.select_many(&ROLES, Column::Id(&nobody)).await?;
            tx.select_many(&FACTORS, Column::Id(&nobody)).await?;
        }
        one(tx, rows).await
    }

    /// The user does not change until the transaction ends.
    pub(crate) async fn locked(tx: &Tx, id: UserId) -> Result<Option<Person>, DbError> {
        one(tx, tx.query(PERSON_LOCK, &[Value::Bytes(&id.to_bytes())]).await?).await
    }

    pub(crate) fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|held| held == role)
    }

    /// Whether one of the roles requires a second factor.
    pub(crate) fn needs_factor(&self, of: &[String]) -> bool {
        of.iter().any(|role| self.has_role(role))
    }

    /// When a one-time password expires.
    pub(crate) fn password_is_over(&self, now: Timestamp) -> bool {
        self.password_until.is_some_and(|until| now >= until)
    }

    /// The user's own words, which make a password easy to guess.
    pub(crate) fn about(&self) -> Vec<String> {
        let names = [Some(&self.username), self.name.as_ref(), self.email.as_ref(), self.phone.as_ref()];
        let whole = names.into_iter().flatten();
        let parts = |text: &String| {
            text.split(|letter: char| !letter.is_alphanumeric())
                .filter(|part| part.chars().count() > 2)
                .map(str::to_lowercase)
                .collect::<Vec<_>>()
        };
        whole.flat_map(|text| [vec![text.to_lowercase()], parts(text)].concat()).collect()
    }

    pub(crate) fn user(self) -> User {
        User {
            id: self.id,
            username: self.username,
            name: self.name,
            email: self.email,
            phone: self.phone,
            subject: self.subject,
            kind: self.kind,
            roles: self.roles,
            status: if self.active { UserStatus::Active } else { UserStatus::Disabled },
            second_factor: self.second_factor,
            created_at: self.created_at,
            last_login_at: self.last_login_at,
        }
    }
}

pub(super) async fn one(tx: &Tx, rows: Vec<Row>) -> Result<Option<Person>, DbError> {
    Ok(with_roles(tx, &rows).await?.into_iter().next())
}

/// Users in row order, each with their roles and whether they have an app.
pub(super) async fn with_roles(tx: &Tx, rows: &[Row]) -> Result<Vec<Person>, DbError> {
    let mut people = rows.iter().map(person).collect::<Result<Vec<_>, _>>()?;
    let ids: Vec<[u8; 16]> = people.iter().map(|person| person.id.to_bytes()).collect();
    for row in tx.select_many(&ROLES, Column::Id(&ids)).await? {
        let (id, role) = (Id::from_bytes(row.array(0)?), row.text(1)?);
        people.iter_mut().filter(|person| person.id == id).for_each(|person| person.roles.push(role.to_owned()));
    }
    for row in tx.select_many(&FACTORS, Column::Id(&ids)).await? {
        let (id, confirmed) = (Id::from_bytes(row.array(0)?), row.int_or_null(2)?.is_some());
        people.iter_mut().filter(|person| person.id == id).for_each(|person| person.second_factor |= confirmed);
    }
    people.iter_mut().for_each(|person| person.roles.sort());
    Ok(people)
}

fn person(row: &Row) -> Result<Person, DbError> {
    let text = |column| row.text_or_null(column).map(|text| text.map(str::to_owned));
    let time = |column| row.int_or_null(column).map(|micros| micros.map(Timestamp::from_micros));
    Ok(Person {
        id: Id::from_bytes(row.array(0)?),
        username: row.text(1)?.to_owned(),
        name: text(2)?,
        email: text(3)?,
        phone: text(4)?,
        subject: row.text(5)?.to_owned(),
        kind: row.text(6)?.to_owned(),
        active: row.text(7)? == "active",
        password: text(9)?,
        password_once: row.int(10)? != 0,
        password_until: time(11)?,
        created_at: time(12)?.unwrap_or_default(),
        last_login_at: time(13)?,
        roles: Vec::new(),
        second_factor: false,
    })
}
