//! Compares payments with the ledger: each has exactly the transactions that its state asks for, with its amounts.

use std::collections::HashMap;

use kernel::{Ctx, Money};
use ledger_api::{AccountPath, Transaction, TransactionId, TransactionKind};
use platform::access;

use crate::books::accounts;
use crate::face::{ChecksPage, ChecksQuery, PaymentState, PaymentsError, Refusal, Wrong, limits};
use crate::rail::{OverRail, step_of};
use crate::record::Record;
use crate::service::PaymentsService;
use crate::store;

impl PaymentsService {
    pub(crate) async fn check_payments(&self, ctx: &Ctx, query: ChecksQuery) -> Result<ChecksPage, PaymentsError> {
        access::check(ctx, "payments", "read", None)?;
        let (given, max) = (query.limit, limits::PAGE_MAX);
        if !(1..=max).contains(&given) {
            return Err(Refusal::PageSize { given, max }.into());
        }
        // Read before the ledger is: what is booked by then may be booked, and what is not there yet is on its way.
        let mut records = store::after(&self.db.read().await?, query.after, given + 1).await?;
        let more = records.len() > given;
        records.truncate(given);
        let ids = records.iter().flat_map(ids_of).collect();
        let booked = self.books.transactions(&self.own(ctx).await?, ids).await?;
        let known = booked.into_iter().map(|transaction| (transaction.id, transaction)).collect();
        let suspects: Vec<_> = records.iter().filter(|record| !wrong(record, &known).is_empty()).collect();
        // It may have moved on since: then it is looked at as it is now.
        let ids: Vec<_> = suspects.iter().map(|record| record.id).collect();
        let now = store::records(&self.db.read().await?, &ids).await?;
        let unchanged = now.iter().filter(|record| suspects.contains(record));
        let next = records.last().filter(|_| more).map(|last| last.id);
        let all = unchanged.flat_map(|record| {
            wrong(record, &known).into_iter().map(|what| Wrong { payment: record.id, what: what.to_owned() })
        });
        Ok(ChecksPage { checked: records.len() as u64, wrong: all.collect(), next })
    }
}

fn ids_of(record: &Record) -> Vec<TransactionId> {
    let over = record.rail.as_ref().map(|over| over.ids);
    let further = over.into_iter().flat_map(|ids| [ids.leave, ids.release, ids.settle, ids.give_back, ids.suspend]);
    [record.transaction()].into_iter().chain(further).collect()
}

type Known = HashMap<TransactionId, Transaction>;

/// What disagrees. Pure.
fn wrong(record: &Record, known: &Known) -> Vec<&'static str> {
    let mut found = Vec::new();
    if record.approvals.iter().any(|approval| approval.by == record.made_by) {
        found.push("approved_by_its_maker");
    }
    if step_of(record).is_some() {
        return found;
    }
    match &record.rail {
        None => direct(record, known, &mut found),
        Some(over) => over_rail(record, over, known, &mut found),
    }
    found
}

fn direct(record: &Record, known: &Known, found: &mut Vec<&'static str>) {
    let transaction = known.get(&record.transaction());
    match (record.state == PaymentState::Settled, transaction) {
        (true, Some(transaction)) if !moves(transaction, &legs(record)) => found.push("amount_differs"),
        (true, Some(Transaction { reversed_by: Some(_), .. })) => found.push("reversed_elsewhere"),
        (true, None) => found.push("transaction_missing"),
        (false, Some(_)) => found.push("booked_and_not_settled"),
        _ => {}
    }
}

fn over_rail(record: &Record, over: &OverRail, known: &Known, found: &mut Vec<&'static str>) {
    use PaymentState::{Cancelled, Held, Rejected, Returned, Settled, Submitted};
    let ids = over.ids;
    let has = |id: TransactionId| known.contains_key(&id);
    let left =
        matches!(record.state, Submitted | Settled | Returned) || (record.state == Rejected && over.file.is_some());
    let settled = matches!(record.state, Settled | Returned);
    let came_back = left && matches!(record.state, Returned | Rejected);
    let was_held = left || record.state == Held;
    for (there, expected) in [
        (has(record.transaction()), was_held || record.state == Cancelled || record.state == Rejected),
        (has(ids.leave), left),
        (has(ids.settle), settled),
        (has(ids.give_back) || has(ids.suspend), came_back),
    ] {
        // A payment that was refused at once, or cancelled before its day, was never held.
        let may_be_absent = matches!(record.state, Cancelled | Rejected) && !left;
        match (there, expected) {
            (false, true) if !may_be_absent => found.push("transaction_missing"),
            (true, false) => found.push("booked_and_not_settled"),
            _ => {}
        }
    }
    if has(ids.give_back) && has(ids.suspend) {
        found.push("given_back_twice");
    }
    let differs = |id, expected: &[(AccountPath, AccountPath, Money)]| {
        known.get(&id).is_some_and(|transaction| !moves(transaction, expected))
    };
    let settlement = accounts::clearing(over.rail).zip(accounts::nostro(over.rail));
    let settlement: Vec<_> = settlement.map(|(from, to)| (from, to, record.amount)).into_iter().collect();
    if differs(ids.leave, &legs(record)) || differs(ids.settle, &settlement) {
        found.push("amount_differs");
    }
}

/// From, to and amount of what debits the payer.
fn legs(record: &Record) -> Vec<(AccountPath, AccountPath, Money)> {
    let fee = record.fee.as_ref().map(|(amount, to)| (record.from.clone(), to.clone(), *amount));
    [(record.from.clone(), record.to.clone(), record.amount)].into_iter().chain(fee).collect()
}

fn moves(transaction: &Transaction, expected: &[(AccountPath, AccountPath, Money)]) -> bool {
    let is_booking = matches!(transaction.kind, TransactionKind::Posted | TransactionKind::Post);
    let same = |(leg, (debit, credit, amount)): (&ledger_api::PostedLeg, &(AccountPath, AccountPath, Money))| {
        leg.debit == *debit && leg.credit == *credit && leg.amount == *amount
    };
    is_booking && transaction.postings.len() == expected.len() && transaction.postings.iter().zip(expected).all(same)
}
