//! Applies log rows to the tables without checking whether they are allowed: a fold of rows over the same state that
//! the rules work on, so that the same code stores it.
//!
//! The match over kinds of rows is exhaustive: a new kind has to be handled here.

use std::collections::BTreeSet;
use std::sync::Arc;

use kernel::{Currency, Timestamp};
use platform::db::{Column, DbError, Tx};

use super::error::TransferError;
use super::reader::{ReadGroup, ReadRow};
use crate::account::{AccountFacts, Head};
use crate::decide::{default_expiry, one_owner};
use crate::format::{AccountEvent, AccountRow, LegKind, LegRow, Opening, Row, ScheduledRow, SideAfter};
use crate::ids::{self, Runs};
use crate::schedule::{Scheduled, Stage};
use crate::state::{Entry, Hold, Space, State};
use crate::store::{Loader, hold_of, scheduled_of, sql};

/// What is wrong with a row at its position.
type Folded = Result<(), String>;

/// Loads what the rows refer to and what is not known from earlier ones.
pub(super) async fn load(tx: &Tx, runs: &Arc<Runs>, state: &mut State, groups: &[ReadGroup]) -> Result<(), DbError> {
    let (mut accounts, mut holds) = (BTreeSet::new(), BTreeSet::new());
    let (mut targets, mut scheduled) = (BTreeSet::new(), BTreeSet::new());
    for row in groups.iter().flat_map(|group| &group.rows) {
        match &row.row {
            Row::Leg(leg) => {
                accounts.extend([leg.debit, leg.credit]);
                holds.extend(leg.hold.map(|hold| hold.seq));
                // Reversed transactions, and scheduled ones that are executed here.
                let head = leg.head.as_ref().filter(|head| leg.kind == LegKind::Reversal || head.carries_out());
                targets.extend(head.and_then(|head| head.target));
            }
            Row::Scheduled(row) => accounts.extend(&row.accounts),
            Row::Cancelled(row) => {
                scheduled.insert(row.scheduled);
            }
            Row::Failed(row) => {
                scheduled.insert(row.scheduled);
            }
            Row::Account(account) => {
                accounts.insert(account.account);
            }
            Row::Asset(_) | Row::Refusal(_) => {}
        }
    }
    let stored = |no: &u64| *no <= state.log.last_account;
    let accounts: Vec<u64> = accounts.into_iter().filter(stored).collect();
    let holds: Vec<i64> = holds.into_iter().map(|seq| seq as i64).collect();
    let targets: Vec<u128> = targets.into_iter().collect();
    for row in tx.select_many(&sql::HOLD, Column::Int(&holds)).await? {
        let (seq, hold) = hold_of(&row)?;
        state.group.holds.insert(seq, hold);
    }
    let known = ids::find(tx, runs, &targets).await?;
    scheduled.extend(known.values().copied());
    state.group.known.extend(known);
    let scheduled: Vec<i64> = scheduled.into_iter().map(|seq| seq as i64).collect();
    for row in tx.select_many(&sql::SCHEDULED, Column::Int(&scheduled)).await? {
        let (seq, one) = scheduled_of(&row)?;
        state.group.scheduled.insert(seq, one);
    }
    Loader::new(tx, runs, state).load_heads(accounts).await
}

/// Applies each row.
pub(super) fn fold(state: &mut State, groups: &[ReadGroup]) -> Result<(), TransferError> {
    for group in groups {
        let mut fold = Fold { state: &mut *state, at: group.stamp.at, expires_at: 0 };
        for (seq, read) in (group.stamp.first_seq..).zip(&group.rows) {
            fold.row(seq, read).map_err(|what| TransferError::Unsound { line: read.line, what })?;
        }
    }
    Ok(())
}

struct Fold<'a> {
    state: &'a mut State,
    /// Record time of the group.
    at: i64,
    /// Of the transaction whose rows are being read.
    expires_at: i64,
}

impl Fold<'_> {
    fn row(&mut self, seq: u64, read: &ReadRow) -> Folded {
        match &read.row {
            Row::Leg(leg) => self.leg(seq, leg)?,
            Row::Account(row) => self.account(seq, row)?,
            Row::Asset(asset) => self.state.group.new_assets.push((asset.code.clone(), asset.scale, seq)),
            Row::Refusal(refusal) => self.state.group.new_ids.push((refusal.id, seq)),
            Row::Scheduled(row) => self.scheduled(seq, row),
            Row::Cancelled(row) => {
                self.names(row.id, row.reference.as_ref(), seq);
                self.end(row.scheduled, Stage::Cancelled, seq)?;
            }
            Row::Failed(row) => self.end(row.scheduled, Stage::Failed, seq)?,
        }
        if let Some(entry) = &read.metadata {
            self.state.group.metadata.insert(seq, entry.clone());
            self.state.group.new_metadata.push(seq);
        }
        Ok(())
    }

    fn leg(&mut self, seq: u64, leg: &LegRow) -> Folded {
        if leg.head.is_some() {
            self.transaction(seq, leg)?;
        }
        self.side(seq, leg, leg.debit, &leg.debit_side)?;
        self.side(seq, leg, leg.credit, &leg.credit_side)?;
        self.hold(seq, leg)
    }

    fn transaction(&mut self, first: u64, leg: &LegRow) -> Folded {
        let Some(head) = &leg.head else { return Ok(()) };
        let recorded_at = Timestamp::from_micros(self.at);
        self.expires_at = head.expires_at.unwrap_or(default_expiry(recorded_at).micros());
        let target = head.target.and_then(|target| self.state.group.known.get(&target).copied());
        if head.carries_out() {
            let scheduled = target.ok_or("it executes a transaction that no earlier row scheduled")?;
            return self.end(scheduled, Stage::CarriedOut, first);
        }
        self.names(head.id, head.reference.as_ref(), first);
        if leg.kind == LegKind::Reversal {
            let target = target.ok_or("it reverses a transaction that no earlier row has")?;
            let group = &mut self.state.group;
            // For a scheduled transaction, the rows that executed it are reversed.
            let target = group.scheduled.get(&target).map_or(target, |scheduled| scheduled.outcome);
            group.new_reversals.push((target, head.id));
        }
        Ok(())
    }

    fn names(&mut self, id: u128, reference: Option<&String>, seq: u64) {
        let group = &mut self.state.group;
        group.new_ids.push((id, seq));
        group.known.insert(id, seq);
        group.new_references.extend(reference.map(|reference| (Space::Transaction, reference.clone(), seq)));
    }

    fn scheduled(&mut self, seq: u64, row: &ScheduledRow) {
        self.names(row.id, row.reference.as_ref(), seq);
        let owner = one_owner(self.state, &row.accounts);
        let scheduled = Scheduled { due_at: row.due_at, stage: Stage::Waits, outcome: 0, owner };
        self.state.group.scheduled.insert(seq, scheduled);
        self.state.group.new_scheduled.insert(seq);
    }

    fn end(&mut self, scheduled: u64, stage: Stage, outcome: u64) -> Folded {
        let group = &mut self.state.group;
        let one = group.scheduled.get_mut(&scheduled);
        let one = one.ok_or_else(|| format!("it is about row {scheduled}, which schedules nothing"))?;
        (one.stage, one.outcome) = (stage, outcome);
        group.changed_scheduled.insert(scheduled);
        Ok(())
    }

    fn side(&mut self, seq: u64, leg: &LegRow, no: u64, side: &SideAfter) -> Folded {
        let entry = self.state.accounts.get_mut(&no).ok_or_else(|| unknown_account(no))?;
        Arc::make_mut(&mut entry.head).follow(seq, leg, side);
        self.state.group.changed_accounts.insert(no);
        Ok(())
    }

    fn hold(&mut self, seq: u64, leg: &LegRow) -> Folded {
        let group = &mut self.state.group;
        if leg.kind == LegKind::Pending {
            let (remaining, expires_at) = (leg.amount, self.expires_at);
            group.holds.insert(seq, Hold { posted: 0, released: 0, remaining, expires_at, expired: false });
            group.new_holds.insert(seq);
        }
        let Some(after) = leg.hold else { return Ok(()) };
        let unknown = || format!("it is about the hold of row {}, which holds nothing", after.seq);
        let hold = group.holds.get_mut(&after.seq).ok_or_else(unknown)?;
        let expired = hold.expired || leg.kind == LegKind::Expiry;
        let (posted, released, remaining) = (after.posted, after.released, after.remaining);
        *hold = Hold { posted, released, remaining, expired, ..*hold };
        group.changed_holds.insert(after.seq);
        Ok(())
    }

    fn account(&mut self, seq: u64, row: &AccountRow) -> Folded {
        match &row.event {
            AccountEvent::Opened(opening) => self.opened(seq, row, opening)?,
            AccountEvent::MetadataSet => {
                self.state.group.reindexed.insert(row.account);
            }
            AccountEvent::Frozen | AccountEvent::Unfrozen | AccountEvent::Closed | AccountEvent::LimitsSet => {}
        }
        let entry = self.state.accounts.get_mut(&row.account).ok_or_else(|| unknown_account(row.account))?;
        Arc::make_mut(&mut entry.head).state = row.state;
        self.state.group.changed_accounts.insert(row.account);
        Ok(())
    }

    fn opened(&mut self, seq: u64, row: &AccountRow, opening: &Opening) -> Folded {
        let (no, expected) = (row.account, self.state.next_account());
        if no != expected {
            return Err(format!("it opens account {no}, expected account {expected}"));
        }
        let facts = facts(no, seq, self.at, opening).ok_or("it opens an invalid account")?;
        let group = &mut self.state.group;
        if let Some(reference) = &opening.reference {
            group.new_references.push((Space::Account, reference.clone(), no));
        }
        group.new_accounts.push(no);
        group.reindexed.insert(no);
        self.state.by_path.insert(facts.path.clone(), no);
        self.state.accounts.insert(no, Entry { facts: Arc::new(facts), head: Arc::new(Head::new(row.state)) });
        Ok(())
    }
}

fn unknown_account(no: u64) -> String {
    format!("it is about account {no}, which no earlier row opens")
}

/// `None` if a text is not valid for its type.
fn facts(no: u64, seq: u64, at: i64, opening: &Opening) -> Option<AccountFacts> {
    let name = |name: &Option<String>| name.as_deref().map(str::parse).transpose().ok();
    Some(AccountFacts {
        no,
        path: opening.path.parse().ok()?,
        currency: Currency::with_scale(&opening.currency, opening.scale).ok()?,
        normal: opening.normal,
        owner: name(&opening.owner)?,
        reference: name(&opening.reference)?,
        opened_seq: seq,
        opened_at: at,
    })
}
