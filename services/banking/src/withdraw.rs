//! Withdrawing an import, and restoring it: what only it brought goes, and comes back.
//!
//! A movement that another import told too stays as it is. Undoing needs no log: a withdrawn movement keeps its status,
//! and one that another import has brought back since is left alone.

use banking_api::*;
use kernel::Ctx;
use platform::db::{DbError, Tx};
use platform::feed::NewEvent;
use serde_json::json;

use crate::apply::before;
use crate::event;
use crate::service::{Inner, check};
use crate::store::account;
use crate::store::balance::{self, Totals};
use crate::store::import::{self, Stored};
use crate::store::movement::{self, Movement, Removed};
use crate::store::statement::{self, Stated};
use crate::store::telling;

const ROWS_AT_ONCE: i64 = 1_000;

impl Inner {
    pub(crate) async fn change_import(&self, ctx: &Ctx, command: ChangeImport) -> Result<Import, BankingError> {
        let operation = match command.change {
            ImportChange::Withdraw => "withdraw_bank_import",
            ImportChange::Restore => "restore_bank_import",
        };
        let turn = self.once.begin(ctx, operation, &command).await?;
        let tx = self.db.begin().await?;
        if turn.again::<i64>(&tx).await?.is_some() {
            return self.found_import(ctx, "withdraw", &tx, command.id).await;
        }
        match self.changed_import(ctx, &tx, &command).await {
            Ok((import, cursor)) => {
                turn.made(&tx, &0).await?;
                tx.commit().await?;
                self.signal.committed(cursor);
                Ok(import)
            }
            Err(error) => Err(turn.refused(tx, error).await),
        }
    }

    async fn changed_import(&self, ctx: &Ctx, tx: &Tx, command: &ChangeImport) -> Result<(Import, u64), BankingError> {
        let stored = import::of_id(tx, &self.keys, command.id).await?;
        let owner = stored.as_ref().map(|stored| stored.owner.as_deref());
        let unknown = Refusal::ImportUnknown { id: command.id.to_string() };
        check(ctx, ("bank-imports", "withdraw"), owner, unknown.clone())?;
        let mut stored = stored.ok_or(unknown)?;
        let withdraws = command.change == ImportChange::Withdraw;
        let (from, to, told) = match withdraws {
            true => (ImportState::Applied, ImportState::Withdrawn, "banking.import.withdrawn"),
            false => (ImportState::Withdrawn, ImportState::Applied, "banking.import.applied"),
        };
        if stored.state != from {
            let state: &str = stored.state.into();
            return Err(Refusal::ImportState { id: command.id.to_string(), state: state.to_owned() }.into());
        }
        tx.one_at_a_time().await?;
        statement::withdraw(tx, stored.seq, withdraws).await?;
        balance::withdraw(tx, stored.seq, withdraws).await?;
        let mut events = self.each_statement(tx, &stored, withdraws).await?;
        stored.state = to;
        import::save(tx, &self.keys, from, &stored).await?;
        events.push(NewEvent::new(told, stored.id.to_string(), json!({ "counts": stored.counts })));
        let cursor = self.outbox.add(tx, events).await?;
        Ok((self.shown_import(tx, stored).await?, cursor))
    }

    async fn each_statement(&self, tx: &Tx, stored: &Stored, withdraws: bool) -> Result<Vec<NewEvent>, DbError> {
        let (mut after, mut events) = (-1, Vec::new());
        loop {
            let statements = statement::of_import(tx, stored.seq, after).await?;
            let Some(last) = statements.last() else { return Ok(events) };
            after = last.place;
            for stated in &statements {
                let mut totals = Totals::default();
                first_told(tx, stated, withdraws, &mut totals).await?;
                again_told(tx, stated, withdraws, &mut totals).await?;
                totals.store(tx).await?;
                let account = account::of_seq(tx, stated.account).await?;
                let balances = balance::latest(tx, stated.account, None).await?;
                events.extend(event::changed(tx, &account, &totals, &balances).await?);
            }
        }
    }
}

async fn first_told(tx: &Tx, stated: &Stated, withdraws: bool, totals: &mut Totals) -> Result<(), DbError> {
    let (mut after, last) = stated.rows;
    loop {
        let page = movement::told_first(tx, stated.seq, (after, last), ROWS_AT_ONCE).await?;
        let Some(end) = page.last().map(|movement| movement.seq) else { return Ok(()) };
        after = end;
        turned(tx, stated, page, withdraws, totals).await?;
    }
}

async fn again_told(tx: &Tx, stated: &Stated, withdraws: bool, totals: &mut Totals) -> Result<(), DbError> {
    let mut after = 0;
    loop {
        let page = movement::told_again(tx, stated.seq, after, ROWS_AT_ONCE).await?;
        let Some(end) = page.last().map(|movement| movement.seq) else { return Ok(()) };
        after = end;
        turned(tx, stated, page, withdraws, totals).await?;
    }
}

async fn turned(
    tx: &Tx,
    stated: &Stated,
    page: Vec<Movement>,
    withdraws: bool,
    totals: &mut Totals,
) -> Result<(), DbError> {
    let account = account::of_seq(tx, stated.account).await?;
    for movement in page {
        let counts = |movement: &Movement| movement.status.is_counted() && movement.currency == account.currency;
        let changed = if withdraws {
            let stays = movement.status == Status::Removed
                || movement.decided
                || telling::is_told_by_others(tx, movement.seq, stated.import).await?;
            if stays {
                continue;
            }
            if counts(&movement) {
                totals.remove(account.seq, movement.day, &movement.category, movement.minor)?;
            }
            let was = Some(movement.status as i64);
            Movement { status: Status::Removed, removed: Removed::Withdrawn, was, ..movement }
        } else {
            if movement.removed != Removed::Withdrawn {
                continue;
            }
            let status = before(&movement);
            let back = Movement { status, removed: Removed::No, was: None, ..movement };
            if counts(&back) {
                totals.add(account.seq, back.day, &back.category, back.minor)?;
            }
            back
        };
        movement::set_state(tx, &changed).await?;
    }
    Ok(())
}
