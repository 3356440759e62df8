//! Who acts for a customer, and erasing one.

use accounts_api::*;
use kernel::Ctx;
use platform::db::Tx;
use serde_json::json;

use crate::profile::text;
use crate::service::Inner;
use crate::store::customer::{self, CustomerRow};
use crate::store::rule;

const CHANGE: (&str, &str) = ("customers", "change");
/// Customers that are read at once.
const ERASED_AT_ONCE: usize = 100;

impl Inner {
    pub(crate) async fn users(&self, ctx: &Ctx, id: CustomerId) -> Result<UserList, AccountsError> {
        let tx = self.db.read().await?;
        let row = self.reached_customer(&tx, ctx, ("customers", "read"), id).await?;
        Ok(UserList { items: customer::users(&tx, row.seq).await? })
    }

    pub(crate) async fn put_user(&self, ctx: &Ctx, command: PutUser) -> Result<UserList, AccountsError> {
        let PutUser { customer: id, subject, role, up_to } = command;
        text("subject", &subject, limits::TEXT_CHARS_MAX)?;
        if up_to.is_some_and(|up_to| up_to.minor() < 0) || (up_to.is_some() && role != Role::Signatory) {
            return Err(Refusal::field_invalid("up_to", "expected an amount of zero or more, of a signatory").into());
        }
        let tx = self.db.begin().await?;
        tx.one_at_a_time().await?;
        let row = self.reached_customer(&tx, ctx, CHANGE, id).await?;
        not_closed(&row)?;
        let known = customer::users(&tx, row.seq).await?;
        let max = limits::USERS_MAX;
        if known.len() >= max && known.iter().all(|user| user.subject != subject) {
            return Err(Refusal::TooMany { what: "users".to_owned(), max }.into());
        }
        customer::put_user(&tx, row.seq, &User { subject, role, up_to }).await?;
        self.users_changed(tx, &row).await
    }

    pub(crate) async fn remove_user(&self, ctx: &Ctx, command: RemoveUser) -> Result<UserList, AccountsError> {
        let tx = self.db.read().await?;
        let row = self.reached_customer(&tx, ctx, CHANGE, command.customer).await?;
        drop(tx);
        let turn = self.once.begin(ctx, "remove_user", &command).await?;
        let tx = self.db.begin().await?;
        if turn.again::<CustomerId>(&tx).await?.is_some() {
            return Ok(UserList { items: customer::users(&tx, row.seq).await? });
        }
        if !customer::remove_user(&tx, row.seq, &command.subject).await? {
            return Err(turn.refused(tx, Refusal::UserUnknown { subject: command.subject }.into()).await);
        }
        turn.made(&tx, &row.id).await?;
        self.users_changed(tx, &row).await
    }

    async fn users_changed(&self, tx: Tx, row: &CustomerRow) -> Result<UserList, AccountsError> {
        let items = customer::users(&tx, row.seq).await?;
        let data = json!({ "state": row.state, "users": items.len() });
        let cursor = self.tell(&tx, "accounts.customer.changed", row.id.to_string(), data).await?;
        tx.commit().await?;
        self.signal.committed(cursor);
        Ok(UserList { items })
    }

    /// The key goes first and for good: profile and texts are unreadable from then on. A repeat changes nothing.
    pub(crate) async fn erase_customer(&self, ctx: &Ctx, id: CustomerId) -> Result<Customer, AccountsError> {
        let tx = self.db.begin().await?;
        tx.one_at_a_time().await?;
        let mut row = self.reached_customer(&tx, ctx, ("customers", "erase"), id).await?;
        self.holds_nothing(&tx, &row).await?;
        if row.erased_at.is_none() {
            self.keys.remove(&tx, row.seq).await?;
            customer::set_keys(&tx, row.seq, &[]).await?;
            customer::remove_users(&tx, row.seq).await?;
            rule::remove_all(&tx, row.seq).await?;
            (row.state, row.sealed, row.erased_at) = (CustomerState::Closed, None, Some(self.clock.now()));
            customer::change(&tx, &row).await?;
            let cursor = self.tell(&tx, "accounts.customer.erased", id.to_string(), json!({})).await?;
            tx.commit().await?;
            self.signal.committed(cursor);
            if let Err(error) = self.erase_in_ledger(&row).await {
                tracing::warn!(%error, customer = %id, "texts of a customer are left in the ledger; it is tried again");
            }
        }
        let CustomerRow { id, kind, state, created_at, erased_at, .. } = row;
        Ok(Customer { id, kind, state, profile: None, external_id: None, created_at, erased_at })
    }
}

impl Inner {
    /// The texts that payments and cards gave the ledger with the customer's transactions.
    async fn erase_in_ledger(&self, row: &CustomerRow) -> Result<(), AccountsError> {
        self.books.erase(&row.id.to_string()).await?;
        let tx = self.db.begin().await?;
        customer::ledger_erased(&tx, row.seq, self.clock.now()).await?;
        Ok(tx.commit().await?)
    }

    /// What a process that was killed, or a ledger that did not answer, has left.
    pub(crate) async fn erase_all_in_ledger(&self) -> Result<(), AccountsError> {
        let mut after = 0;
        loop {
            let tx = self.db.read().await?;
            let some = customer::left_in_ledger(&tx, after, ERASED_AT_ONCE).await?;
            drop(tx);
            let Some(last) = some.last() else { return Ok(()) };
            after = last.seq;
            for row in some {
                self.erase_in_ledger(&row).await?;
            }
        }
    }
}

fn not_closed(row: &CustomerRow) -> Result<(), AccountsError> {
    if row.state != CustomerState::Closed {
        return Ok(());
    }
    Err(Refusal::CustomerState { id: row.id.to_string(), state: "closed".to_owned() }.into())
}
