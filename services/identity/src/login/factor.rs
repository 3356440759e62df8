//! The second factor: a code of the app, a backup code, or one that was sent.

use identity_api::{FactorKind, IdentityError, LoginReply, Refusal};
use kernel::Secret;
use platform::db::Tx;
use serde_json::json;

use super::counted::Counted;
use super::stage::{At, Proved};
use super::store::{self, Pending};
use super::{From, failed};
use crate::IdentityService;
use crate::change::Told;
use crate::count;
use crate::people::Person;

pub(super) enum Given<'a> {
    Totp(&'a Secret),
    Backup(&'a Secret),
    Sent(&'a Secret),
}

impl Given<'_> {
    fn kind(&self, row: &Pending) -> Option<FactorKind> {
        match self {
            Given::Totp(_) => Some(FactorKind::Totp),
            Given::Backup(_) => Some(FactorKind::Backup),
            Given::Sent(_) => row.sent_by,
        }
    }
}

impl IdentityService {
    pub(super) async fn by_factor(&self, from: From<'_>, given: Given<'_>) -> Result<LoginReply, IdentityError> {
        let tx = self.begin().await?;
        let (row, person) = self.at_with_person(&tx, from, At::Factor).await?;
        let counted = self.count_code(&tx, &row, &person).await?;
        let Some((amr, kind)) = self.use_code(&tx, &row, &person, &given).await? else {
            count::second_factor(given.kind(&row), false);
            return self.code_wrong(tx, from, (&row, &person)).await;
        };
        let mut to = row.clone();
        to.passed.push(amr.to_owned());
        let left = match kind {
            FactorKind::Backup => Some(self.backup_left(&tx, person.id).await?),
            _ => None,
        };
        let told = Told::nothing().event(
            "identity.factor.used",
            person.id.to_string(),
            json!({ "factor": kind.name(), "backup_codes_left": left }),
        );
        let (mut reply, told) = self.advance(&tx, from, (&row, to), &person, Proved::Factor, told).await?;
        reply.backup_codes_left = left;
        self.forgive(&tx, &counted).await?;
        self.commit(tx, told).await?;
        count::second_factor(Some(kind), true);
        Ok(reply)
    }

    /// Counted as failed before it is checked, for this login and for all of this user's.
    pub(super) async fn count_code(
        &self,
        tx: &Tx,
        row: &Pending,
        person: &Person,
    ) -> Result<Vec<Counted>, IdentityError> {
        if !store::try_count(tx, row).await? {
            return Err(Refusal::LoginUnknown.into());
        }
        let counted = Counted::codes(&self.codes_key, &person.id.to_bytes());
        self.count_try(tx, &counted).await?;
        Ok(counted)
    }

    /// Which factor the code proves, if any: by the standard's name (RFC 8176), and by ours.
    async fn use_code(
        &self,
        tx: &Tx,
        row: &Pending,
        person: &Person,
        given: &Given<'_>,
    ) -> Result<Option<(&'static str, FactorKind)>, IdentityError> {
        let (good, amr, kind) = match given {
            Given::Totp(code) => (self.totp_use(tx, person.id, code).await?, "otp", FactorKind::Totp),
            Given::Backup(code) => {
                let good = self.backup_use(tx, person.id, code).await?;
                (good && person.second_factor, "backup", FactorKind::Backup)
            }
            Given::Sent(code) => {
                let Some(by) = row.sent_by else { return Ok(None) };
                let good = self.sent_is(tx, row, code).await? && self.sent_factors(row, person).contains(&by);
                (good, by.name(), by)
            }
        };
        Ok(good.then_some((amr, kind)))
    }

    pub(super) async fn code_wrong<T>(
        &self,
        tx: Tx,
        from: From<'_>,
        (row, person): (&Pending, &Person),
    ) -> Result<T, IdentityError> {
        let data = failed(row.at.name(), from.origin);
        let told = Told::nothing().event("identity.login.failed", person.id.to_string(), data);
        self.commit(tx, told).await?;
        Err(Refusal::WrongCode.into())
    }
}
