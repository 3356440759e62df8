//! Opening an account: the row first, then the ledger's account, then it is active.
//!
//! A process that is killed between two steps leaves an account in `opening`, which the next round finishes: the ledger
//! answers a repeated opening with its first answer.

use std::collections::HashSet;

use accounts_api::*;
use kernel::{Ctx, Money};
use platform::db::Tx;
use serde_json::json;

use crate::books::{self, opening};
use crate::calendar;
use crate::days::mature::term_from;
use crate::service::{Inner, may};
use crate::store::account::{self, AccountRow, TermRow};
use crate::store::customer;
use crate::store::product::{self, ProductRow};
use crate::terms::Catalogue;

/// Accounts that one round finishes.
const FINISHED_AT_ONCE: usize = 500;

impl Inner {
    pub(crate) async fn open_account(&self, ctx: &Ctx, command: OpenAccount) -> Result<Account, AccountsError> {
        may(ctx, "accounts", "open")?;
        let max = limits::HOLDERS_MAX;
        if command.holders.len() > max {
            return Err(Refusal::TooMany { what: "holders".to_owned(), max }.into());
        }
        let distinct: HashSet<CustomerId> = command.holders.iter().copied().collect();
        if distinct.is_empty() || distinct.len() < command.holders.len() {
            return Err(Refusal::field_invalid("holders", "expected at least one customer, and each once").into());
        }
        let turn = self.once.begin(ctx, "open_customer_account", &command).await?;
        let tx = self.db.begin().await?;
        let id = match turn.again::<AccountId>(&tx).await? {
            Some(id) => id,
            None => match self.added(&tx, command).await {
                Ok(id) => {
                    turn.made(&tx, &id).await?;
                    tx.commit().await?;
                    id
                }
                Err(error) => return Err(turn.refused(tx, error).await),
            },
        };
        if let Err(error) = self.finish(id).await {
            tracing::warn!(%error, account = %id, "an account is not open in the ledger yet; it is tried again");
        }
        self.shown_now(id).await
    }

    async fn added(&self, tx: &Tx, command: OpenAccount) -> Result<AccountId, AccountsError> {
        tx.one_at_a_time().await?;
        let OpenAccount { product: product_id, holders, overdraft, term } = command;
        let unknown = || Refusal::ProductUnknown { id: product_id.to_string() };
        let row = product::of_id(tx, product_id).await?.ok_or_else(unknown)?;
        if row.state != ProductState::Active {
            let state: &str = row.state.into();
            return Err(Refusal::ProductState { id: product_id.to_string(), state: state.to_owned() }.into());
        }
        let versions = product::versions(tx, row.seq).await?;
        let terms = versions.into_iter().find(|(_, version, _)| *version == row.version).map(|(.., terms)| terms);
        let terms = terms.unwrap_or_default();
        let overdraft = overdraft.unwrap_or(Money::new(0, row.currency));
        check_overdraft(overdraft, &terms, row.currency)?;
        let mut places = Vec::with_capacity(holders.len());
        for id in holders {
            let unknown = || Refusal::CustomerUnknown { id: id.to_string() };
            let holder = customer::of_id(tx, id).await?.ok_or_else(unknown)?;
            if holder.state != CustomerState::Active {
                let state: &str = holder.state.into();
                return Err(Refusal::CustomerState { id: id.to_string(), state: state.to_owned() }.into());
            }
            places.push(holder.seq);
        }
        let seq = account::next(tx).await?;
        let number = self.numbers.number(seq).ok_or_else(|| numbers_are_used_up(seq))?;
        let (id, opened_at) = (self.ids.make(), self.clock.now());
        let opened_day = calendar::number(self.calendar.day_of(opened_at));
        let (term, rest_to) = self.term(tx, (&row, &terms), term, opened_day).await?;
        let opened = AccountRow {
            seq,
            id,
            product: row.seq,
            version: row.version,
            state: AccountState::Opening,
            number,
            owner: places.first().copied().unwrap_or_default(),
            overdraft: overdraft.minor(),
            rest_to,
            opened_at,
            opened_day,
            closed_at: None,
            term,
        };
        account::add(tx, &opened, &places).await?;
        Ok(id)
    }

    /// The term of a deposit that begins on a day, and the account that is linked to it.
    async fn term(
        &self,
        tx: &Tx,
        (product, terms): (&ProductRow, &Terms),
        term: Option<OpenTerm>,
        begins: i64,
    ) -> Result<(Option<TermRow>, Option<i64>), AccountsError> {
        let (deposit, OpenTerm { at_maturity, linked }) = match (&terms.deposit, term) {
            (None, None) => return Ok((None, None)),
            (Some(deposit), Some(term)) => (deposit, term),
            _ => return Err(Refusal::field_invalid("term", "expected for a term deposit, and for nothing else").into()),
        };
        let linked = self.takes(tx, product.currency, linked).await?;
        let again = at_maturity == AtMaturity::RollOver;
        let catalogue = Catalogue::load(tx).await?;
        Ok((Some(term_from(&catalogue, product.seq, begins, (deposit.months, again))), Some(linked)))
    }

    /// Does what is left to be done of an opening or a closing.
    pub(crate) async fn finish(&self, id: AccountId) -> Result<(), AccountsError> {
        let tx = self.db.read().await?;
        let row = account::of_id(&tx, id).await?;
        drop(tx);
        match row {
            Some(row) if row.state == AccountState::Opening => self.finish_opening(row).await,
            Some(row) if row.state == AccountState::Closing => self.finish_closing(row).await,
            _ => Ok(()),
        }
    }

    async fn finish_opening(&self, row: AccountRow) -> Result<(), AccountsError> {
        let tx = self.db.read().await?;
        let terms = self.terms_of(&tx, &row).await?;
        let holders = account::holders(&tx, row.seq).await?;
        drop(tx);
        let owner = holders.first().map(|(_, id)| id.to_string()).unwrap_or_default();
        let overdraft = Money::new(row.overdraft, terms.currency);
        self.books.open(opening(row.id, &owner, (overdraft, terms.terms.largest_balance))?).await?;
        let tx = self.db.begin().await?;
        tx.one_at_a_time().await?;
        let now = account::of_id(&tx, row.id).await?;
        let Some(mut now) = now.filter(|now| now.state == AccountState::Opening) else { return Ok(()) };
        now.state = AccountState::Active;
        account::change(&tx, &now).await?;
        let data = json!({ "product": terms.product, "currency": terms.currency });
        let cursor = self.tell(&tx, "accounts.account.opened", row.id.to_string(), data).await?;
        tx.commit().await?;
        self.signal.committed(cursor);
        Ok(())
    }

    /// All accounts that are being opened or closed: what a process that was killed left.
    pub(crate) async fn finish_all(&self) -> Result<(), AccountsError> {
        let mut after = 0;
        loop {
            let tx = self.db.read().await?;
            let some = account::unfinished(&tx, after, FINISHED_AT_ONCE).await?;
            drop(tx);
            let Some(last) = some.last() else { return Ok(()) };
            after = last.seq;
            for row in some {
                let (id, state) = (row.id, row.state);
                if let Err(error) = self.finish(id).await {
                    tracing::warn!(%error, account = %id, ?state, "an account is not finished; it is tried again");
                }
            }
        }
    }

    pub(crate) async fn change_account(&self, ctx: &Ctx, command: ChangeAccount) -> Result<Account, AccountsError> {
        let ChangeAccount { id, overdraft } = command;
        let tx = self.db.read().await?;
        let (row, _) = self.reached_account(&tx, ctx, ("accounts", "change"), id).await?;
        let terms = self.terms_of(&tx, &row).await?;
        drop(tx);
        in_state(&row, AccountState::Active)?;
        check_overdraft(overdraft, &terms.terms, terms.currency)?;
        let limits = books::limits(overdraft, terms.terms.largest_balance);
        self.books.set_limits(id, limits).await?;
        let tx = self.db.begin().await?;
        tx.one_at_a_time().await?;
        if let Some(mut now) = account::of_id(&tx, id).await? {
            now.overdraft = overdraft.minor();
            account::change(&tx, &now).await?;
            tx.commit().await?;
        }
        self.shown_now(id).await
    }
}

fn numbers_are_used_up(seq: i64) -> AccountsError {
    tracing::error!(seq, "there is no number for a further account");
    platform::error::Failure::Internal.into()
}

pub(crate) fn in_state(row: &AccountRow, expected: AccountState) -> Result<(), AccountsError> {
    if row.state == expected {
        return Ok(());
    }
    let state: &str = row.state.into();
    Err(Refusal::AccountState { id: row.id.to_string(), state: state.to_owned() }.into())
}

fn check_overdraft(overdraft: Money, terms: &Terms, currency: kernel::Currency) -> Result<(), Refusal> {
    if overdraft.currency() != currency || overdraft.minor() < 0 {
        return Err(Refusal::field_invalid("overdraft", format!("expected an amount of zero or more in {currency}")));
    }
    let largest = terms.overdraft.as_ref().map_or(0, |overdraft| overdraft.largest.minor());
    if overdraft.minor() <= largest {
        return Ok(());
    }
    Err(Refusal::OverdraftTooLarge { largest: Money::new(largest, currency).to_string() })
}
