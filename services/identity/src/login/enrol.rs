//! For a role that requires a second factor and a user who has none: they enrol an app before a session begins.

use identity_api::{IdentityError, LoginReply};
use kernel::Secret;
use platform::crypto::Place;
use platform::error::Failure;
use serde_json::json;

use super::From;
use super::stage::{At, Proved};
use crate::IdentityService;
use crate::change::Told;
use crate::factors::seal_error;

impl IdentityService {
    pub(super) async fn enrol(&self, from: From<'_>, code: &Secret) -> Result<LoginReply, IdentityError> {
        let tx = self.begin().await?;
        let (row, person) = self.at_with_person(&tx, from, At::Enrol).await?;
        let counted = self.count_code(&tx, &row, &person).await?;
        let secret = self.totp_open(person.id, row.sealed.as_deref().unwrap_or_default()).await?;
        let Some(step) = secret.step_of(code, self.clock.now()) else {
            return self.code_wrong(tx, from, (&row, &person)).await;
        };
        self.totp_begin(&tx, person.id, &secret).await?;
        self.totp_confirm(&tx, person.id, step).await?;
        let codes = self.backup_make(&tx, person.id).await?;
        let shown =
            zeroize::Zeroizing::new(serde_json::to_vec(&codes).map_err(|_| IdentityError::Failed(Failure::Internal))?);
        let mut to = row.clone();
        let place = person.id.to_bytes();
        to.sealed = Some(self.ring.seal(Place::new("login", "sealed", &place), &shown).map_err(seal_error)?);
        to.passed.push("otp".to_owned());
        let told =
            Told::nothing().event("identity.factor.enrolled", person.id.to_string(), json!({ "factor": "totp" }));
        let (reply, told) = self.advance(&tx, from, (&row, to), &person, Proved::Enrolled, told).await?;
        self.forgive(&tx, &counted).await?;
        self.commit(tx, told).await?;
        Ok(reply)
    }

    pub(super) async fn codes_kept(&self, from: From<'_>) -> Result<LoginReply, IdentityError> {
        let tx = self.begin().await?;
        let (row, person) = self.at_with_person(&tx, from, At::BackupCodes).await?;
        let to = row.clone();
        let (reply, told) = self.advance(&tx, from, (&row, to), &person, Proved::Kept, Told::nothing()).await?;
        self.commit(tx, told).await?;
        Ok(reply)
    }
}
