//! What the samples of refusals are about.

use kernel::{Currency, Money, Timestamp};
use ledger_api::{AccountPath, BookName, Reference, TransactionId};

pub(super) fn path(text: &str) -> AccountPath {
    text.parse().expect("the examples' paths are paths")
}

pub(super) fn book(text: &str) -> BookName {
    text.parse().expect("the examples' books have names")
}

pub(super) fn reference() -> Reference {
    "invoice-2026-0017".parse().expect("the example's reference is one")
}

pub(super) fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::iso("USD").expect("ISO 4217 has the dollar"))
}

pub(super) fn transaction() -> TransactionId {
    "txn_01kppyzd5gfmra2qsx5rkvr8wb".parse().expect("the example's id is one")
}

pub(super) fn at() -> Timestamp {
    Timestamp::from_micros(1_769_860_800_000_000)
}
