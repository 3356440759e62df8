//! The opposite of a transaction that moved money, linked both ways.

use kernel::Timestamp;
use ledger_api::{Refusal, Reverse, TransactionId};

use super::create::check_reference;
use super::digest_of;
use super::record::{Leg, Recorder, check_open};
use super::replay::Operands;
use crate::command::{Reach, Tag};
use crate::format::{LegKind, LegRow, TransactionHead};
use crate::state::State;

pub(super) fn reverse(
    state: &mut State,
    _now: Timestamp,
    reach: &Reach,
    tag: &Tag,
    reverse: &Reverse,
) -> Result<(), Refusal> {
    let transaction = reverse.transaction;
    let first = find(state, reach, transaction)?;
    check_reference(state, reverse.reference.as_ref())?;
    if let Some(by) = state.group.reversed.get(&first) {
        return Err(Refusal::AlreadyReversed { transaction, reversed_by: TransactionId::from_bits(*by) });
    }
    // The last movement is reversed first, so that no account has to go lower in between than it ever did.
    let legs: Vec<LegRow> = state.legs(first).into_iter().rev().cloned().collect();
    let mut recorder = Recorder::new(state);
    for leg in legs.iter().filter(|leg| leg.amount > 0) {
        check_open(state, leg.debit)?;
        check_open(state, leg.credit)?;
        let (debit, credit, amount) = (leg.credit, leg.debit, leg.amount);
        let kind = LegKind::Reversal;
        recorder.leg(state, Leg { kind, debit, credit, amount, released: 0, overrides_floor: false, hold: None })?;
    }
    state.set_reversed(first, tag.id);
    let head = TransactionHead {
        target: Some(transaction.bits()),
        reference: reverse.reference.as_ref().map(ToString::to_string),
        asked: Some(digest_of(&Operands::Reverse(transaction))),
        ..TransactionHead::default()
    };
    recorder.finish(state, tag, head, &reverse.metadata);
    Ok(())
}

fn find(state: &State, reach: &Reach, transaction: TransactionId) -> Result<u64, Refusal> {
    let unknown = || Refusal::TransactionUnknown { transaction };
    let first = state.first_row(transaction.bits()).ok_or_else(unknown)?;
    if !reach.covers_transaction(state, first) {
        return Err(unknown());
    }
    let legs = state.legs(first);
    match legs.first().map(|leg| leg.kind) {
        Some(LegKind::Reversal) => Err(Refusal::ReversalOfReversal { transaction }),
        Some(LegKind::Posted | LegKind::Post) if legs.iter().any(|leg| leg.amount > 0) => Ok(first),
        _ => Err(Refusal::NotReversible { transaction }),
    }
}
