//! What callers were told: the final answer to each transfer, and every other error they got on the way.

use std::collections::BTreeMap;
use std::fmt;

use crate::bank::plan::Transfer;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Final {
    Done,
    /// By its code, which the ledger stores as well.
    Refused(&'static str),
}

#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) finals: BTreeMap<u128, (Transfer, Final)>,
    /// Error codes that made a caller retry.
    again: BTreeMap<&'static str, u64>,
    calls: u64,
    /// Queries of the visitors.
    visits: u64,
    longest_ms: u64,
}

impl Told {
    /// A transfer that was sent twice at once has two answers; they must be equal.
    pub(crate) fn answer(&mut self, transfer: Transfer, answer: Final) {
        let (_, before) = self.finals.entry(transfer.id).or_insert((transfer, answer.clone()));
        assert_eq!(*before, answer, "{transfer:?} got two different answers");
    }

    pub(crate) fn is_final(&self, transfer: &Transfer) -> bool {
        self.finals.contains_key(&transfer.id)
    }

    pub(crate) fn called(&mut self, ms: u64) {
        self.calls += 1;
        self.longest_ms = self.longest_ms.max(ms);
    }

    pub(crate) fn visited(&mut self) {
        self.visits += 1;
    }

    pub(crate) fn ask_again(&mut self, word: &'static str) {
        *self.again.entry(word).or_default() += 1;
    }

    pub(crate) fn add(&mut self, other: Told) {
        self.finals.extend(other.finals);
        for (word, times) in other.again {
            *self.again.entry(word).or_default() += times;
        }
        self.calls += other.calls;
        self.visits += other.visits;
        self.longest_ms = self.longest_ms.max(other.longest_ms);
    }

    pub(crate) fn done(&self) -> impl Iterator<Item = &Transfer> {
        self.finals.values().filter(|(_, answer)| *answer == Final::Done).map(|(transfer, _)| transfer)
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let done = self.done().count();
        write!(f, "{done} done, {} refused, {} calls", self.finals.len() - done, self.calls)?;
        write!(f, ", {} visits, longest {} ms, again {:?}", self.visits, self.longest_ms, self.again)
    }
}
