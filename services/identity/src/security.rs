//! What logged-in users see and change of their own account.
//!
//! Invariants: nothing is done without the form key of the session; changes to a factor or the password need a recent
//! authentication, with the second factor if there is one.

mod factor;
mod password;
mod session;
mod view;

use async_trait::async_trait;
use identity_api::limits::FRESH_SECONDS;
use identity_api::{
    IdentityError, NewSession, Refusal, Security, SecurityAct, SecurityReply, SecurityStep, SecurityView,
};
use kernel::{Ctx, Secret};
use platform::access::is_fresh as proved_lately;
use platform::db::Tx;
use platform::error::Failure;

use crate::IdentityService;
use crate::change::Told;
use crate::people::Person;
use crate::sessions::Session;

#[cfg(test)]
pub(crate) const SQL: &[&[&str]] = &[view::SQL, session::SQL];

/// The actor: their session, and their locked user row.
struct Actor {
    session: Session,
    person: Person,
}

/// The result of an act.
#[derive(Default)]
struct Done {
    told: Told,
    backup_codes: Vec<Secret>,
    session: Option<NewSession>,
    /// The session has ended.
    over: bool,
}

#[async_trait]
impl Security for IdentityService {
    async fn security(&self, ctx: &Ctx, session: Secret) -> Result<SecurityView, IdentityError> {
        self.in_time(ctx, self.look_at(session)).await
    }

    async fn secure(&self, ctx: &Ctx, command: SecurityStep) -> Result<SecurityReply, IdentityError> {
        self.in_time(ctx, self.carry_out(ctx, command)).await
    }
}

impl IdentityService {
    async fn look_at(&self, session: Secret) -> Result<SecurityView, IdentityError> {
        let tx = self.db.read().await?;
        let session = self.live_session(&tx, &session).await?;
        let view = self.view(&tx, &session).await?;
        drop(tx);
        self.session_seen(&session).await;
        Ok(view)
    }

    async fn carry_out(&self, ctx: &Ctx, command: SecurityStep) -> Result<SecurityReply, IdentityError> {
        if let SecurityAct::ChangePassword { old, new } = &command.act {
            return self.change_password(ctx, &command, old, new).await;
        }
        let tx = self.begin().await?;
        let actor = self.actor(&tx, &command).await?;
        let done = self.act(&tx, &actor, &command.act).await;
        let done = match done {
            // A wrong code is counted.
            Err(IdentityError::Refused { refusal: Refusal::WrongCode, .. }) => {
                self.commit(tx, Told::nothing()).await?;
                return Err(Refusal::WrongCode.into());
            }
            done => done?,
        };
        self.answer(tx, (&actor, &command.session), done).await
    }

    async fn act(&self, tx: &Tx, actor: &Actor, act: &SecurityAct) -> Result<Done, IdentityError> {
        match act {
            SecurityAct::BeginTotp => self.begin_totp(tx, actor).await,
            SecurityAct::ConfirmTotp { code } => self.confirm_totp(tx, actor, code).await,
            SecurityAct::RemoveTotp => self.remove_totp(tx, actor).await,
            SecurityAct::NewBackupCodes => self.new_backup_codes(tx, actor).await,
            SecurityAct::EndSession { id } => self.end_session_of(tx, actor, id).await,
            SecurityAct::EndOtherSessions => self.end_other_sessions(tx, actor).await,
            SecurityAct::WithdrawConsent { client } => self.withdraw_consent(tx, actor, client).await,
            SecurityAct::LogOut => self.log_out_here(tx, actor).await,
            // It takes longer than a transaction may, and was done separately.
            SecurityAct::ChangePassword { .. } => Err(IdentityError::Failed(Failure::Internal)),
        }
    }

    /// The holder of the cookie, coming from one of our forms.
    async fn actor(&self, tx: &Tx, command: &SecurityStep) -> Result<Actor, IdentityError> {
        let found = self.live_session(tx, &command.session).await?;
        let key = self.form_key(&found);
        if !platform::crypto::same(key.expose().as_bytes(), command.form_key.expose().as_bytes()) {
            return Err(Refusal::field("form_key", "expected the key of this session's pages").into());
        }
        let person = Person::locked(tx, found.person).await?.ok_or(Refusal::NotLoggedIn)?;
        // Checked again, now that nobody can end it before we are done.
        let session = self.live_session(tx, &command.session).await?;
        Ok(Actor { session, person })
    }

    async fn answer(
        &self,
        tx: Tx,
        (actor, cookie): (&Actor, &Secret),
        done: Done,
    ) -> Result<SecurityReply, IdentityError> {
        let view = match done.over {
            true => None,
            false => {
                let cookie = done.session.as_ref().map_or(cookie, |session| &session.cookie);
                let session = self.live_session(&tx, cookie).await?;
                Some(self.view(&tx, &session).await?)
            }
        };
        self.commit(tx, done.told.by(&actor.person, actor.session.id)).await?;
        Ok(SecurityReply { view, backup_codes: done.backup_codes, session: done.session })
    }

    /// A stolen cookie is not enough for the following.
    fn freshly_proved(&self, actor: &Actor) -> Result<(), IdentityError> {
        let fresh = proved_lately(self.clock.now(), actor.session.auth_time, FRESH_SECONDS);
        let whole = actor.session.second_factor || !actor.person.second_factor;
        if fresh && whole {
            Ok(())
        } else {
            Err(IdentityError::Failed(Failure::StepUpRequired { seconds: FRESH_SECONDS }))
        }
    }

    /// The form key of a session's pages.
    pub(crate) fn form_key(&self, session: &Session) -> Secret {
        let mac = self.codes_key.mac(&[b"form".as_slice(), &session.id.to_bytes()].concat());
        Secret::new(mac.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
    }
}
