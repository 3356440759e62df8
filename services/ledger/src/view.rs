//! Rows as shown to callers.

mod planned;

use std::collections::HashMap;

use kernel::Timestamp;
use ledger_api::{
    Account, AccountAfter, Asset, HoldState, PostedLeg, Transaction, TransactionId, TransactionKind, TransactionStatus,
};

use crate::account::AccountFacts;
use crate::command::{AccountAnswer, AssetAnswer, Recorded, RecordedLeg};
use crate::decide::default_expiry;
use crate::format::{HoldAfter, LegKind, SideAfter, TransactionHead};

pub(crate) use planned::failure;

/// A transaction as it was returned when it was recorded.
pub(crate) fn transaction(recorded: Recorded) -> Transaction {
    if let Some(plan) = &recorded.plan {
        return planned::transaction(plan, &recorded);
    }
    let nothing = TransactionHead::default();
    let first = recorded.legs.first();
    let head = first.and_then(|leg| leg.row.head.as_ref()).unwrap_or(&nothing);
    let kind = first.map_or(TransactionKind::Posted, |leg| kind(leg.row.kind));
    let recorded_at = Timestamp::from_micros(recorded.at);
    let reference = head.reference.as_ref().and_then(|reference| reference.parse().ok());
    Transaction {
        id: TransactionId::from_bits(head.id),
        kind,
        status: match kind {
            TransactionKind::Pending | TransactionKind::Increase => TransactionStatus::Pending,
            TransactionKind::Void => TransactionStatus::Voided,
            TransactionKind::Expiry => TransactionStatus::Expired,
            TransactionKind::Posted | TransactionKind::Post | TransactionKind::Reversal => TransactionStatus::Posted,
            // Those have no rows that move money.
            TransactionKind::Scheduled | TransactionKind::Cancellation => TransactionStatus::Scheduled,
        },
        postings: recorded.legs.iter().map(posted_leg).collect(),
        balances: balances(&recorded.legs),
        target: head.target.filter(|_| !head.carries_out()).map(TransactionId::from_bits),
        reversed_by: None,
        failure: None,
        recorded_at,
        effective_at: head.effective_at.map_or(recorded_at, Timestamp::from_micros),
        expires_at: match (kind, head.expires_at) {
            (TransactionKind::Pending, None) => Some(default_expiry(recorded_at)),
            (_, given) => given.map(Timestamp::from_micros),
        },
        reference,
        metadata: recorded.metadata,
        replayed: recorded.replayed,
        dry_run: recorded.dry_run,
        as_of_seq: None,
    }
}

pub(crate) fn kind(kind: LegKind) -> TransactionKind {
    match kind {
        LegKind::Posted => TransactionKind::Posted,
        LegKind::Pending => TransactionKind::Pending,
        LegKind::Post => TransactionKind::Post,
        LegKind::Void => TransactionKind::Void,
        LegKind::Increase => TransactionKind::Increase,
        LegKind::Reversal => TransactionKind::Reversal,
        LegKind::Expiry => TransactionKind::Expiry,
    }
}

fn posted_leg(leg: &RecordedLeg) -> PostedLeg {
    let row = &leg.row;
    // A new hold has all of its amount left.
    let new_hold = HoldAfter { seq: 0, posted: 0, released: 0, remaining: row.amount };
    let hold = if row.kind == LegKind::Pending { Some(new_hold) } else { row.hold };
    PostedLeg {
        debit: leg.debit.path.clone(),
        credit: leg.credit.path.clone(),
        amount: leg.debit.money(row.amount),
        hold: hold.map(|hold| hold_state(&leg.debit, hold)),
        overrides_floor: row.overrides_floor,
    }
}

pub(crate) fn hold_state(facts: &AccountFacts, hold: HoldAfter) -> HoldState {
    HoldState {
        posted: facts.money(hold.posted),
        released: facts.money(hold.released),
        remaining: facts.money(hold.remaining),
    }
}

/// The last state of each account, in the order in which they were first touched.
fn balances(legs: &[RecordedLeg]) -> Vec<AccountAfter> {
    let mut places: HashMap<u64, usize> = HashMap::new();
    let mut balances: Vec<AccountAfter> = Vec::new();
    let sides = legs.iter().flat_map(|leg| [(&leg.debit, &leg.row.debit_side), (&leg.credit, &leg.row.credit_side)]);
    for (facts, side) in sides {
        let after = account_after(facts, side);
        match places.get(&facts.no).and_then(|place| balances.get_mut(*place)) {
            Some(known) => *known = after,
            None => {
                places.insert(facts.no, balances.len());
                balances.push(after);
            }
        }
    }
    balances
}

fn account_after(facts: &AccountFacts, side: &SideAfter) -> AccountAfter {
    AccountAfter { account: facts.path.clone(), balances: facts.balances_after(side) }
}

pub(crate) fn account(answer: AccountAnswer) -> Account {
    let AccountAnswer { facts, state, sums, version, metadata, replayed } = answer;
    Account {
        path: facts.path.clone(),
        currency: facts.currency,
        normal: facts.normal,
        status: state.status,
        floor: state.floor.map(|floor| facts.money(floor)),
        ceiling: state.ceiling.map(|ceiling| facts.money(ceiling)),
        owner: facts.owner.clone(),
        reference: facts.reference.clone(),
        metadata,
        balances: facts.balances(&sums, state.floor, version),
        opened_at: Timestamp::from_micros(facts.opened_at),
        replayed,
        as_of_seq: None,
    }
}

pub(crate) fn asset(answer: AssetAnswer) -> Asset {
    let AssetAnswer { code, scale, replayed } = answer;
    Asset { code, scale, replayed }
}
