//! What happens to a pending transaction: posted, voided, increased, or released because it expired.
//!
//! Invariant: for every hold, posted, released and remaining add up to what was ever held.

use kernel::{Money, Timestamp};
use ledger_api::{Increase, Metadata, Post, Refusal, TransactionId, Void};

use super::create::check_reference;
use super::digest_of;
use super::record::{Leg, Recorder, check_open};
use super::replay::Operands;
use crate::command::{Reach, Tag};
use crate::format::{HoldAfter, LegKind, TransactionHead};
use crate::state::{Hold, State};

pub(super) fn post(state: &mut State, now: Timestamp, reach: &Reach, tag: &Tag, post: &Post) -> Result<(), Refusal> {
    let pending = Pending::find(state, now, reach, post.transaction)?;
    check_reference(state, post.reference.as_ref())?;
    let amounts = pending.amounts(state, &post.amounts)?;
    let mut recorder = Recorder::new(state);
    for (place, (part, amount)) in pending.parts.iter().zip(amounts).enumerate() {
        part.check_remaining(state, place, amount)?;
        let left = part.hold.remaining - amount;
        let released = if post.is_final { left } else { 0 };
        if amount == 0 && released == 0 {
            continue;
        }
        // If nothing is posted, the rest is only released, which a frozen account allows.
        if amount > 0 {
            check_open(state, part.debit)?;
            check_open(state, part.credit)?;
        }
        let hold = Hold {
            posted: part.hold.posted + amount,
            released: part.hold.released + released,
            remaining: left - released,
            ..part.hold
        };
        part.record(state, &mut recorder, LegKind::Post, amount, released, hold)?;
    }
    let asked = digest_of(&Operands::Post(post.transaction, &post.amounts, post.is_final));
    finish(state, recorder, tag, post.transaction, post.reference.as_ref(), &post.metadata, asked);
    Ok(())
}

pub(super) fn void(state: &mut State, now: Timestamp, reach: &Reach, tag: &Tag, void: &Void) -> Result<(), Refusal> {
    let pending = Pending::find(state, now, reach, void.transaction)?;
    check_reference(state, void.reference.as_ref())?;
    let amounts = pending.amounts(state, &void.amounts)?;
    let mut recorder = Recorder::new(state);
    for (place, (part, amount)) in pending.parts.iter().zip(amounts).enumerate() {
        part.check_remaining(state, place, amount)?;
        if amount > 0 {
            part.release(state, &mut recorder, LegKind::Void, amount, false)?;
        }
    }
    let asked = digest_of(&Operands::Void(void.transaction, &void.amounts));
    finish(state, recorder, tag, void.transaction, void.reference.as_ref(), &void.metadata, asked);
    Ok(())
}

pub(super) fn increase(
    state: &mut State,
    now: Timestamp,
    reach: &Reach,
    tag: &Tag,
    increase: &Increase,
) -> Result<(), Refusal> {
    let pending = Pending::find(state, now, reach, increase.transaction)?;
    check_reference(state, increase.reference.as_ref())?;
    let amounts = pending.amounts(state, &increase.amounts)?;
    let mut recorder = Recorder::new(state);
    for (part, amount) in pending.parts.iter().zip(amounts) {
        if amount > 0 {
            check_open(state, part.debit)?;
            check_open(state, part.credit)?;
            let remaining = part.increased(amount).ok_or_else(|| part.overflow(state))?;
            let hold = Hold { remaining, ..part.hold };
            part.record(state, &mut recorder, LegKind::Increase, amount, 0, hold)?;
        }
    }
    let asked = digest_of(&Operands::Increase(increase.transaction, &increase.amounts));
    finish(state, recorder, tag, increase.transaction, increase.reference.as_ref(), &increase.metadata, asked);
    Ok(())
}

/// Releases all that remains of the pending transaction whose first row is `first`, under a generated id.
pub(super) fn expire(state: &mut State, first: u64, id: u128) {
    let Some(pending) = Pending::load(state, first) else { return };
    let start = state.mark();
    let mut recorder = Recorder::new(state);
    for part in pending.parts.iter().filter(|part| part.hold.remaining > 0) {
        let released = part.release(state, &mut recorder, LegKind::Expiry, part.hold.remaining, true);
        if released.is_err() {
            // A release only lowers sums, so nothing can refuse it; should that change, the hold stays as it was.
            state.take_back(start);
            return;
        }
    }
    let tag = Tag { id, scope: None, salt: [0; 16] };
    let target = TransactionId::from_bits(pending.id);
    let asked = digest_of(&Operands::Void(target, &[]));
    finish(state, recorder, &tag, target, None, &Metadata::new(), asked);
}

/// A pending transaction with something remaining.
struct Pending {
    id: u128,
    parts: Vec<Part>,
}

/// One posting of it.
#[derive(Clone, Copy)]
struct Part {
    seq: u64,
    debit: u64,
    credit: u64,
    hold: Hold,
}

impl Pending {
    fn find(state: &State, now: Timestamp, reach: &Reach, transaction: TransactionId) -> Result<Pending, Refusal> {
        let unknown = || Refusal::PendingUnknown { transaction };
        let first = state.first_row(transaction.bits()).ok_or_else(unknown)?;
        if !reach.covers_transaction(state, first) {
            return Err(unknown());
        }
        let pending = Pending::load(state, first).ok_or(Refusal::NotPending { transaction })?;
        pending.check_unfinished(now, transaction)?;
        Ok(pending)
    }

    fn load(state: &State, first: u64) -> Option<Pending> {
        let legs = state.legs(first);
        let head = legs.first().filter(|leg| leg.kind == LegKind::Pending)?.head.as_ref()?;
        let part = |(seq, leg): (u64, &&crate::format::LegRow)| {
            let hold = *state.group.holds.get(&seq)?;
            Some(Part { seq, debit: leg.debit, credit: leg.credit, hold })
        };
        let parts = (first..).zip(&legs).map(part).collect::<Option<Vec<Part>>>()?;
        Some(Pending { id: head.id, parts })
    }

    fn check_unfinished(&self, now: Timestamp, transaction: TransactionId) -> Result<(), Refusal> {
        let expires_at = self.parts.first().map_or(0, |part| part.hold.expires_at);
        let expired = self.parts.iter().any(|part| part.hold.expired);
        let finished = self.parts.iter().all(|part| part.hold.remaining == 0);
        let posted = self.parts.iter().any(|part| part.hold.posted > 0);
        if expired || (!finished && expires_at <= now.micros()) {
            return Err(Refusal::Expired { transaction, expired_at: Timestamp::from_micros(expires_at) });
        }
        match (finished, posted) {
            (true, true) => Err(Refusal::AlreadyPosted { transaction }),
            (true, false) => Err(Refusal::AlreadyVoided { transaction }),
            (false, _) => Ok(()),
        }
    }

    /// One amount per part: as given, or all that remains if none is.
    fn amounts(&self, state: &State, given: &[Money]) -> Result<Vec<i64>, Refusal> {
        if given.is_empty() {
            return Ok(self.parts.iter().map(|part| part.hold.remaining).collect());
        }
        if given.len() != self.parts.len() {
            return Err(Refusal::AmountsMismatch { expected: self.parts.len(), given: given.len() });
        }
        for (part, money) in self.parts.iter().zip(given) {
            part.check_currency(state, *money)?;
        }
        Ok(given.iter().map(Money::minor).collect())
    }
}

impl Part {
    fn check_currency(&self, state: &State, money: Money) -> Result<(), Refusal> {
        match state.facts(self.debit).filter(|facts| facts.currency != money.currency()) {
            None => Ok(()),
            Some(facts) => Err(Refusal::CurrencyMismatch {
                account: facts.path.clone(),
                expected: facts.currency.to_string(),
                given: money.currency().to_string(),
            }),
        }
    }

    fn check_remaining(&self, state: &State, posting: usize, amount: i64) -> Result<(), Refusal> {
        match state.facts(self.debit) {
            Some(facts) if amount > self.hold.remaining => Err(Refusal::AmountAboveRemaining {
                posting,
                asked: facts.money(amount),
                remaining: facts.money(self.hold.remaining),
            }),
            _ => Ok(()),
        }
    }

    fn release(
        &self,
        state: &mut State,
        recorder: &mut Recorder,
        kind: LegKind,
        amount: i64,
        expired: bool,
    ) -> Result<(), Refusal> {
        let hold = Hold {
            released: self.hold.released + amount,
            remaining: self.hold.remaining - amount,
            expired,
            ..self.hold
        };
        self.record(state, recorder, kind, amount, 0, hold)
    }

    fn record(
        &self,
        state: &mut State,
        recorder: &mut Recorder,
        kind: LegKind,
        amount: i64,
        released: i64,
        hold: Hold,
    ) -> Result<(), Refusal> {
        let Part { seq, debit, credit, .. } = *self;
        let Hold { posted, released: released_in_all, remaining, .. } = hold;
        let after = HoldAfter { seq, posted, released: released_in_all, remaining };
        recorder
            .leg(state, Leg { kind, debit, credit, amount, released, overrides_floor: false, hold: Some(after) })?;
        state.set_hold(seq, hold);
        let (was_held, is_held) = (self.hold.remaining > 0, remaining > 0);
        if was_held != is_held {
            for no in [debit, credit] {
                if let Some(head) = state.head_mut(no) {
                    // A finished part of a hold whose other parts are open is held again by an increase.
                    head.holds = if is_held { head.holds + 1 } else { head.holds.saturating_sub(1) };
                }
            }
        }
        Ok(())
    }

    /// What remains plus `amount`; `None` if the total ever held would overflow 64 bits.
    fn increased(&self, amount: i64) -> Option<i64> {
        let Hold { posted, released, remaining, .. } = self.hold;
        let remaining = remaining.checked_add(amount)?;
        posted.checked_add(released)?.checked_add(remaining)?;
        Some(remaining)
    }

    fn overflow(&self, state: &State) -> Refusal {
        // The accounts of a hold are loaded with it.
        let facts = state.facts(self.debit).expect("an account that is held against is loaded");
        Refusal::SumOverflow { account: facts.path.clone() }
    }
}

fn finish(
    state: &mut State,
    recorder: Recorder,
    tag: &Tag,
    target: TransactionId,
    reference: Option<&ledger_api::Reference>,
    metadata: &Metadata,
    asked: [u8; 16],
) {
    let head = TransactionHead {
        target: Some(target.bits()),
        reference: reference.map(ToString::to_string),
        asked: Some(asked),
        ..TransactionHead::default()
    };
    recorder.finish(state, tag, head, metadata);
}
