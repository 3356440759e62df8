//! The first administrator, and users that exist without anybody having created them.

use identity_api::{CreateUser, IdentityError, User};
use kernel::{Deadline, Secret};
use platform::db::{DbError, Tx};

use super::admin::{created, not_taken};
use super::form::NewPerson;
use super::person::Person;
use super::store;
use crate::IdentityService;
use crate::change::{Told, one_at_a_time};
use crate::passwords::one_time_password;
use crate::rights::reach;

/// An administrator who can log in, or still can.
const ANYBODY: &str = "
select id
from person
limit 2";

#[cfg(test)]
pub(super) const SQL: &[&str] = &[ANYBODY];

/// There is no deadline at a start.
const START_MS: u64 = 60_000;

impl IdentityService {
    /// If there are no users, creates the first administrator and returns the generated password, once. It is valid for
    /// one login within three days; if nobody has used it by then, the next start creates a new one.
    pub async fn first_admin(&self, username: &str, password: Option<Secret>) -> Result<Option<Secret>, IdentityError> {
        let command = CreateUser {
            username: username.to_owned(),
            name: None,
            email: None,
            phone: None,
            subject: None,
            roles: vec!["admin".to_owned()],
        };
        let new = NewPerson::parse(command)?;
        if !self.awaits_first_admin(&new.username).await? {
            return Ok(None);
        }
        // A supplied one has to be as good as anybody's.
        let (made, password, hash) = match password {
            Some(given) => {
                let about = vec![new.username.clone()];
                let hash = self.passwords.choose(self.at_start(), &given, about, None).await?;
                (false, given, hash)
            }
            None => {
                let password = one_time_password();
                let hash = self.passwords.hash(self.at_start(), &password).await?;
                (true, password, hash)
            }
        };
        let tx = self.begin().await?;
        one_at_a_time(&tx).await?;
        let told = match self.who_is_there(&tx, &new.username).await? {
            There::Others => return Ok(None),
            There::Nobody => {
                let person = self.new_person(new, hash, true);
                store::insert(&tx, &person).await?;
                created(&person)
            }
            There::NeverCame(person) => {
                store::password_once_set(&tx, person.id, &hash, self.clock.now()).await?;
                Told::nothing().event("identity.password.reset", person.id.to_string(), serde_json::json!({}))
            }
        };
        self.commit(tx, told).await?;
        Ok(made.then_some(password))
    }

    /// Whether [`IdentityService::first_admin`] would create one now.
    pub async fn awaits_first_admin(&self, username: &str) -> Result<bool, IdentityError> {
        let look = async { self.who_is_there(&self.db.read().await?, username).await };
        Ok(!matches!(look.await?, There::Others))
    }

    /// For the users of a demo and of tests: created if they do not exist. Their passwords are not checked.
    pub async fn put_person(&self, command: CreateUser, password: Secret) -> Result<User, IdentityError> {
        let new = NewPerson::parse(command)?;
        let hash = self.passwords.hash(self.at_start(), &password).await?;
        let tx = self.begin().await?;
        one_at_a_time(&tx).await?;
        reach::roles_named(&self.config.words, &tx, &new.roles.names).await?;
        if let Some(there) = Person::named(&tx, &new.username).await? {
            return Ok(there.user());
        }
        not_taken(&tx, &new).await?;
        let person = self.new_person(new, hash, false);
        store::insert(&tx, &person).await?;
        self.commit(tx, created(&person)).await?;
        Ok(person.user())
    }

    async fn who_is_there(&self, tx: &Tx, username: &str) -> Result<There, DbError> {
        let somebody = tx.query(ANYBODY, &[]).await?.len();
        let first = Person::named(tx, username).await?;
        Ok(match first {
            _ if somebody == 0 => There::Nobody,
            Some(first) if somebody == 1 && self.never_came(&first) => There::NeverCame(Box::new(first)),
            _ => There::Others,
        })
    }

    fn never_came(&self, first: &Person) -> bool {
        first.last_login_at.is_none() && first.has_role("admin") && first.password_is_over(self.clock.now())
    }

    fn at_start(&self) -> Deadline {
        Deadline::after_millis(&*self.clock, START_MS)
    }
}

enum There {
    Nobody,
    /// The first administrator, with an expired password.
    NeverCame(Box<Person>),
    Others,
}
