//! The recipe of `docs/ledger.md`: the driver moves money from book `a` to book `b`, the sweeper finishes interrupted
//! moves.

use kernel::{Clock, Timestamp};
use ledger_api::{
    FindTransaction, LedgerError, NewTransaction, Operation, Post, Posting, Refusal, Reverse, Submit, Transaction,
    TransactionId, TransactionStatus, VersionCondition, Void, WantedStatus,
};

use super::super::{Shelf, name};
use crate::service::harness::{Answer, path, posting};

/// From ann's account in book `a` to bob's in book `b`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Move {
    /// The id of the hold in `a` and of the transaction in `b`.
    pub(super) id: TransactionId,
    /// The id of its end: post, void or repair.
    pub(super) end: TransactionId,
    pub(super) amount: i64,
    pub(super) expires_at: Timestamp,
}

/// The state of a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// The hold never arrived, or was refused.
    NotBegun,
    Done,
    GivenBack,
    /// A book could not be reached; sweep again.
    Later,
    /// Booked in `b`, taken from nobody in `a`: a person has to look.
    Stuck,
}

/// A hold that expires this soon is no longer relied on: longer than any command's deadline.
pub(super) const MARGIN_SECONDS: i64 = 3_600;

pub(super) fn hold(it: &Move) -> NewTransaction {
    let metadata = [("book", "b".to_owned()), ("account", "bob".to_owned()), ("end", it.end.to_string())];
    NewTransaction {
        id: Some(it.id),
        status: WantedStatus::Pending,
        postings: vec![posting("ann", "between:b", it.amount)],
        expires_at: Some(it.expires_at),
        metadata: metadata.map(|(key, value)| (key.to_owned(), value)).into(),
        ..NewTransaction::default()
    }
}

/// The transaction in the other book, derived from the hold alone, so that anybody who finds one can finish it.
fn booking(hold: &Transaction) -> Option<NewTransaction> {
    let (leg, account) = (hold.postings.first()?, hold.metadata.get("account")?);
    let posting = Posting { amount: leg.amount, ..posting("between:a", account, 1) };
    Some(NewTransaction { id: Some(hold.id), postings: vec![posting], ..NewTransaction::default() })
}

/// The driver, which stops after this many steps.
pub(super) async fn drive(shelf: &Shelf, it: &Move, steps: usize) -> Option<Ended> {
    if steps == 0 {
        return None;
    }
    let Ok(hold) = run(shelf, "a", Operation::Create(hold(it))).await else { return Some(Ended::NotBegun) };
    if steps == 1 {
        return None;
    }
    let booked = run(shelf, "b", Operation::Create(booking(&hold)?)).await;
    if steps == 2 {
        return None;
    }
    Some(end(shelf, &hold, is_booked(booked)).await)
}

/// Finishes a move of which only the id is known. Can be repeated, also while the driver runs.
pub(super) async fn sweep(shelf: &Shelf, id: TransactionId) -> Ended {
    let hold = match find(shelf, "a", id).await {
        Ok(hold) => hold,
        Err(LedgerError::Refused { .. }) => return Ended::NotBegun,
        Err(_) => return Ended::Later,
    };
    let Some(booking) = booking(&hold) else { return Ended::Stuck };
    let near = shelf.clock.now().plus_seconds(MARGIN_SECONDS);
    let booked = match hold.status {
        TransactionStatus::Pending if hold.expires_at.is_some_and(|at| at > near) => {
            is_booked(run(shelf, "b", Operation::Create(booking)).await)
        }
        TransactionStatus::Pending | TransactionStatus::Expired => give_up(shelf, booking).await,
        TransactionStatus::Posted => return Ended::Done,
        _ => return Ended::GivenBack,
    };
    if hold.status == TransactionStatus::Expired && booked == Some(true) {
        return repair(shelf, &hold).await;
    }
    end(shelf, &hold, booked).await
}

/// Whether it is permanently booked or permanently refused in the other book; `None` if neither is known.
fn is_booked(answer: Answer<Transaction>) -> Option<bool> {
    match answer {
        Ok(_) => Some(true),
        Err(LedgerError::Refused { refusal, .. }) if refusal.is_remembered() => Some(false),
        Err(_) => None,
    }
}

/// Uses up the id in the other book, so that the booking can no longer happen: the same under a condition that never
/// holds is refused, and the refusal is remembered under the id. If the booking was there first, it stays.
async fn give_up(shelf: &Shelf, booking: NewTransaction) -> Option<bool> {
    let id = booking.id?;
    let never = VersionCondition { account: path("between:a"), version: i64::MAX as u64 };
    let taken = NewTransaction { if_version: vec![never], ..booking };
    let _ = run(shelf, "b", Operation::Create(taken)).await;
    match find(shelf, "b", id).await {
        Err(LedgerError::Refused { refusal: Refusal::NotFound { .. }, .. }) => None,
        found => is_booked(found),
    }
}

/// The last step: the hold ends as the booking did.
async fn end(shelf: &Shelf, hold: &Transaction, booked: Option<bool>) -> Ended {
    let Some(id) = hold.metadata.get("end").and_then(|end| end.parse().ok()) else { return Ended::Stuck };
    let (transaction, id, amounts) = (hold.id, Some(id), Vec::new());
    let (operation, ended) = match booked {
        None => return Ended::Later,
        Some(true) => {
            let (is_final, metadata) = (true, Default::default());
            let post = Post { transaction, id, amounts, is_final, reference: None, metadata };
            (Operation::Post(post), Ended::Done)
        }
        Some(false) => {
            let void = Void { transaction, id, amounts, reference: None, metadata: Default::default() };
            (Operation::Void(void), Ended::GivenBack)
        }
    };
    match run(shelf, "a", operation).await {
        Ok(_) => ended,
        // It had already expired, which returns the money too.
        Err(LedgerError::Refused { refusal: Refusal::Expired { .. }, .. }) if ended == Ended::GivenBack => ended,
        Err(_) => Ended::Later,
    }
}

/// The hold expired and the booking exists: take the money again, or else reverse the booking.
async fn repair(shelf: &Shelf, hold: &Transaction) -> Ended {
    let (Some(leg), Some(end)) = (hold.postings.first(), hold.metadata.get("end").and_then(|end| end.parse().ok()))
    else {
        return Ended::Stuck;
    };
    let posting = Posting { amount: leg.amount, ..posting("ann", "between:b", 1) };
    let renewed = NewTransaction { id: Some(end), postings: vec![posting], ..NewTransaction::default() };
    match is_booked(run(shelf, "a", Operation::Create(renewed)).await) {
        Some(true) => return Ended::Done,
        None => return Ended::Later,
        Some(false) => {}
    }
    let (transaction, metadata) = (hold.id, Default::default());
    let back = Reverse { transaction, id: Some(end), reference: None, metadata };
    match is_booked(run(shelf, "b", Operation::Reverse(back)).await) {
        Some(true) => Ended::GivenBack,
        Some(false) => Ended::Stuck,
        None => Ended::Later,
    }
}

async fn run(shelf: &Shelf, book: &str, operation: Operation) -> Answer<Transaction> {
    let ledger = ledger_api::Books::book(&shelf.books, &name(book)).await?;
    ledger.submit(&shelf.ctx, Submit { operation, dry_run: false }).await
}

async fn find(shelf: &Shelf, book: &str, id: TransactionId) -> Answer<Transaction> {
    let ledger = ledger_api::Books::book(&shelf.books, &name(book)).await?;
    ledger.transaction(&shelf.ctx, FindTransaction::Id(id)).await
}
