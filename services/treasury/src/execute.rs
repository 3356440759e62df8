//! Approval of a sweep by a second person, and what follows: in the ledger one atomic batch, elsewhere a list.
//!
//! The state `executing` is committed before the ledger is asked, and the ids of the transactions are made from the sweep's, so
//! that the batch can be sent again: a process that was killed between any two steps moves nothing twice, and what it left is
//! carried out by the next round.

use std::collections::BTreeMap;

use kernel::{Ctx, Money};
use ledger_api::{
    AccountPath, Batch, LedgerError, LineOutcome, Metadata, NewTransaction, Operation, Posting,
    Refusal as LedgerRefusal, Side, TransactionId,
};
use platform::access;
use platform::db::Tx;
use platform::error::{Failure, Refusal as _};
use platform::room::OpenError;

use crate::accounts::account_unknown;
use crate::count;
use crate::face::*;
use crate::pools::usable;
use crate::service::{Begun, Inner, Made};
use crate::store::{ACCOUNTS, cash, sweep};
use crate::sweeps::{WORD, sweep_unknown, told};

/// For one sweep.
const PATIENCE_MS: u64 = 10_000;

impl Inner {
    pub(crate) async fn decide(&self, ctx: &Ctx, command: DecideSweep) -> Result<Sweep, TreasuryError> {
        self.may(ctx, WORD, "approve")?;
        access::check_fresh(ctx, self.now(), limits::PROOF_SECONDS)?;
        let own = self.on_behalf(ctx).await?;
        let read = match command.verdict {
            Verdict::Approve => self.read_again(&own, command.sweep).await,
            Verdict::Reject | Verdict::Done => Ok(()),
        };
        let operation = match command.verdict {
            Verdict::Approve => "approve_sweep",
            Verdict::Reject => "reject_sweep",
            Verdict::Done => "finish_sweep",
        };
        let change = match self.begin::<SweepId>(ctx, operation, &command).await? {
            Begun::Again(id) => return self.sweep_of(id).await,
            Begun::First(change) => change,
        };
        let made = match read {
            Ok(()) => self.decided(ctx, &change.tx, command).await,
            Err(error) => Err(error),
        };
        let id = self.end(change, made).await?;
        let decided = self.sweep_of(id).await?;
        if decided.state == SweepState::Executing && decided.by_ledger {
            // Without an answer in time it stays `executing`, and the next round goes on.
            if let Err(failure) = self.carry_out(&own, &decided).await {
                tracing::warn!(code = failure.code(), sweep = %id, "a sweep waits for its next round");
            }
        }
        self.sweep_of(id).await
    }

    /// The balances of all accounts that take part, as they are now.
    async fn read_again(&self, own: &Ctx, id: SweepId) -> Result<(), TreasuryError> {
        let sources = {
            let tx = self.db.begin().await?;
            tx.one_at_a_time().await?;
            let found = sweep::get(&tx, id).await?.ok_or_else(|| sweep_unknown(id))?;
            let mut sources = Vec::new();
            for account in found.taking_part() {
                let account: Option<Account> = ACCOUNTS.get(&tx, &account.to_string()).await?;
                sources.extend(account.map(|account| account.source.key()));
            }
            for source in &sources {
                cash::want(&tx, source).await?;
            }
            tx.commit().await?;
            sources
        };
        for source in sources {
            self.refresh_one(own, &source).await.map_err(|error| {
                tracing::warn!(code = error.code(), source, "an account of a sweep could not be read again");
                Failure::Unavailable
            })?;
        }
        Ok(())
    }

    async fn decided(&self, ctx: &Ctx, tx: &Tx, command: DecideSweep) -> Made<SweepId> {
        let DecideSweep { sweep: id, verdict } = command;
        let found = sweep::get(tx, id).await?.ok_or_else(|| sweep_unknown(id))?;
        let state = match (verdict, found.state) {
            (Verdict::Approve, SweepState::Proposed) => {
                if *found.proposed_by == *ctx.principal.subject {
                    return Err(Refusal::OwnWork.into());
                }
                self.still_right(tx, &found).await?;
                SweepState::Executing
            }
            (Verdict::Reject, SweepState::Proposed) => SweepState::Rejected,
            (Verdict::Done, SweepState::Executing) if !found.by_ledger => SweepState::Done,
            (_, state) => return Err(state_refused(state)),
        };
        let is_end = state != SweepState::Executing;
        let decided = Sweep {
            state,
            decided_by: Some(ctx.principal.subject.to_string()),
            ended_at: is_end.then(|| self.now()),
            ..found
        };
        sweep::put(tx, &decided).await?;
        let (kind, outcome) = match state {
            SweepState::Rejected => ("treasury.sweep.rejected", Some("rejected")),
            SweepState::Done => ("treasury.sweep.done", Some("done")),
            _ => ("treasury.sweep.approved", None),
        };
        outcome.into_iter().for_each(count::sweep_ended);
        Ok((id, vec![told(kind, &decided)]))
    }

    /// No account falls under its floor by what is moved today.
    async fn still_right(&self, tx: &Tx, sweep: &Sweep) -> Result<(), TreasuryError> {
        if sweep.on != self.today() {
            return Err(state_refused(SweepState::Expired));
        }
        let book = self.book(tx).await?;
        for (id, change) in sweep.changes() {
            let account = book.account(id).ok_or_else(|| account_unknown(id))?;
            let balance = usable(book.held(account).usable(), account)?;
            let after = Money::new(balance.minor().saturating_add(change), account.currency);
            if change < 0 && after.minor() < account.floor().minor() {
                let (balance, floor) = (after.to_string(), account.floor().to_string());
                return Err(Refusal::PositionsChanged { account: id.to_string(), balance, floor }.into());
            }
        }
        Ok(())
    }

    /// Sweeps that were approved and have no answer of the ledger yet.
    pub(crate) async fn carry_out_all(&self) -> Result<(), OpenError> {
        let executing = sweep::in_state(&self.db.read().await?, SweepState::Executing).await?;
        for one in executing.into_iter().filter(|one| one.by_ledger) {
            let ctx = self.itself(PATIENCE_MS).await?;
            if let Err(error) = self.carry_out(&ctx, &one).await {
                tracing::warn!(code = error.code(), sweep = %one.id, "a sweep waits for its next round");
            }
        }
        Ok(())
    }

    async fn carry_out(&self, own: &Ctx, sweep: &Sweep) -> Result<(), TreasuryError> {
        let batch = Batch { atomic: true, dry_run: false, lines: self.lines(sweep).await? };
        let answer = self.main_book().await?.submit_batch(own, batch).await;
        let failed = match answer {
            Ok(reply) => failed_line(reply.lines)?,
            Err(LedgerError::Refused { refusal, .. }) => Some(refusal.code().to_owned()),
            Err(LedgerError::Failed(failure)) => return Err(failure.into()),
        };
        let tx = self.db.begin().await?;
        tx.one_at_a_time().await?;
        let known = sweep::get(&tx, sweep.id).await?.filter(|known| known.state == SweepState::Executing);
        let Some(known) = known else { return Ok(()) };
        let (state, kind, outcome) = match &failed {
            None => (SweepState::Done, "treasury.sweep.done", "done"),
            Some(_) => (SweepState::Failed, "treasury.sweep.failed", "failed"),
        };
        let ended = Sweep { state, reason: failed, ended_at: Some(self.now()), ..known };
        sweep::put(&tx, &ended).await?;
        self.commit(tx, vec![told(kind, &ended)]).await?;
        count::sweep_ended(outcome);
        Ok(())
    }

    /// The moves of today as transactions under ids that are made from the sweep's.
    async fn lines(&self, sweep: &Sweep) -> Result<Vec<Operation>, TreasuryError> {
        let mut lines = Vec::new();
        for (one, number) in sweep.moves.iter().filter(|one| one.day == 0).zip(1_u128..) {
            let (from, to) = (self.account_of(one.from).await?, self.account_of(one.to).await?);
            let (from, side) = (path(&from)?, from.normal);
            let to = path(&to)?;
            // What goes out of an account with a debit balance is credited to it.
            let (debit, credit) = if side == Some(Side::Debit) { (to, from) } else { (from, to) };
            let posting = Posting {
                debit: Some(debit),
                credit: Some(credit),
                amount: one.amount,
                up_to_available: false,
                split: Vec::new(),
                override_limit: None,
                book: None,
            };
            let pairs = [("kind", "sweep".to_owned()), ("source", sweep.id.to_string())];
            let metadata: Metadata = pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
            let id = TransactionId::from_bits(sweep.id.bits().wrapping_add(number));
            let new = NewTransaction { id: Some(id), postings: vec![posting], metadata, ..NewTransaction::default() };
            lines.push(Operation::Create(new));
        }
        Ok(lines)
    }
}

impl Sweep {
    /// What its moves of today change, by account.
    fn changes(&self) -> BTreeMap<AccountId, i64> {
        let mut changes = BTreeMap::<AccountId, i64>::new();
        for one in self.moves.iter().filter(|one| one.day == 0) {
            for (account, minor) in [(one.from, -one.amount.minor()), (one.to, one.amount.minor())] {
                let change = changes.entry(account).or_default();
                *change = change.saturating_add(minor);
            }
        }
        changes
    }

    fn taking_part(&self) -> Vec<AccountId> {
        self.changes().into_keys().collect()
    }
}

/// The code by which the ledger refused a line; the others of the batch were not booked for its sake.
fn failed_line(lines: Vec<LineOutcome>) -> Result<Option<String>, TreasuryError> {
    let mut failed = None;
    for line in lines {
        match line {
            LineOutcome::Done(_) => {}
            LineOutcome::Failed(LedgerError::Failed(failure)) => return Err(failure.into()),
            LineOutcome::Failed(LedgerError::Refused { refusal: LedgerRefusal::SiblingFailed { .. }, .. }) => {
                failed.get_or_insert_with(|| "sibling_failed".to_owned());
            }
            LineOutcome::Failed(LedgerError::Refused { refusal, .. }) => failed = Some(refusal.code().to_owned()),
        }
    }
    Ok(failed)
}

fn path(account: &Account) -> Result<AccountPath, Failure> {
    let Source::Ledger(path) = &account.source else { return Err(Failure::Internal) };
    path.parse().map_err(|_| Failure::Internal)
}

fn state_refused(state: SweepState) -> TreasuryError {
    let state = serde_json::to_value(state).unwrap_or_default();
    Refusal::SweepState { state: state.as_str().unwrap_or_default().to_owned() }.into()
}
