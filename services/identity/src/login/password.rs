//! The first step: a name and a password.
//!
//! Invariant: an unknown name, a wrong password, an expired one-time password and a disabled account get the same
//! answer, after the same work.

use identity_api::limits::PASSWORD_BYTES_MAX;
use identity_api::{IdentityError, LoginReply, Refusal, UserId};
use kernel::{Ctx, Secret};
use platform::db::Tx;

use super::counted::Counted;
use super::stage::{At, Proved};
use super::store::{self, Pending};
use super::{From, failed, username_key};
use crate::IdentityService;
use crate::change::Told;
use crate::people::{self, Person};

impl IdentityService {
    pub(super) async fn by_password(
        &self,
        ctx: &Ctx,
        from: From<'_>,
        username: &str,
        password: &Secret,
    ) -> Result<LoginReply, IdentityError> {
        let username = username_key(username)?;
        if password.expose().len() > PASSWORD_BYTES_MAX {
            return Err(Refusal::PasswordTooLong { max: PASSWORD_BYTES_MAX }.into());
        }
        let (row, counted, found) = self.password_try(from, &username).await?;
        let stored = found.as_ref().and_then(|person| person.password.as_deref());
        let checked = match self.passwords.check(ctx.deadline, stored, password).await {
            Ok(checked) => checked,
            Err(error) => {
                self.not_tried(&counted).await;
                return Err(error);
            }
        };
        let id = found.as_ref().map(|person| person.id);
        let fitting = found.filter(|person| checked.fits && self.may_log_in(&row, person));
        let Some(person) = fitting else { return self.password_wrong(from, &row, id).await };
        // Not before it is known to let its user in: the work would reveal that. It can wait for the next login.
        let renewed = if checked.is_stale { self.passwords.hash(ctx.deadline, password).await.ok() } else { None };
        self.password_fits(from, &row, &counted, person, renewed.as_deref()).await
    }

    /// Counted as failed before it is checked.
    async fn password_try(
        &self,
        from: From<'_>,
        username: &str,
    ) -> Result<(Pending, Vec<Counted>, Option<Person>), IdentityError> {
        let tx = self.begin().await?;
        let row = self.at(&tx, from, At::Password).await?;
        let browser = self.own_browser(&tx, from, &row, username).await?;
        let counted = Counted::name(&self.codes_key, "password", username, from.origin, browser.as_deref());
        if !store::try_count(&tx, &row).await? {
            return Err(Refusal::LoginUnknown.into());
        }
        let counted = self.count_try(&tx, &counted).await?;
        let person = Person::named(&tx, username).await?;
        self.commit(tx, Told::nothing()).await?;
        Ok((row, counted, person))
    }

    fn may_log_in(&self, row: &Pending, person: &Person) -> bool {
        let same = row.again.is_none() || row.person == Some(person.id);
        same && person.active && !person.password_is_over(self.clock.now())
    }

    /// The event names the user, if there is one; the caller is not told.
    async fn password_wrong(
        &self,
        from: From<'_>,
        row: &Pending,
        id: Option<UserId>,
    ) -> Result<LoginReply, IdentityError> {
        let tx = self.begin().await?;
        let subject = id.map_or_else(|| "login".to_owned(), |id| id.to_string());
        let data = failed(row.at.name(), from.origin);
        let told = Told::nothing().event("identity.login.failed", subject, data);
        self.commit(tx, told).await?;
        Err(Refusal::WrongCredentials.into())
    }

    async fn password_fits(
        &self,
        from: From<'_>,
        row: &Pending,
        counted: &[Counted],
        found: Person,
        renewed: Option<&str>,
    ) -> Result<LoginReply, IdentityError> {
        let tx = self.begin().await?;
        let locked = Person::locked(&tx, found.id).await?;
        // They may have been changed while the password was checked.
        let same = locked.filter(|person| person.password == found.password && self.may_log_in(row, person));
        let Some(person) = same else {
            drop(tx);
            let id = Some(found.id);
            return self.password_wrong(from, row, id).await;
        };
        self.renew(&tx, &person, renewed).await?;
        let mut to = row.clone();
        to.passed.push("pwd".to_owned());
        let (reply, told) = self.advance(&tx, from, (row, to), &person, Proved::Password, Told::nothing()).await?;
        self.forgive(&tx, counted).await?;
        self.commit(tx, told).await?;
        Ok(reply)
    }

    async fn renew(&self, tx: &Tx, person: &Person, renewed: Option<&str>) -> Result<(), IdentityError> {
        let (Some(old), Some(new)) = (&person.password, renewed) else { return Ok(()) };
        people::password_renew(tx, person.id, old, new).await.map_err(IdentityError::from)
    }

    /// The password was not checked: the attempt is taken back.
    pub(crate) async fn not_tried(&self, counted: &[Counted]) {
        let give_back = async {
            let tx = self.begin().await?;
            self.give_back(&tx, counted).await?;
            self.commit(tx, Told::nothing()).await
        };
        if let Err(error) = give_back.await {
            tracing::warn!(%error, "an attempt that was not checked stays counted");
        }
    }
}
