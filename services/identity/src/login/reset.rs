//! A forgotten password: a code by e-mail, then a new password, then the second factor as usual.
//!
//! Invariants: the reply is the same whether or not the name exists. The new password takes effect when the login is
//! completed, so that access to the mailbox alone changes nothing for a user with a second factor. A user who must have
//! one and has none yet cannot get in by mailbox: an administrator issues a one-time password.

use identity_api::{FactorKind, IdentityError, LoginReply, Refusal, Stage};
use kernel::{Ctx, Secret};
use platform::db::Tx;
use serde_json::json;

use super::counted::Counted;
use super::stage::{At, Proved};
use super::store::{self, Pending};
use super::{From, failed, sent, username_key};
use crate::IdentityService;
use crate::change::Told;
use crate::channels::Message;
use crate::codes;
use crate::people::Person;

impl IdentityService {
    pub(super) async fn forgot(&self, from: From<'_>, username: &str) -> Result<LoginReply, IdentityError> {
        let username = username_key(username)?;
        if !self.channels.has(FactorKind::Email) {
            return Err(Refusal::ChannelOff { channel: FactorKind::Email.name().to_owned() }.into());
        }
        let tx = self.begin().await?;
        let row = self.at_reset(&tx, from).await?;
        let browser = self.own_browser(&tx, from, &row, &username).await?;
        let counted = Counted::name(&self.codes_key, "reset", &username, from.origin, browser.as_deref());
        self.count_try(&tx, &counted).await?;
        let found = Person::named(&tx, &username).await?;
        let person = found.filter(|person| self.may_reset(person));
        let code = codes::digits();
        let digest = self.sent_digest(&row, &code);
        let id = person.as_ref().map(|person| person.id);
        let sent = store::sent(&tx, &row, At::Reset, id, (FactorKind::Email, &digest), self.clock.now()).await;
        if !sent? {
            return Err(sent::too_many());
        }
        // Also recorded if there is no such user, for the same work.
        let subject = id.map_or_else(|| "login".to_owned(), |id| id.to_string());
        self.commit(tx, Told::nothing().event("identity.password.forgotten", subject, json!({}))).await?;
        if let Some(to) = person.and_then(|person| person.email) {
            self.channels.send(Message { by: FactorKind::Email, to, text: sent::text(&code), code });
        }
        let page = identity_api::LoginPage {
            key: from.key.clone(),
            stage: Stage::Reset,
            return_to: row.return_to,
            again: false,
        };
        Ok(LoginReply { page, session: None, backup_codes_left: None })
    }

    /// Requested at the beginning, or again.
    async fn at_reset(&self, tx: &Tx, from: From<'_>) -> Result<Pending, IdentityError> {
        let found = store::find(tx, from.key, self.clock.now()).await?;
        let row = store::known(found)?;
        let in_turn = matches!(row.at, At::Password | At::Reset) && row.again.is_none();
        if in_turn { Ok(row) } else { Err(Refusal::StepOutOfTurn.into()) }
    }

    fn may_reset(&self, person: &Person) -> bool {
        let can_prove = person.second_factor || !person.needs_factor(&self.config.second_factor_roles);
        person.active && person.email.is_some() && can_prove
    }

    pub(super) async fn reset(
        &self,
        ctx: &Ctx,
        from: From<'_>,
        code: &Secret,
        password: &Secret,
    ) -> Result<LoginReply, IdentityError> {
        // The code first: only somebody who has it may learn anything about the password.
        let (row, person) = self.reset_code(from, code).await?;
        let hash = self.passwords.choose(ctx.deadline, password, person.about(), None).await?;
        let tx = self.begin().await?;
        let again = self.at(&tx, from, At::Reset).await?;
        let person = self.lock_active(&tx, &again).await?;
        // Another message was requested meanwhile, perhaps even for another user.
        if again.sent_digest != row.sent_digest || !self.may_reset(&person) {
            return Err(Refusal::WrongCode.into());
        }
        let mut to = row.clone();
        to.passed.push("reset".to_owned());
        to.password = Some(hash);
        let (reply, told) = self.advance(&tx, from, (&row, to), &person, Proved::ResetCode, Told::nothing()).await?;
        self.commit(tx, told).await?;
        Ok(reply)
    }

    /// A right code stays valid until the password is acceptable; a wrong one is counted.
    async fn reset_code(&self, from: From<'_>, code: &Secret) -> Result<(Pending, Person), IdentityError> {
        let tx = self.begin().await?;
        let row = self.at(&tx, from, At::Reset).await?;
        let counted = store::try_count(&tx, &row).await?;
        if self.sent_is(&tx, &row, code).await? && counted && row.person.is_some() {
            let person = self.lock_active(&tx, &row).await?;
            return Ok((row, person));
        }
        let data = failed(row.at.name(), from.origin);
        self.commit(tx, Told::nothing().event("identity.login.failed", "login", data)).await?;
        Err(Refusal::WrongCode.into())
    }
}
