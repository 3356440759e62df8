//! Users as administrators see them.

use async_trait::async_trait;
use identity_api::limits::{FRESH_SECONDS, PAGE_DEFAULT, PAGE_MAX};
use identity_api::{
    ChangeUser, CreateUser, IdentityError, NewUser, People, Refusal, User, UserId, UserPage, UserQuery,
};
use kernel::{Ctx, Id};
use platform::access::{Denied, check, check_fresh, owner_term};
use platform::db::{DbError, Row, Tx, Value};
use platform::error::Failure;
use serde_json::json;

use super::form::NewPerson;
use super::person::{self, Person, columns};
use super::store;
use crate::IdentityService;
use crate::change::Told;
use crate::clients;

/// Without a term: the empty text, which no subject and no role equals.
const PERSON_LIST: &str = concat!(
    "select ",
    columns!(),
    "
from person
where id > $1 and username >= $2 and username < $3 and ($4 = '' or subject = $4)
order by id
limit $5"
);

const PERSON_LIST_OF_ROLE: &str = concat!(
    "select ",
    columns!(),
    "
from person
where id > $1 and username >= $2 and username < $3 and ($4 = '' or subject = $4)
    and id in (select person from person_role where role = $6)
order by id
limit $5"
);

const PERSON_TAKEN: &str = "
select username
from person
where username = $1 or subject = $2";

#[cfg(test)]
pub(super) const SQL: &[&str] = &[PERSON_LIST, PERSON_LIST_OF_ROLE, PERSON_TAKEN];

/// Greater than any letter, in the order of both engines.
const LAST_LETTER: char = '\u{10ffff}';

#[async_trait]
impl People for IdentityService {
    async fn create_user(&self, ctx: &Ctx, command: CreateUser) -> Result<NewUser, IdentityError> {
        self.in_time(ctx, self.add_user(ctx, command)).await
    }

    async fn user(&self, ctx: &Ctx, id: UserId) -> Result<User, IdentityError> {
        self.in_time(ctx, self.find_user(ctx, id)).await
    }

    async fn users(&self, ctx: &Ctx, query: UserQuery) -> Result<UserPage, IdentityError> {
        self.in_time(ctx, self.list_users(ctx, query)).await
    }

    async fn change_user(&self, ctx: &Ctx, command: ChangeUser) -> Result<NewUser, IdentityError> {
        self.in_time(ctx, self.change_person(ctx, command)).await
    }
}

impl IdentityService {
    async fn find_user(&self, ctx: &Ctx, id: UserId) -> Result<User, IdentityError> {
        let tx = self.db.read().await?;
        let found = Person::find(&tx, id).await?;
        let owner = found.as_ref().map(|person| person.subject.as_str());
        let unknown = || IdentityError::from(Refusal::not_found("user", id.to_string()));
        check(ctx, "users", "read", owner).map_err(|denied| match denied {
            Denied::NotFound => unknown(),
            Denied::Forbidden => IdentityError::Failed(Failure::Forbidden),
        })?;
        found.map(Person::user).ok_or_else(unknown)
    }

    async fn list_users(&self, ctx: &Ctx, query: UserQuery) -> Result<UserPage, IdentityError> {
        let limit = query.limit.unwrap_or(PAGE_DEFAULT);
        if !(1..=PAGE_MAX).contains(&limit) {
            return Err(Refusal::PageSize { given: limit, max: PAGE_MAX }.into());
        }
        let subject = owner_term(ctx, "users", "read").map_err(|_| IdentityError::Failed(Failure::Forbidden))?;
        let tx = self.db.read().await?;
        let rows = listed(&tx, &query, subject.as_deref().unwrap_or_default(), limit + 1).await;
        let mut rows = rows?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let people = person::with_roles(&tx, &rows).await?;
        Ok(UserPage { users: people.into_iter().map(Person::user).collect(), more })
    }

    /// Administrators change others, never themselves: a permission for one's own does not count here.
    pub(super) fn may(&self, ctx: &Ctx, action: &str) -> Result<(), IdentityError> {
        check(ctx, "users", action, None).map_err(|_| IdentityError::Failed(Failure::Forbidden))?;
        check_fresh(ctx, self.clock.now(), FRESH_SECONDS)
            .map_err(|old| IdentityError::Failed(Failure::StepUpRequired { seconds: old.seconds }))
    }

    pub(super) fn new_person(&self, new: NewPerson, hash: String, once: bool) -> Person {
        let (id, now) = (self.ids.make(), self.clock.now());
        Person {
            id,
            username: new.username,
            name: new.contact.name,
            email: new.contact.email,
            phone: new.contact.phone,
            subject: new.subject.unwrap_or_else(|| id.to_string()),
            kind: new.roles.kind,
            active: true,
            password: Some(hash),
            password_once: once,
            password_until: once.then(|| store::once_until(now)),
            created_at: now,
            last_login_at: None,
            roles: new.roles.names,
            second_factor: false,
        }
    }
}

pub(super) fn created(person: &Person) -> Told {
    let data = json!({ "kind": person.kind, "roles": person.roles });
    Told::nothing().event("identity.user.created", person.id.to_string(), data)
}

pub(super) async fn not_taken(tx: &Tx, new: &NewPerson) -> Result<(), IdentityError> {
    let subject = new.subject.as_deref().unwrap_or_default();
    let values = [Value::Text(&new.username), Value::Text(subject)];
    let taken = tx.query(PERSON_TAKEN, &values).await?;
    let same_name = |row: &Row| Ok::<_, IdentityError>(row.text(0)? == new.username);
    if taken.first().map(same_name).transpose()? == Some(true) {
        return Err(Refusal::Taken { what: "username".to_owned(), name: new.username.clone() }.into());
    }
    // A token's subject alone identifies its owner, a user or a client.
    if !taken.is_empty() || clients::find(tx, subject).await?.is_some() {
        return Err(Refusal::Taken { what: "subject".to_owned(), name: subject.to_owned() }.into());
    }
    Ok(())
}

async fn listed(tx: &Tx, query: &UserQuery, subject: &str, limit: usize) -> Result<Vec<Row>, DbError> {
    let after = query.after.unwrap_or(Id::from_bits(0)).to_bytes();
    let from = query.username.as_deref().unwrap_or_default().to_lowercase();
    let to = format!("{from}{LAST_LETTER}");
    let mut values = vec![
        Value::Bytes(&after),
        Value::Text(&from),
        Value::Text(&to),
        Value::Text(subject),
        Value::Int(i64::try_from(limit).unwrap_or(i64::MAX)),
    ];
    match &query.role {
        None => tx.query(PERSON_LIST, &values).await,
        Some(role) => {
            values.push(Value::Text(role));
            tx.query(PERSON_LIST_OF_ROLE, &values).await
        }
    }
}
