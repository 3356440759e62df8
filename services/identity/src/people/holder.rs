//! Identity as a holder of personal data: a user's names and addresses, and where their sessions came from.
//!
//! An erased user keeps their id and subject, which events and other services mention, and nothing else: no name, no
//! address, no password, no factor, no session. They can never log in again.

use async_trait::async_trait;
use identity_api::{IdentityError, UserId};
use kernel::{Ctx, Timestamp};
use platform::access::check;
use platform::db::{DbError, Row, Tx, Value};
use platform::error::Failure;
use platform::holder::{Age, Collected, Correction, Counted, Erase, Erased, Holder, Item, Kept};
use serde_json::json;

use super::form::Contact;
use super::person::{Person, columns};
use super::store;
use crate::IdentityService;
use crate::change::one_at_a_time;

const PERSON_OF_SUBJECT: &str = concat!("select ", columns!(), " from person where subject = $1");

const SESSIONS_OF_PERSON: &str = "
select id, began_at, address, agent
from session
where person = $1 and (address is not null or agent is not null)
order by id
limit 500";

const SESSIONS_FORGET: &str = "
update session
set address = null, agent = null
where person = $1 and (address is not null or agent is not null)";

const CONSENTS_FORGET: &str = "
delete from consent
where person = $1";

const PERSON_FORGET: &str = "
update person
set username = $2, name = null, email = null, phone = null, password = null, password_at = null, status = 'disabled'
where id = $1";

/// Erased users have names without an address in them; theirs begins like this.
const OLDEST: &str = "
select min(created_at)
from person
where username not like 'erased-%'";

#[cfg(test)]
pub(super) const SQL: &[&str] =
    &[PERSON_OF_SUBJECT, SESSIONS_OF_PERSON, SESSIONS_FORGET, CONSENTS_FORGET, PERSON_FORGET, OLDEST];

const USER: &str = "user";
const SESSION: &str = "session";
const USER_ID: &str = "user_id";

#[async_trait]
impl Holder for IdentityService {
    fn name(&self) -> &'static str {
        crate::ROOM.name
    }

    /// One page holds all of a user.
    async fn collect(&self, ctx: &Ctx, subject: &str, after: Option<String>) -> Result<Collected, Failure> {
        check(ctx, "users", "read", None).map_err(|_| Failure::Forbidden)?;
        let tx = self.db.read().await?;
        let (Some(person), None) = (of_subject(&tx, subject).await?, after) else { return Ok(Collected::default()) };
        let mut items: Vec<Item> = fields(&person)
            .into_iter()
            .filter(|_| !is_erased(&person))
            .map(|(id, value)| item(id.to_owned(), USER, json!(value), person.created_at))
            .collect();
        for row in tx.query(SESSIONS_OF_PERSON, &[Value::Bytes(&person.id.to_bytes())]).await? {
            items.push(session(&row)?);
        }
        Ok(Collected { items, next: None })
    }

    /// A user's name, address or telephone number.
    async fn rectify(&self, ctx: &Ctx, subject: &str, correction: Correction) -> Result<bool, Failure> {
        check(ctx, "users", "change", None).map_err(|_| Failure::Forbidden)?;
        let Some(value) = correction.value.as_str().map(str::to_owned) else { return Ok(false) };
        let tx = self.db.begin().await?;
        one_at_a_time(&tx).await?;
        let Some(person) = of_subject(&tx, subject).await?.filter(|person| !is_erased(person)) else {
            return Ok(false);
        };
        let (mut name, mut email, mut phone) = (person.name, person.email, person.phone);
        match correction.id.as_str() {
            "name" => name = Some(value),
            "email" => email = Some(value),
            "phone" => phone = Some(value),
            _ => return Ok(false),
        }
        let Ok(contact) = Contact::parse(name, email, phone) else { return Ok(false) };
        let fields = [&contact.name, &contact.email, &contact.phone].map(|field| field.as_deref());
        store::contact_set(&tx, person.id, fields).await?;
        store::logins_end(&tx, person.id, &[]).await?;
        let told =
            crate::change::Told::nothing().event("identity.user.contact_changed", person.id.to_string(), json!({}));
        self.commit(tx, told).await.map_err(failure)?;
        Ok(true)
    }

    async fn erase(&self, ctx: &Ctx, subject: &str, how: Erase) -> Result<Erased, Failure> {
        check(ctx, "users", "change", None).map_err(|_| Failure::Forbidden)?;
        let tx = self.db.begin().await?;
        one_at_a_time(&tx).await?;
        let found = of_subject(&tx, subject).await?.filter(|person| !is_erased(person));
        let Some(person) = found else { return Ok(Erased::default()) };
        if self.not_the_last(&tx, &person).await.is_err() {
            return Ok(Erased { erased: Vec::new(), kept: vec![kept(USER, "the last administrator who can log in")] });
        }
        let sessions = tx.query(SESSIONS_OF_PERSON, &[Value::Bytes(&person.id.to_bytes())]).await?.len() as u64;
        let counted = |data_type: &str, items| Counted { data_type: data_type.to_owned(), items };
        let erased = Erased {
            erased: vec![counted(USER, fields(&person).len() as u64), counted(SESSION, sessions)],
            kept: vec![kept(USER_ID, "other services and past events mention it")],
        };
        if how == Erase::ForGood {
            self.forget(tx, &person).await?;
        }
        Ok(erased)
    }

    async fn ages(&self, ctx: &Ctx) -> Result<Vec<Age>, Failure> {
        check(ctx, "users", "read", None).map_err(|_| Failure::Forbidden)?;
        let rows = self.db.read().await?.query(OLDEST, &[]).await?;
        let oldest = rows.first().map(|row| row.int_or_null(0)).transpose()?.flatten();
        let age = |micros| Age { data_type: USER.to_owned(), oldest: Timestamp::from_micros(micros) };
        Ok(oldest.map(age).into_iter().collect())
    }
}

impl IdentityService {
    async fn forget(&self, tx: Tx, person: &Person) -> Result<(), Failure> {
        let id = person.id.to_bytes();
        let id = Value::Bytes(&id);
        let name = erased_name(person.id);
        self.factors_remove(&tx, person.id).await?;
        self.unlocked(&tx, person).await.map_err(failure)?;
        let told = self.all_over(&tx, person, "identity.user.erased", json!({})).await.map_err(failure)?;
        tx.execute(SESSIONS_FORGET, &[id]).await?;
        tx.execute(CONSENTS_FORGET, &[id]).await?;
        tx.execute(PERSON_FORGET, &[id, Value::Text(&name)]).await?;
        self.commit(tx, told).await.map_err(failure)
    }
}

async fn of_subject(tx: &Tx, subject: &str) -> Result<Option<Person>, DbError> {
    super::person::one(tx, tx.query(PERSON_OF_SUBJECT, &[Value::Text(subject)]).await?).await
}

fn erased_name(id: UserId) -> String {
    format!("erased-{id}")
}

fn is_erased(person: &Person) -> bool {
    person.username == erased_name(person.id)
}

/// What there is about the user themselves, by the name under which it can be corrected.
fn fields(person: &Person) -> Vec<(&'static str, &str)> {
    let contact = [("name", &person.name), ("email", &person.email), ("phone", &person.phone)];
    let contact = contact.into_iter().filter_map(|(id, value)| Some((id, value.as_deref()?)));
    [("username", person.username.as_str())].into_iter().chain(contact).collect()
}

fn item(id: String, data_type: &str, value: serde_json::Value, since: Timestamp) -> Item {
    Item { id, data_type: data_type.to_owned(), value, since }
}

fn session(row: &Row) -> Result<Item, DbError> {
    let id: crate::sessions::SessionId = kernel::Id::from_bytes(row.array(0)?);
    let value = json!({ "address": row.text_or_null(2)?, "agent": row.text_or_null(3)? });
    Ok(item(id.to_string(), SESSION, value, Timestamp::from_micros(row.int(1)?)))
}

fn kept(data_type: &str, because: &str) -> Kept {
    Kept { data_type: data_type.to_owned(), items: 1, because: because.to_owned() }
}

/// Erasing refuses nothing.
fn failure(error: IdentityError) -> Failure {
    match error {
        IdentityError::Failed(failure) => failure,
        IdentityError::Refused { .. } => Failure::Internal,
    }
}
