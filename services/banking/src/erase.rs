//! Erasing an owner: their key goes, and with it every name, number and text. Sums and days stay.

use banking_api::*;
use kernel::Ctx;
use platform::access;
use platform::db::{Tx, Value};
use platform::feed::NewEvent;
use serde_json::json;

use crate::service::{Inner, subject_of};

#[cfg(test)]
pub(crate) const SQL: &[&str] =
    &[KEY_REMOVE, ACCOUNTS_FORGET, IMPORTS_FORGET, RULES_REMOVE, PROFILES_REMOVE, PARTS_REMOVE];

const KEY_REMOVE: &str = "
delete from subject_key
where subject = $1";

/// Without a subject there is no key, also if the owner gets a new one later.
const ACCOUNTS_FORGET: &str = "
update account
set subject = '', last_four = ''
where subject = $1";

const IMPORTS_FORGET: &str = "
update import
set subject = ''
where subject = $1";

const RULES_REMOVE: &str = "
delete from rule
where subject = $1";

const PROFILES_REMOVE: &str = "
delete from profile
where subject = $1";

const PARTS_REMOVE: &str = "
delete from upload_part
where principal = $1";

impl Inner {
    pub(crate) async fn erase(&self, ctx: &Ctx, command: Erase) -> Result<(), BankingError> {
        access::check(ctx, "bank-accounts", "erase", Some(&command.owner))?;
        let tx = self.db.begin().await?;
        tx.one_at_a_time().await?;
        self.erased(&tx, &command.owner).await?;
        let event = NewEvent::new("banking.owner.erased", command.owner, json!({}));
        let cursor = self.outbox.add(&tx, vec![event]).await?;
        tx.commit().await?;
        self.signal.committed(cursor);
        Ok(())
    }

    async fn erased(&self, tx: &Tx, owner: &str) -> Result<(), BankingError> {
        let subject = subject_of(Some(owner), None);
        for sql in [KEY_REMOVE, ACCOUNTS_FORGET, IMPORTS_FORGET, RULES_REMOVE, PROFILES_REMOVE] {
            tx.execute(sql, &[Value::Text(&subject)]).await?;
        }
        tx.execute(PARTS_REMOVE, &[Value::Text(owner)]).await?;
        Ok(())
    }
}
