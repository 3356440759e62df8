//! The user's own app and backup codes.

use identity_api::{IdentityError, Refusal};
use kernel::Secret;
use platform::db::Tx;
use serde_json::json;

use super::{Actor, Done};
use crate::IdentityService;
use crate::change::Told;
use crate::factors::TotpSecret;
use crate::login::Counted;

impl IdentityService {
    pub(super) async fn begin_totp(&self, tx: &Tx, actor: &Actor) -> Result<Done, IdentityError> {
        self.freshly_proved(actor)?;
        self.totp_begin(tx, actor.person.id, &TotpSecret::make()).await?;
        Ok(Done::default())
    }

    /// The session has now proved the app, and counts as authenticated with it.
    pub(super) async fn confirm_totp(&self, tx: &Tx, actor: &Actor, code: &Secret) -> Result<Done, IdentityError> {
        self.freshly_proved(actor)?;
        let id = actor.person.id;
        let begun = self.totp_begun(tx, id).await?.ok_or(Refusal::FactorMissing)?;
        let counted = Counted::codes(&self.codes_key, &id.to_bytes());
        self.count_try(tx, &counted).await?;
        let step = begun.step_of(code, self.clock.now()).ok_or(Refusal::WrongCode)?;
        self.forgive(tx, &counted).await?;
        self.totp_confirm(tx, id, step).await?;
        let backup_codes = self.backup_make(tx, id).await?;
        let mut amr = actor.session.amr.clone();
        amr.push("otp".to_owned());
        let proved = crate::sessions::Proved { amr, second_factor: true };
        let session = self.session_proved(tx, actor.session.id, id, &proved).await?;
        let told = Told::nothing().event("identity.factor.enrolled", id.to_string(), json!({ "factor": "totp" }));
        Ok(Done { told, backup_codes, session, ..Done::default() })
    }

    pub(super) async fn remove_totp(&self, tx: &Tx, actor: &Actor) -> Result<Done, IdentityError> {
        self.freshly_proved(actor)?;
        let person = &actor.person;
        if person.needs_factor(&self.config.second_factor_roles) {
            return Err(Refusal::FactorRequired.into());
        }
        if !person.second_factor {
            return Err(Refusal::FactorMissing.into());
        }
        self.factors_remove(tx, person.id).await?;
        let data = json!({ "factor": "totp" });
        let told = Told::nothing().event("identity.factor.removed", person.id.to_string(), data);
        Ok(Done { told, ..Done::default() })
    }

    pub(super) async fn new_backup_codes(&self, tx: &Tx, actor: &Actor) -> Result<Done, IdentityError> {
        self.freshly_proved(actor)?;
        if !actor.person.second_factor {
            return Err(Refusal::FactorMissing.into());
        }
        let id = actor.person.id;
        let backup_codes = self.backup_make(tx, id).await?;
        let told = Told::nothing().event("identity.factor.enrolled", id.to_string(), json!({ "factor": "backup" }));
        Ok(Done { told, backup_codes, ..Done::default() })
    }
}
