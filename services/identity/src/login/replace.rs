//! A password that somebody else set is replaced before a session begins.

use identity_api::{IdentityError, LoginReply, Refusal};
use kernel::{Ctx, Secret};

use super::From;
use super::stage::{At, Proved};
use crate::IdentityService;
use crate::change::Told;
use crate::sessions::NONE;

impl IdentityService {
    pub(super) async fn replace_password(
        &self,
        ctx: &Ctx,
        from: From<'_>,
        password: &Secret,
    ) -> Result<LoginReply, IdentityError> {
        let found = {
            let tx = self.begin().await?;
            self.at_with_person(&tx, from, At::NewPassword).await?.1
        };
        let hash = self.passwords.choose(ctx.deadline, password, found.about(), found.password.as_deref()).await?;
        let tx = self.begin().await?;
        let (row, person) = self.at_with_person(&tx, from, At::NewPassword).await?;
        if person.password != found.password {
            return Err(Refusal::LoginUnknown.into());
        }
        let kept = (row.again.unwrap_or(NONE), row.key.as_slice());
        let told = self.password_changed(&tx, &person, &hash, kept, Told::nothing()).await?;
        let mut to = row.clone();
        to.sealed = None;
        let (reply, told) = self.advance(&tx, from, (&row, to), &person, Proved::Replaced, told).await?;
        self.commit(tx, told).await?;
        Ok(reply)
    }
}
