//! The rules under random and under chosen histories, without a store.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod book;
mod chosen;
mod invariants;
mod late;
mod picture;
mod properties;
mod scheduled;
mod spoiled;
mod waiting;

use std::sync::Arc;

use kernel::{Currency, Money};
use ledger_api::{
    AccountPath, Cancel, Increase, Limits, NewTransaction, Operation, Post, Posting, Reverse, TransactionId, Void,
    WantedStatus,
};

use crate::command::{Line, Reach, Scope, Tag};

pub(super) fn path(text: &str) -> AccountPath {
    text.parse().unwrap()
}

pub(super) fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::iso("USD").unwrap())
}

pub(super) fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::iso("EUR").unwrap())
}

pub(super) fn id(bits: u128) -> TransactionId {
    TransactionId::from_bits(bits)
}

pub(super) fn tag(bits: u128) -> Tag {
    Tag { id: bits, scope: None, salt: [bits as u8; 16] }
}

pub(super) fn keyed(bits: u128, key: u8, command: u8) -> Tag {
    Tag { scope: Some(Scope { key: [key; 16], command: [command; 16] }), ..tag(bits) }
}

pub(super) fn owner(subject: &str) -> Reach {
    Reach::Owner(Arc::from(subject))
}

pub(super) fn no_floor() -> Limits {
    Limits { may_go_negative: true, ..Limits::default() }
}

pub(super) fn posting(debit: &str, credit: &str, amount: Money) -> Posting {
    Posting {
        debit: Some(path(debit)),
        credit: Some(path(credit)),
        amount,
        up_to_available: false,
        split: Vec::new(),
        override_limit: None,
        book: None,
    }
}

pub(super) fn created(bits: u128, status: WantedStatus, postings: Vec<Posting>) -> Line {
    let create = NewTransaction { id: Some(id(bits)), status, postings, ..NewTransaction::default() };
    Line { tag: tag(bits), operation: Operation::Create(create) }
}

pub(super) fn paid(bits: u128, debit: &str, credit: &str, amount: i64) -> Line {
    created(bits, WantedStatus::Posted, vec![posting(debit, credit, usd(amount))])
}

pub(super) fn held(bits: u128, debit: &str, credit: &str, amount: i64) -> Line {
    created(bits, WantedStatus::Pending, vec![posting(debit, credit, usd(amount))])
}

pub(super) fn post(bits: u128, target: u128, amounts: Vec<Money>, is_final: bool) -> Line {
    let (transaction, id, metadata) = (id(target), Some(id(bits)), Default::default());
    let post = Post { transaction, id, amounts, is_final, reference: None, metadata };
    Line { tag: tag(bits), operation: Operation::Post(post) }
}

pub(super) fn void(bits: u128, target: u128, amounts: Vec<Money>) -> Line {
    let (transaction, id, metadata) = (id(target), Some(id(bits)), Default::default());
    Line { tag: tag(bits), operation: Operation::Void(Void { transaction, id, amounts, reference: None, metadata }) }
}

pub(super) fn increase(bits: u128, target: u128, amounts: Vec<Money>) -> Line {
    let (transaction, id, metadata) = (id(target), Some(id(bits)), Default::default());
    let increase = Increase { transaction, id, amounts, reference: None, metadata };
    Line { tag: tag(bits), operation: Operation::Increase(increase) }
}

pub(super) fn reverse(bits: u128, target: u128) -> Line {
    let (transaction, id, metadata) = (id(target), Some(id(bits)), Default::default());
    Line { tag: tag(bits), operation: Operation::Reverse(Reverse { transaction, id, reference: None, metadata }) }
}

pub(super) fn cancel(bits: u128, target: u128) -> Line {
    let (transaction, id, metadata) = (id(target), Some(id(bits)), Default::default());
    Line { tag: tag(bits), operation: Operation::Cancel(Cancel { transaction, id, reference: None, metadata }) }
}

/// The same, to be executed at a time.
pub(super) fn scheduled(mut line: Line, at: kernel::Timestamp) -> Line {
    if let Operation::Create(create) = &mut line.operation {
        (create.scheduled, create.effective_at) = (true, Some(at));
    }
    line
}
