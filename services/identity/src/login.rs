//! Logging in: a row that goes from stage to stage ([`stage`]) and ends in a session, or expires.
//!
//! Invariants: no session begins before every required factor was proved; whatever a stranger does, the reply does not
//! reveal whether a name exists; a row's key changes after each step that proves something.

mod advance;
mod begin;
mod counted;
mod enrol;
mod factor;
mod failures;
mod password;
mod replace;
mod reset;
mod sent;
mod stage;
mod store;

use async_trait::async_trait;
use identity_api::{BeginLogin, IdentityError, Login, LoginAct, LoginPage, LoginReply, LoginStep, Origin, Refusal};
use kernel::{Ctx, Secret};
use platform::db::{DbError, Tx};

use crate::IdentityService;
use crate::count;
use crate::devices;
use crate::people::Person;

pub(crate) use counted::Counted;
use stage::At;
use store::Pending;

#[cfg(test)]
pub(crate) const SQL: &[&[&str]] = &[failures::SQL, store::SQL];

/// The login of a step, and its origin.
#[derive(Clone, Copy)]
struct From<'a> {
    key: &'a Secret,
    origin: &'a Origin,
    /// The cookie by which the browser may be known.
    device: Option<&'a Secret>,
}

#[async_trait]
impl Login for IdentityService {
    async fn begin_login(&self, ctx: &Ctx, command: BeginLogin) -> Result<LoginPage, IdentityError> {
        self.in_time(ctx, self.begin_login_of(command)).await
    }

    async fn resume_login(&self, ctx: &Ctx, key: Secret) -> Result<LoginPage, IdentityError> {
        self.in_time(ctx, self.resume(key)).await
    }

    async fn login(&self, ctx: &Ctx, command: LoginStep) -> Result<LoginReply, IdentityError> {
        let outcome = self.in_time(ctx, self.step(ctx, command)).await;
        count::login(&outcome);
        outcome
    }
}

impl IdentityService {
    async fn step(&self, ctx: &Ctx, command: LoginStep) -> Result<LoginReply, IdentityError> {
        let from = From { key: &command.key, origin: &command.origin, device: command.device.as_ref() };
        match command.act {
            LoginAct::Password { username, password } => self.by_password(ctx, from, &username, &password).await,
            LoginAct::Code { code } => self.by_factor(from, factor::Given::Totp(&code)).await,
            LoginAct::BackupCode { code } => self.by_factor(from, factor::Given::Backup(&code)).await,
            LoginAct::SentCode { code } => self.by_factor(from, factor::Given::Sent(&code)).await,
            LoginAct::SendCode { by } => self.send_code(from, by).await,
            LoginAct::Enrol { code } => self.enrol(from, &code).await,
            LoginAct::Kept => self.codes_kept(from).await,
            LoginAct::NewPassword { password } => self.replace_password(ctx, from, &password).await,
            LoginAct::Forgot { username } => self.forgot(from, &username).await,
            LoginAct::Reset { code, password } => self.reset(ctx, from, &code, &password).await,
        }
    }

    /// A login at the stage that a step is for.
    async fn at(&self, tx: &Tx, from: From<'_>, at: At) -> Result<Pending, IdentityError> {
        let found = store::find(tx, from.key, self.clock.now()).await?;
        let row = store::known(found)?;
        if row.at == at { Ok(row) } else { Err(Refusal::StepOutOfTurn.into()) }
    }

    /// What the user's own browser is counted by, apart from strangers: the session to re-authenticate for, if the name
    /// is its user's, or else the browser's cookie from an earlier login of this name.
    async fn own_browser(
        &self,
        tx: &Tx,
        from: From<'_>,
        row: &Pending,
        username: &str,
    ) -> Result<Option<Vec<u8>>, DbError> {
        if let (Some(session), Some(id)) = (row.again, row.person) {
            let person = Person::find(tx, id).await?;
            if person.is_some_and(|person| person.username == username) {
                return Ok(Some(session.to_bytes().to_vec()));
            }
        }
        let known = devices::known(tx, from.device, username, self.clock.now()).await?;
        Ok(known.map(|cookie| cookie.to_vec()))
    }

    /// The same after the password, with the user, who does not change until the transaction ends.
    async fn at_with_person(&self, tx: &Tx, from: From<'_>, at: At) -> Result<(Pending, Person), IdentityError> {
        let row = self.at(tx, from, at).await?;
        let person = self.lock_active(tx, &row).await?;
        Ok((row, person))
    }

    /// A user who was disabled meanwhile no longer has a login.
    async fn lock_active(&self, tx: &Tx, row: &Pending) -> Result<Person, IdentityError> {
        let person = Person::locked(tx, store::known(row.person)?).await?;
        Ok(store::known(person.filter(|person| person.active))?)
    }
}

/// Of a failed login: where it failed, and where the request came from.
pub(crate) fn failed(stage: &str, origin: &Origin) -> serde_json::Value {
    serde_json::json!({ "stage": stage, "address": origin.address })
}

/// The key of a username: compared without case, and by appearance.
pub(crate) fn username_key(given: &str) -> Result<String, Refusal> {
    use unicode_normalization::UnicodeNormalization;
    let key = given.trim().nfkc().collect::<String>().to_lowercase();
    let max = identity_api::limits::USERNAME_BYTES_MAX;
    if key.len() > max {
        return Err(Refusal::field("username", format!("expected at most {max} bytes")));
    }
    if key.is_empty() || key.chars().any(|letter| letter.is_control() || letter.is_whitespace()) {
        return Err(Refusal::field("username", "expected at least one letter, and no spaces or control characters"));
    }
    Ok(key)
}
