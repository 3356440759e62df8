//! Changing one's own password: the old one again, and a new one to replace it.

use identity_api::{IdentityError, Origin, Refusal, SecurityReply, SecurityStep};
use kernel::{Ctx, Secret};

use super::{Actor, Done};
use crate::IdentityService;
use crate::change::Told;
use crate::login::{Counted, failed};

impl IdentityService {
    pub(super) async fn change_password(
        &self,
        ctx: &Ctx,
        command: &SecurityStep,
        old: &Secret,
        new: &Secret,
    ) -> Result<SecurityReply, IdentityError> {
        let (before, counted) = self.change_begin(command).await?;
        let stored = before.person.password.as_deref();
        let chosen = match self.passwords.check(ctx.deadline, stored, old).await {
            Ok(checked) if !checked.fits => return self.old_is_wrong(&before, &command.origin).await,
            Ok(_) => self.passwords.choose(ctx.deadline, new, before.person.about(), stored).await,
            Err(error) => Err(error),
        };
        let hash = match chosen {
            Ok(hash) => hash,
            Err(error) => {
                self.not_tried(&counted).await;
                return Err(error);
            }
        };
        let tx = self.begin().await?;
        let actor = self.actor(&tx, command).await?;
        if actor.person.password != before.person.password {
            return Err(Refusal::WrongCredentials.into());
        }
        let kept = (actor.session.id, [].as_slice());
        let told = self.password_changed(&tx, &actor.person, &hash, kept, Told::nothing()).await?;
        self.forgive(&tx, &counted).await?;
        let session = Some(self.session_renew(&tx, &actor.session).await?);
        self.answer(tx, (&actor, &command.session), Done { told, session, ..Done::default() }).await
    }

    /// The old password is counted like a login attempt, and apart from strangers'.
    async fn change_begin(&self, command: &SecurityStep) -> Result<(Actor, Vec<Counted>), IdentityError> {
        let tx = self.begin().await?;
        let actor = self.actor(&tx, command).await?;
        self.freshly_proved(&actor)?;
        let browser = actor.session.id.to_bytes();
        let counted =
            Counted::name(&self.codes_key, "password", &actor.person.username, &command.origin, Some(&browser));
        self.count_try(&tx, &counted).await?;
        self.commit(tx, Told::nothing()).await?;
        Ok((actor, counted))
    }

    async fn old_is_wrong<T>(&self, actor: &Actor, origin: &Origin) -> Result<T, IdentityError> {
        let tx = self.begin().await?;
        let data = failed("change_password", origin);
        let told = Told::nothing().event("identity.login.failed", actor.person.id.to_string(), data);
        self.commit(tx, told.by(&actor.person, actor.session.id)).await?;
        Err(Refusal::WrongCredentials.into())
    }
}
