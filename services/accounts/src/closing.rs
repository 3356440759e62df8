//! Closing an account: interest is paid out, the rest is moved, the ledger's account is closed, then it is closed.
//!
//! What is paid out is decided in one transaction with the sums that it is taken from, before the ledger is asked; so a
//! process that is killed anywhere leaves amounts that the next round posts under the same ids. It is decided while no
//! day is being closed, once all days that are over are closed.

use accounts_api::*;
use kernel::{Ctx, Currency, Money};
use ledger_api::{LedgerError, Refusal as LedgerRefusal, Submit};
use platform::db::Tx;
use platform::error::Failure;
use serde_json::json;

use crate::books::{self, Own, failed, posting, transaction};
use crate::calendar;
use crate::interest::{Accrued, rounded, share};
use crate::meaning;
use crate::opening::in_state;
use crate::service::Inner;
use crate::store::account::{self, AccountRow};
use crate::store::paid::{self, PostingRow, PostingState, Purpose};
use crate::store::product::{self, Total};
use crate::store::run;
use crate::store::{charge, interest};
use crate::view::TermsOf;

impl Inner {
    pub(crate) async fn close_account(&self, ctx: &Ctx, command: CloseAccount) -> Result<Account, AccountsError> {
        let id = command.id;
        let tx = self.db.read().await?;
        let (row, _) = self.reached_account(&tx, ctx, ("accounts", "close"), id).await?;
        drop(tx);
        let turn = self.once.begin(ctx, "close_customer_account", &command).await?;
        let books =
            if row.state == AccountState::Active { Some(self.books.account(id).await.map_err(failed)?) } else { None };
        let tx = self.db.begin().await?;
        if turn.again::<AccountId>(&tx).await?.is_none() {
            match self.begin_closing(&tx, &command, books).await {
                Ok(()) => {
                    turn.made(&tx, &id).await?;
                    tx.commit().await?;
                }
                Err(error) => return Err(turn.refused(tx, error).await),
            }
        } else {
            drop(tx);
        }
        if let Err(error) = self.finish(id).await {
            tracing::warn!(%error, account = %id, "an account is not closed yet; it is tried again");
        }
        self.shown_now(id).await
    }

    async fn begin_closing(
        &self,
        tx: &Tx,
        command: &CloseAccount,
        books: Option<ledger_api::Account>,
    ) -> Result<(), AccountsError> {
        tx.one_at_a_time().await?;
        let id = command.id;
        let unknown = || Refusal::AccountUnknown { id: id.to_string() };
        let mut row = account::of_id(tx, id).await?.ok_or_else(unknown)?;
        in_state(&row, AccountState::Active)?;
        let rest_to = match command.rest_to {
            Some(other) => Some(self.rest_to(tx, &row, other).await?),
            None => row.rest_to,
        };
        let balances = books.map(|books| books.balances);
        let left = balances.as_ref().map_or(0, |balances| balances.posted.minor());
        let held = balances.is_some_and(|one| one.pending_in.minor() != 0 || one.pending_out.minor() != 0);
        let accrued = interest::accrued(tx, row.seq).await?;
        let pays = rounded(accrued.earned) > 0 || left > 0;
        if held || left < 0 || (pays && rest_to.is_none()) {
            return Err(Refusal::AccountNotEmpty { id: id.to_string() }.into());
        }
        (row.state, row.rest_to) = (AccountState::Closing, rest_to);
        account::change(tx, &row).await?;
        Ok(())
    }

    async fn rest_to(&self, tx: &Tx, row: &AccountRow, other: AccountId) -> Result<i64, AccountsError> {
        let found = self.takes(tx, self.terms_of(tx, row).await?.currency, other).await?;
        if found == row.seq {
            return Err(Refusal::RestRefused { account: other.to_string() }.into());
        }
        Ok(found)
    }

    /// An account that can take money of another one.
    pub(crate) async fn takes(&self, tx: &Tx, currency: Currency, other: AccountId) -> Result<i64, AccountsError> {
        let refused = || Refusal::RestRefused { account: other.to_string() };
        let found = account::of_id(tx, other).await?.ok_or_else(refused)?;
        if found.state != AccountState::Active || self.terms_of(tx, &found).await?.currency != currency {
            return Err(refused().into());
        }
        Ok(found.seq)
    }

    pub(crate) async fn finish_closing(&self, row: AccountRow) -> Result<(), AccountsError> {
        let Some((terms, planned)) = self.planned(&row).await? else { return Ok(()) };
        for plan in planned {
            if !self.pay_out(&row, &terms, plan).await? {
                return Ok(());
            }
        }
        if !self.emptied(&row).await? {
            return Ok(());
        }
        let tx = self.db.begin().await?;
        tx.one_at_a_time().await?;
        let now = account::of_id(&tx, row.id).await?;
        let Some(mut now) = now.filter(|now| now.state == AccountState::Closing) else { return Ok(()) };
        (now.state, now.closed_at) = (AccountState::Closed, Some(self.clock.now()));
        account::change(&tx, &now).await?;
        charge::waive_all(&tx, now.seq).await?;
        let cursor = self.tell(&tx, "accounts.account.closed", row.id.to_string(), json!({})).await?;
        tx.commit().await?;
        self.signal.committed(cursor);
        Ok(())
    }

    /// Decides what is paid out, if days that are over are closed; `None` if they are not.
    async fn planned(&self, row: &AccountRow) -> Result<Option<(TermsOf, Vec<PostingRow>)>, AccountsError> {
        let tx = self.db.begin().await?;
        tx.one_at_a_time().await?;
        let terms = self.terms_of(&tx, row).await?;
        let yesterday = calendar::number(self.today()) - 1;
        let last = run::last(&tx).await?.map_or(i64::MIN, |run| run.day);
        let bears = terms.terms.interest.is_some() && row.opened_day <= yesterday;
        if run::is_open(&tx).await? || (bears && last < yesterday) {
            return Ok(None);
        }
        if row.term.is_some_and(|term| yesterday + 1 < term.matures) {
            self.end_early(&tx, row, &terms.terms).await?;
        }
        let accrued = interest::accrued(&tx, row.seq).await?;
        if accrued != Accrued::default() {
            self.plan(&tx, row, &terms, accrued).await?;
        }
        let planned = paid::planned(&tx, row.seq).await?;
        tx.commit().await?;
        Ok(Some((terms, planned)))
    }

    /// Takes everything out of the sums, and keeps what of it is to be paid. What is left below half a unit is dropped.
    async fn plan(&self, tx: &Tx, row: &AccountRow, terms: &TermsOf, accrued: Accrued) -> Result<(), AccountsError> {
        let (day, id) = (self.today(), row.id.bits());
        let (earned, owed) = (rounded(accrued.earned).max(0), rounded(accrued.owed).max(0));
        let rate = terms.terms.interest.as_ref().and_then(|interest| interest.tax).map_or(0, |tax| tax.millionths());
        let tax = share(earned, rate).ok_or(Failure::Internal)?;
        for (purpose, what, minor, tax) in
            [(Purpose::LastEarned, "last interest", earned, tax), (Purpose::LastOwed, "last interest owed", owed, 0)]
        {
            let txn = meaning::id(what, id, day, 0);
            let (account, day, state) = (row.seq, calendar::number(day), PostingState::Planned);
            let plan = PostingRow { account, day, purpose: purpose as u8, minor, tax, txn, state };
            if minor > 0 {
                paid::plan(tx, &plan).await?;
            }
        }
        let less = Accrued::default().minus(accrued).ok_or(Failure::Internal)?;
        interest::add_accrued(tx, &[(row.seq, less)]).await?;
        let booked = Accrued { earned: -earned, owed: -owed };
        product::move_total(tx, Total { product: row.product, accrued: less, booked }).await?;
        Ok(())
    }

    /// Posts one of the plans; false if the ledger refuses it.
    async fn pay_out(&self, row: &AccountRow, terms: &TermsOf, plan: PostingRow) -> Result<bool, AccountsError> {
        let money = |minor| Money::new(minor, terms.currency);
        let account = books::path(row.id).map_err(failed)?;
        let own = |own: Own| own.path(terms.product).map_err(failed);
        let mut postings = Vec::new();
        if plan.purpose == Purpose::LastEarned as u8 {
            postings.push(posting(own(Own::Accrued)?, account.clone(), money(plan.minor)));
            if plan.tax > 0 {
                postings.push(posting(account, own(Own::Tax)?, money(plan.tax)));
            }
        } else {
            postings.push(posting(account, own(Own::Receivable)?, money(plan.minor)));
        }
        let operation = transaction(plan.txn, "interest", postings);
        if !self.books.submit(Submit { operation, dry_run: false }).await? {
            tracing::warn!(account = %row.id, "interest at the end of an account was refused");
            return Ok(false);
        }
        let tx = self.db.begin().await?;
        paid::set_posting(&tx, &plan, PostingState::Posted).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Moves what is left and closes the ledger's account; false if something is still held or owed.
    async fn emptied(&self, row: &AccountRow) -> Result<bool, AccountsError> {
        let books = self.books.account(row.id).await.map_err(failed)?;
        if books.status == ledger_api::AccountStatus::Closed {
            return Ok(true);
        }
        if books.balances.posted.minor() > 0
            && let Some(rest_to) = row.rest_to
        {
            let tx = self.db.read().await?;
            let other = account::of_seqs(&tx, &[rest_to]).await?.remove(&rest_to);
            drop(tx);
            let other = other.ok_or(Failure::Internal)?;
            // Another balance is another transfer.
            let attempt = u32::try_from(books.balances.version).unwrap_or(u32::MAX);
            let txn = meaning::id("rest", row.id.bits(), calendar::of_number(row.opened_day), attempt);
            let (from, to) = (books::path(row.id).map_err(failed)?, books::path(other.id).map_err(failed)?);
            let operation = transaction(txn, "transfer", vec![posting(from, to, books.balances.posted)]);
            if !self.books.submit(Submit { operation, dry_run: false }).await? {
                return Ok(false);
            }
        }
        match self.books.close(row.id).await {
            Ok(()) => Ok(true),
            Err(LedgerError::Refused { refusal, .. }) => match refusal {
                LedgerRefusal::AccountClosed { .. } => Ok(true),
                _ => Ok(false),
            },
            Err(error) => Err(failed(error)),
        }
    }
}
