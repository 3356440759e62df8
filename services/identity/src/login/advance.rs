//! Where a successful step leads: the next stage, or the session.

use identity_api::{FactorKind, IdentityError, LoginPage, LoginReply, NewSession, Refusal, Stage};
use kernel::Secret;
use platform::crypto::Place;
use platform::db::Tx;
use platform::error::Failure;
use serde_json::json;

use super::From;
use super::stage::{At, Facts, Proved};
use super::store::{self, Pending};
use crate::IdentityService;
use crate::change::Told;
use crate::channels;
use crate::devices;
use crate::factors::{TotpSecret, seal_error};
use crate::people::{self, Person};
use crate::sessions::{self, NONE};

impl IdentityService {
    /// Moves a login on after a proof, with the additional changes of `to`. The user is locked.
    pub(super) async fn advance(
        &self,
        tx: &Tx,
        from: From<'_>,
        (row, mut to): (&Pending, Pending),
        person: &Person,
        proved: Proved,
        told: Told,
    ) -> Result<(LoginReply, Told), IdentityError> {
        to.at = row.at.next(proved, self.facts(&to, person))?;
        to.person = Some(person.id);
        if to.at == At::Done {
            return self.finish(tx, from, (row, to), person, told).await;
        }
        if to.at == At::Enrol {
            to.sealed = Some(self.totp_seal(person.id, &TotpSecret::make())?);
        }
        (to.sent_by, to.sent_until) = (None, None);
        let key = store::known(store::step(tx, row, &to).await?)?;
        let page = self.page(tx, key, &to, Some(person)).await?;
        Ok((LoginReply { page, session: None, backup_codes_left: None }, told))
    }

    /// The session begins, or is re-authenticated, and a pending new password takes effect.
    async fn finish(
        &self,
        tx: &Tx,
        from: From<'_>,
        (row, to): (&Pending, Pending),
        person: &Person,
        mut told: Told,
    ) -> Result<(LoginReply, Told), IdentityError> {
        let now = self.clock.now();
        if !store::remove(tx, row).await? {
            return Err(Refusal::LoginUnknown.into());
        }
        people::seen_set(tx, person.id, now).await?;
        if let Some(hash) = &to.password {
            told = self.password_changed(tx, person, hash, (NONE, &row.key), told).await?;
            self.forgive_name(tx, &person.username).await?;
        }
        let (session, told) = self.session_made(tx, from, &to, person, told).await?;
        let page = LoginPage { key: from.key.clone(), stage: Stage::Done, return_to: to.return_to, again: false };
        Ok((LoginReply { page, session: Some(session), backup_codes_left: None }, told))
    }

    async fn session_made(
        &self,
        tx: &Tx,
        from: From<'_>,
        to: &Pending,
        person: &Person,
        told: Told,
    ) -> Result<(NewSession, Told), IdentityError> {
        // A sent code counts for less: it does not release payments.
        let second_factor = ["otp", "backup"].iter().any(|strong| to.has_passed(strong));
        let amr = to.passed.iter().map(|passed| if passed == "reset" { "email".to_owned() } else { passed.clone() });
        let proved = sessions::Proved { amr: amr.collect(), second_factor };
        let (id, mut session, kind) = match to.again {
            Some(id) => {
                let session = self.session_proved(tx, id, person.id, &proved).await?;
                (id, session.ok_or(Refusal::NotLoggedIn)?, "identity.session.proved")
            }
            None => {
                let begun = self.session_begin(tx, person.id, &proved, from.origin).await?;
                (begun.0, begun.1, "identity.session.began")
            }
        };
        let known = devices::known(tx, from.device, &person.username, self.clock.now()).await?.is_some();
        let device = devices::keep(tx, from.device, (person.id, id), self.clock.now()).await?;
        session.device = Some(device);
        let data = json!({
            "session": id.to_string(),
            "amr": proved.amr,
            "second_factor": second_factor,
            "known_browser": known,
            "address": from.origin.address,
        });
        Ok((session, told.event(kind, person.id.to_string(), data).by(person, id)))
    }

    /// A new password: everything earlier ends, and so do all logins and sessions except the named ones.
    pub(crate) async fn password_changed(
        &self,
        tx: &Tx,
        person: &Person,
        hash: &str,
        (session, login): (sessions::SessionId, &[u8]),
        told: Told,
    ) -> Result<Told, IdentityError> {
        let change = async {
            people::password_set(tx, person.id, hash, self.clock.now()).await?;
            self.sessions_end(tx, person.id, session).await?;
            people::logins_end(tx, person.id, login).await?;
            people::epoch_raise(tx, person).await
        };
        let revoked = change.await?;
        Ok(told.revoked(revoked).event("identity.password.changed", person.id.to_string(), json!({})))
    }

    pub(super) fn facts(&self, row: &Pending, person: &Person) -> Facts {
        Facts {
            has_factor: person.second_factor || !self.sent_factors(row, person).is_empty(),
            wants_factor: self.wants_app(row, person),
            replace_password: person.password_once && row.password.is_none(),
        }
    }

    fn wants_app(&self, row: &Pending, person: &Person) -> bool {
        row.second_factor || person.needs_factor(&self.config.second_factor_roles)
    }

    /// Codes that may be sent as a second factor: only if the operator allows it, there is no app and none is required.
    /// A mailbox that has just opened the account is not a second factor.
    pub(super) fn sent_factors(&self, row: &Pending, person: &Person) -> Vec<FactorKind> {
        if person.second_factor || self.wants_app(row, person) {
            return Vec::new();
        }
        let usable = |by: &FactorKind| {
            let known = address_of(person, *by).is_some() && self.channels.has(*by);
            known && !(*by == FactorKind::Email && row.has_passed("reset"))
        };
        self.config.sent_factors.iter().copied().filter(usable).collect()
    }

    pub(super) async fn page(
        &self,
        tx: &Tx,
        key: Secret,
        row: &Pending,
        person: Option<&Person>,
    ) -> Result<LoginPage, IdentityError> {
        let stage = match (row.at, person) {
            (At::Reset, _) => Stage::Reset,
            (At::NewPassword, _) => Stage::NewPassword,
            (At::Done, _) => Stage::Done,
            (At::Factor, Some(person)) => self.factor_stage(tx, row, person).await?,
            (At::Enrol, Some(person)) => {
                let secret = self.totp_open(person.id, row.sealed.as_deref().unwrap_or_default()).await?;
                let shown = secret.shown(&person.username);
                Stage::Enrol { secret: shown.secret, uri: shown.uri }
            }
            (At::BackupCodes, Some(person)) => self.codes_stage(row, person).await?,
            _ => Stage::Password,
        };
        Ok(LoginPage { key, stage, return_to: row.return_to.clone(), again: row.again.is_some() })
    }

    async fn factor_stage(&self, tx: &Tx, row: &Pending, person: &Person) -> Result<Stage, IdentityError> {
        let mut offered = self.sent_factors(row, person);
        if person.second_factor {
            offered.push(FactorKind::Totp);
            if self.backup_left(tx, person.id).await? > 0 {
                offered.push(FactorKind::Backup);
            }
        }
        let waits = row.sent_by.filter(|_| row.awaits_code(self.clock.now()));
        let sent = waits.and_then(|by| address_of(person, by).map(|to| channels::masked(by, to)));
        Ok(Stage::Factor { offered, sent })
    }

    async fn codes_stage(&self, row: &Pending, person: &Person) -> Result<Stage, IdentityError> {
        let id = person.id.to_bytes();
        let sealed = row.sealed.as_deref().unwrap_or_default();
        let opened = self.ring.unseal(Place::new("login", "sealed", &id), sealed).await.map_err(seal_error)?;
        let codes = serde_json::from_slice(&opened).map_err(|_| IdentityError::Failed(Failure::Internal))?;
        Ok(Stage::BackupCodes { codes })
    }
}

pub(super) fn address_of(person: &Person, by: FactorKind) -> Option<&str> {
    match by {
        FactorKind::Email => person.email.as_deref(),
        FactorKind::Sms => person.phone.as_deref(),
        FactorKind::Totp | FactorKind::Backup => None,
    }
}
