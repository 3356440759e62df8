//! Scheduled transactions: recorded, cancelled, and executed when they are due.
//!
//! What a transaction needs from the books (funds, limits, open accounts, versions) is checked when it is due, as for
//! any other one then. Before that only what can no longer change is checked: its form, accounts, currencies, reference
//! and times.

use std::panic::{AssertUnwindSafe, catch_unwind};

use kernel::Timestamp;
use ledger_api::{AccountPath, AccountStatus, Cancel, NewTransaction, Refusal, TransactionId, limits};

use super::create::{self, check_account_currency, check_currency, check_reference, find};
use super::record::{keep_metadata, take_names};
use crate::command::{Reach, Tag};
use crate::format::{CancelledRow, FailedRow, Row, ScheduledRow};
use crate::schedule::{INTERNAL, Plan, Scheduled, Stage, operation_text};
use crate::state::State;

pub(super) fn schedule(
    state: &mut State,
    now: Timestamp,
    reach: &Reach,
    tag: &Tag,
    create: &NewTransaction,
) -> Result<(), Refusal> {
    let due_at = check_times(now, create)?;
    check_reference(state, create.reference.as_ref())?;
    let accounts = check_accounts(state, reach, create)?;
    let owner = one_owner(state, &accounts);
    let seq = state.next_seq();
    let reference = create.reference.as_ref().map(ToString::to_string);
    take_names(state, tag.id, reference.as_deref(), seq);
    let metadata = keep_metadata(state, tag, seq, &create.metadata);
    let (id, operation) = (tag.id, operation_text(create));
    state.push_row(Row::Scheduled(ScheduledRow { id, due_at, accounts, operation, reference, metadata }));
    state.set_scheduled(seq, Scheduled { due_at, stage: Stage::Waits, outcome: 0, owner });
    Ok(())
}

fn check_times(now: Timestamp, create: &NewTransaction) -> Result<i64, Refusal> {
    let effective_at = create.effective_at.ok_or(Refusal::ScheduleTimeMissing)?;
    if effective_at <= now {
        return Err(Refusal::ScheduleInPast { effective_at });
    }
    let latest = now.plus_seconds(limits::SCHEDULE_SECONDS_MAX);
    if effective_at > latest {
        return Err(Refusal::ScheduleTooFar { effective_at, latest });
    }
    // As of the moment at which it will be held.
    create::check_expiry(effective_at, create)?;
    Ok(effective_at.micros())
}

/// The accounts that it names, each once.
fn check_accounts(state: &State, reach: &Reach, create: &NewTransaction) -> Result<Vec<u64>, Refusal> {
    let mut accounts = Vec::new();
    let mut name = |path: &AccountPath| -> Result<u64, Refusal> {
        let no = find(state, reach, path)?;
        if !accounts.contains(&no) {
            accounts.push(no);
        }
        Ok(no)
    };
    for posting in &create.postings {
        let currency = posting.amount.currency();
        check_currency(state, currency)?;
        let shares = posting.split.iter().map(|share| &share.account);
        for path in posting.debit.iter().chain(&posting.credit).chain(shares) {
            let no = name(path)?;
            check_account_currency(state, no, currency)?;
            check_not_closed(state, no)?;
        }
    }
    for condition in &create.if_version {
        name(&condition.account)?;
    }
    Ok(accounts)
}

/// A frozen account may be open again by then; a closed one stays closed.
fn check_not_closed(state: &State, no: u64) -> Result<(), Refusal> {
    match state.entry(no).filter(|entry| entry.head.state.status == AccountStatus::Closed) {
        Some(entry) => Err(Refusal::AccountClosed { account: entry.facts.path.clone() }),
        None => Ok(()),
    }
}

pub(crate) fn one_owner(state: &State, accounts: &[u64]) -> Option<String> {
    let owner = |no: &u64| state.facts(*no).and_then(|facts| facts.owner.as_ref().map(ToString::to_string));
    let first = owner(accounts.first()?)?;
    accounts.iter().all(|no| owner(no).as_ref() == Some(&first)).then_some(first)
}

pub(super) fn cancel(state: &mut State, reach: &Reach, tag: &Tag, cancel: &Cancel) -> Result<(), Refusal> {
    let transaction = cancel.transaction;
    let scheduled = find_waiting(state, reach, transaction)?;
    check_reference(state, cancel.reference.as_ref())?;
    let seq = state.next_seq();
    let reference = cancel.reference.as_ref().map(ToString::to_string);
    take_names(state, tag.id, reference.as_deref(), seq);
    let metadata = keep_metadata(state, tag, seq, &cancel.metadata);
    let (id, target) = (tag.id, transaction.bits());
    state.push_row(Row::Cancelled(CancelledRow { id, target, scheduled, reference, metadata }));
    end(state, scheduled, Stage::Cancelled, seq);
    Ok(())
}

/// The row that scheduled it, if it is waiting. One that is due and was not reached yet can still be cancelled.
fn find_waiting(state: &State, reach: &Reach, transaction: TransactionId) -> Result<u64, Refusal> {
    let unknown = || Refusal::TransactionUnknown { transaction };
    let first = *state.group.known.get(&transaction.bits()).ok_or_else(unknown)?;
    if !reach.covers_transaction(state, first) {
        return Err(unknown());
    }
    match state.group.scheduled.get(&first).map(|scheduled| scheduled.stage) {
        None => Err(Refusal::NotScheduled { transaction }),
        Some(Stage::Waits) => Ok(first),
        Some(Stage::CarriedOut) => Err(Refusal::AlreadyCarriedOut { transaction }),
        Some(Stage::Failed) => Err(Refusal::AlreadyFailed { transaction }),
        Some(Stage::Cancelled) => Err(Refusal::AlreadyCancelled { transaction }),
    }
}

/// Executes what was scheduled in row `seq`, or records why not.
pub(super) fn carry_out(state: &mut State, now: Timestamp, seq: u64) {
    attempt(state, seq, |state, row| {
        let wanted = row.transaction().ok_or_else(|| INTERNAL.to_owned())?;
        let text = |refusal: Refusal| serde_json::to_string(&refusal).unwrap_or_else(|_| INTERNAL.to_owned());
        create::carry_out(state, now, row.id, &wanted).map_err(text)
    });
}

/// Whatever it does, others are not harmed: a panic is its failure alone, and leaves nothing else.
pub(super) fn attempt(state: &mut State, seq: u64, run: impl FnOnce(&mut State, &ScheduledRow) -> Result<(), String>) {
    let Some(row) = waiting(state, seq) else { return };
    let (start, first) = (state.mark(), state.next_seq());
    let guarded = AssertUnwindSafe(|| run(state, &row));
    match catch_unwind(guarded).unwrap_or_else(|_| Err(INTERNAL.to_owned())) {
        Ok(()) => end(state, seq, Stage::CarriedOut, first),
        Err(refusal) => {
            state.take_back(start);
            fail(state, seq, row.id, refusal);
        }
    }
}

pub(super) fn give_up(state: &mut State, seq: u64) {
    if let Some(row) = waiting(state, seq) {
        fail(state, seq, row.id, INTERNAL.to_owned());
    }
}

fn waiting(state: &State, seq: u64) -> Option<ScheduledRow> {
    state.group.scheduled.get(&seq).filter(|scheduled| scheduled.stage == Stage::Waits)?;
    match state.row(seq)? {
        Row::Scheduled(row) => Some(row.clone()),
        _ => None,
    }
}

fn fail(state: &mut State, seq: u64, id: u128, refusal: String) {
    let outcome = state.push_row(Row::Failed(FailedRow { id, scheduled: seq, refusal }));
    end(state, seq, Stage::Failed, outcome);
}

fn end(state: &mut State, seq: u64, stage: Stage, outcome: u64) {
    if let Some(scheduled) = state.group.scheduled.get(&seq).cloned() {
        state.set_scheduled(seq, Scheduled { stage, outcome, ..scheduled });
    }
}

/// The reply about a row of a scheduled transaction, as it was first given.
pub(super) fn plan(state: &State, first: u64) -> Option<Plan> {
    match state.row(first)? {
        Row::Scheduled(row) => Some(Plan::Scheduled { row: row.clone(), stage: Stage::Waits, refusal: None }),
        Row::Cancelled(row) => Some(Plan::Cancellation(row.clone())),
        _ => None,
    }
}
