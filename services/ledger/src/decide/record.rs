//! How one posting moves two accounts: checked arithmetic, floor and ceiling, version, and the resulting row.

use kernel::Timestamp;
use ledger_api::{AccountStatus, Metadata, Refusal};

use crate::account::{AccountFacts, Head, Standing};
use crate::command::{Recorded, RecordedLeg, Tag};
use crate::format::{HoldAfter, LegKind, LegRow, Row, SideAfter, Sums, TransactionHead, metadata_hash};
use crate::state::{MetadataEntry, State};

/// One posting to be executed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leg {
    pub kind: LegKind,
    pub debit: u64,
    pub credit: u64,
    pub amount: i64,
    /// Released in addition to `amount`: the rest of a hold after a final post.
    pub released: i64,
    pub overrides_floor: bool,
    /// The hold after this posting; a new pending posting is its own.
    pub hold: Option<HoldAfter>,
}

/// The rows of one transaction being built.
pub(super) struct Recorder {
    first: u64,
    legs: u8,
    /// Whether the rows take effect before they are recorded.
    late: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum AccountSide {
    Debit,
    Credit,
}

impl Recorder {
    pub(super) fn new(state: &State) -> Recorder {
        Recorder { first: state.next_seq(), legs: 0, late: false }
    }

    /// For rows that are recorded at `now` and take effect at `effective_at`.
    pub(super) fn effective(state: &State, now: Timestamp, effective_at: Option<Timestamp>) -> Recorder {
        Recorder { late: effective_at.is_some_and(|effective_at| effective_at < now), ..Recorder::new(state) }
    }

    /// Executes one posting, or refuses it; the caller undoes earlier postings.
    pub(super) fn leg(&mut self, state: &mut State, leg: Leg) -> Result<u64, Refusal> {
        let seq = state.next_seq();
        let debit_side = self.side(state, seq, &leg, AccountSide::Debit)?;
        let credit_side = self.side(state, seq, &leg, AccountSide::Credit)?;
        let hold = if leg.kind.concerns_hold() { leg.hold } else { None };
        let row = LegRow {
            kind: leg.kind,
            index: self.legs,
            head: None,
            debit: leg.debit,
            credit: leg.credit,
            amount: leg.amount,
            overrides_floor: leg.overrides_floor,
            hold,
            debit_side,
            credit_side,
        };
        self.legs += 1;
        Ok(state.push_row(Row::Leg(Box::new(row))))
    }

    /// Puts the head into the first row and registers the id, the reference and the metadata.
    pub(super) fn finish(self, state: &mut State, tag: &Tag, head: TransactionHead, metadata: &Metadata) {
        let metadata = keep_metadata(state, tag, self.first, metadata);
        take_names(state, tag.id, head.reference.as_deref(), self.first);
        self.put_head(state, TransactionHead { id: tag.id, metadata, ..head });
    }

    /// The same for a scheduled transaction: its id, reference and metadata were registered when it was scheduled. A
    /// head that names itself as its target shows this.
    pub(super) fn finish_scheduled(self, state: &mut State, id: u128, head: TransactionHead) {
        self.put_head(state, TransactionHead { id, target: Some(id), ..head });
    }

    fn put_head(self, state: &mut State, head: TransactionHead) {
        let head = TransactionHead { legs: self.legs, ..head };
        let place = usize::try_from(self.first - state.log.last_seq - 1).ok();
        if let Some(Row::Leg(leg)) = place.and_then(|place| state.group.rows.get_mut(place)) {
            leg.head = Some(head);
        }
    }

    fn side(&self, state: &mut State, seq: u64, leg: &Leg, side: AccountSide) -> Result<SideAfter, Refusal> {
        let no = if side == AccountSide::Debit { leg.debit } else { leg.credit };
        // The callers have looked up the account.
        let facts = state.facts(no).expect("an account that is posted to is loaded");
        let before = state.entry(no).map(|entry| entry.head.sums).unwrap_or_default();
        let overflow = || Refusal::SumOverflow { account: facts.path.clone() };
        let after = moved(before, leg, side).ok_or_else(overflow)?;
        let late = state.entry(no).map(|entry| entry.head.late).unwrap_or_default();
        let late = if self.late { moved(late, leg, side).ok_or_else(overflow)? } else { late };
        let head = state.head_mut(no).expect("an account that is posted to is loaded");
        check_limits(&facts, head, leg, before.standing(facts.normal), after.standing(facts.normal))?;
        head.sums = after;
        head.late = late;
        if head.raised_by != self.first {
            head.raised_by = self.first;
            head.version += 1;
        }
        let links = head.roots.append(seq);
        let floor = head.state.floor;
        Ok(SideAfter { sums: after, floor, version: head.version, prev: links.prev, jump: links.jump, late })
    }
}

/// Stores metadata for row `seq`; returns its hash.
pub(super) fn keep_metadata(state: &mut State, tag: &Tag, seq: u64, metadata: &Metadata) -> Option<[u8; 32]> {
    if metadata.is_empty() {
        return None;
    }
    let body = serde_json::to_string(metadata).unwrap_or_default();
    state.set_metadata(seq, MetadataEntry { salt: tag.salt.to_vec(), body: metadata.clone() });
    Some(metadata_hash(&tag.salt, &body))
}

/// Registers the id and the reference of a transaction that begins in row `seq`.
pub(super) fn take_names(state: &mut State, id: u128, reference: Option<&str>, seq: u64) {
    if let Some(reference) = reference {
        let by = ledger_api::TransactionId::from_bits(id).to_string();
        state.take_reference(crate::state::Space::Transaction, reference, by, seq);
    }
    state.take_id(id, seq);
}

/// The four sums after a posting; `None` on overflow.
fn moved(sums: Sums, leg: &Leg, side: AccountSide) -> Option<Sums> {
    let (posted, pending) = match leg.kind {
        LegKind::Posted | LegKind::Reversal => (leg.amount, 0),
        LegKind::Pending | LegKind::Increase => (0, leg.amount),
        LegKind::Post => (leg.amount, leg.amount.checked_add(leg.released)?.checked_neg()?),
        LegKind::Void | LegKind::Expiry => (0, leg.amount.checked_neg()?),
    };
    let add = |sum: i64, by: i64| sum.checked_add(by).filter(|sum| *sum >= 0);
    let mut after = sums;
    match side {
        AccountSide::Debit => {
            after.posted_debits = add(sums.posted_debits, posted)?;
            after.pending_debits = add(sums.pending_debits, pending)?;
        }
        AccountSide::Credit => {
            after.posted_credits = add(sums.posted_credits, posted)?;
            after.pending_credits = add(sums.pending_credits, pending)?;
        }
    }
    // Every total that a reply shows has to fit as well.
    let total = |one: i64, other: i64| one.checked_add(other).is_some();
    (total(after.posted_debits, after.pending_debits) && total(after.posted_credits, after.pending_credits))
        .then_some(after)
}

/// Only movements towards a limit are checked, so an account that is beyond one can come back.
fn check_limits(
    facts: &AccountFacts,
    head: &Head,
    leg: &Leg,
    before: Standing,
    after: Standing,
) -> Result<(), Refusal> {
    let falls = after.lowest() < before.lowest();
    if let Some(floor) = head.state.floor.filter(|floor| falls && !leg.overrides_floor && after.lowest() < *floor) {
        return Err(below_floor(facts, leg, before.lowest().saturating_sub(floor)));
    }
    let rises = after.highest() > before.highest();
    if let Some(ceiling) = head.state.ceiling.filter(|ceiling| rises && after.highest() > *ceiling) {
        let room = facts.money(ceiling.saturating_sub(before.highest()));
        return Err(Refusal::AboveCeiling { account: facts.path.clone(), asked: facts.money(leg.amount), room });
    }
    Ok(())
}

fn below_floor(facts: &AccountFacts, leg: &Leg, available: i64) -> Refusal {
    let (account, asked, available) = (facts.path.clone(), facts.money(leg.amount), facts.money(available));
    match leg.kind {
        LegKind::Increase => Refusal::IncreaseRefused { account, asked, available },
        _ => Refusal::InsufficientFunds { account, asked, available },
    }
}

/// Refuses an account that takes no new debits and credits.
pub(super) fn check_open(state: &State, no: u64) -> Result<(), Refusal> {
    let Some(entry) = state.entry(no) else { return Ok(()) };
    let account = entry.facts.path.clone();
    match entry.head.state.status {
        AccountStatus::Open => Ok(()),
        AccountStatus::Frozen => Err(Refusal::AccountFrozen { account }),
        AccountStatus::Closed => Err(Refusal::AccountClosed { account }),
    }
}

/// The rows from `first` on, for the caller's reply.
pub(super) fn recorded(state: &State, first: u64, now: Timestamp, metadata: Metadata) -> Recorded {
    let leg = |row: &LegRow| {
        let (debit, credit) = (state.facts(row.debit)?, state.facts(row.credit)?);
        Some(RecordedLeg { row: row.clone(), debit, credit })
    };
    let legs = state.legs(first).into_iter().filter_map(leg).collect();
    let plan = super::schedule::plan(state, first);
    Recorded { at: state.row_at(first, now.micros()), legs, plan, metadata, replayed: false, dry_run: false }
}
