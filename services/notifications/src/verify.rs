//! A new address is confirmed by the code that was sent to it. A wrong code counts, whatever else happens.

use kernel::Ctx;
use notifications_api::*;
use platform::db::Tx;

use crate::contact::{shown, unknown};
use crate::event;
use crate::service::{Inner, check};
use crate::store::contact::{self as row, Known};

const TRIES_MAX: i64 = 5;

impl Inner {
    pub(crate) async fn verify(&self, ctx: &Ctx, command: Verify) -> Result<Contact, NotificationsError> {
        let subject = command.subject.clone();
        check(ctx, ("contacts", "change"), Some(&subject), unknown(&subject))?;
        let turn = self.once.begin(ctx, "verify_contact", &command).await?;
        let tx = self.one_writer.begin().await?;
        tx.one_at_a_time().await?;
        if turn.again::<String>(&tx).await?.is_some() {
            let found = row::find(&tx, &subject).await?.ok_or_else(|| unknown(&subject))?;
            return Ok(shown(&found, self.personal(&found).await?));
        }
        match self.verified(&tx, &command).await {
            Ok(contact) => {
                turn.made(&tx, &subject).await?;
                self.commit(tx, vec![event::contact_verified(&subject, command.field.into())]).await?;
                self.work.is_queued();
                Ok(contact)
            }
            // Not remembered: the same code may be right later, and the count must stay.
            Err(error) if matches!(error.refusal(), Some(Refusal::CodeWrong { .. })) => {
                drop(tx);
                let tx = self.one_writer.begin().await?;
                row::tried(&tx, &subject).await?;
                tx.commit().await?;
                Err(error)
            }
            Err(error) => Err(turn.refused(tx.tx, error).await),
        }
    }

    async fn verified(&self, tx: &Tx, command: &Verify) -> Result<Contact, NotificationsError> {
        let subject = &command.subject;
        let found = row::find(tx, subject).await?.ok_or_else(|| unknown(subject))?;
        let asked = found.code.as_ref().filter(|code| code.field == command.field);
        let code = asked.ok_or_else(|| Refusal::NothingToVerify { subject: subject.clone() })?;
        let is_late = code.until <= self.clock.now() || code.tries >= TRIES_MAX;
        if is_late || !self.keys.is_code(subject, command.code.expose(), &code.key) {
            let left = if is_late { 0 } else { TRIES_MAX - 1 - code.tries };
            return Err(Refusal::CodeWrong { tries_left: u32::try_from(left).unwrap_or_default() }.into());
        }
        let before = self.personal(&found).await?;
        let mut after = before.clone();
        match command.field {
            ContactField::Email => after.email = after.new_email.take(),
            ContactField::Phone => after.phone = after.new_phone.take(),
        }
        self.tell_old(tx, subject, &before, &after).await?;
        let known = Known { code: None, changed_at: self.clock.now(), ..found };
        Ok(self.keep_contact(tx, known, after).await?)
    }
}
