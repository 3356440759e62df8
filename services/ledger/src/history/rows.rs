//! Log rows for searches: everything that any of them needs, in one query per round.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use platform::db::{Column, DbError, Tx};

use super::walk::{Find, Range, Spot};
use crate::chain::Links;
use crate::format::{LegRow, Row};
use crate::store::{log_row, sql};

pub(crate) struct Rows<'a> {
    tx: &'a Tx,
    known: HashMap<u64, Arc<LegRow>>,
    rounds: usize,
}

/// The number of queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cost {
    pub rounds: usize,
    pub rows: usize,
}

/// A search in the rows of one account.
pub(crate) struct Search {
    pub account: u64,
    pub way: Way,
}

pub(crate) enum Way {
    Find(Find),
    Range(Range),
}

impl Search {
    /// The result of a search for one row.
    pub(crate) fn spot(&self) -> Option<Spot> {
        match &self.way {
            Way::Find(find) => find.found(),
            Way::Range(_) => None,
        }
    }
}

impl<'a> Rows<'a> {
    pub(crate) fn new(tx: &'a Tx) -> Rows<'a> {
        Rows { tx, known: HashMap::new(), rounds: 0 }
    }

    /// Runs all searches to their ends.
    pub(crate) async fn run(&mut self, searches: &mut [Search]) -> Result<(), DbError> {
        loop {
            let mut wanted = BTreeSet::new();
            for Search { account, way } in searches.iter_mut() {
                let known = |seq: u64| self.links(*account, seq);
                match way {
                    Way::Find(find) => wanted.extend(find.step(&known)),
                    Way::Range(range) => wanted.extend(range.step(&known)),
                }
            }
            if wanted.is_empty() {
                return Ok(());
            }
            self.read(wanted).await?;
        }
    }

    /// Reads rows that are not known yet.
    pub(crate) async fn read(&mut self, seqs: impl IntoIterator<Item = u64>) -> Result<(), DbError> {
        let unknown = |seq: &u64| !self.known.contains_key(seq);
        let seqs: Vec<i64> = seqs.into_iter().filter(unknown).map(|seq| seq as i64).collect();
        if seqs.is_empty() {
            return Ok(());
        }
        self.rounds += 1;
        let found = self.tx.select_many(&sql::LOG, Column::Int(&seqs)).await?;
        for row in &found {
            if let (seq, Row::Leg(leg)) = log_row(row)? {
                self.known.insert(seq, Arc::from(leg));
            }
        }
        match seqs.iter().find(|seq| !self.known.contains_key(&(**seq as u64))) {
            Some(seq) => {
                Err(DbError::shape(format!("row {seq} of the log is no posting, and an account points to it")))
            }
            None => Ok(()),
        }
    }

    pub(crate) fn get(&self, seq: u64) -> Result<&Arc<LegRow>, DbError> {
        self.known.get(&seq).ok_or_else(|| DbError::shape(format!("row {seq} of the log was not read")))
    }

    pub(crate) fn cost(&self) -> Cost {
        Cost { rounds: self.rounds, rows: self.known.len() }
    }

    fn links(&self, account: u64, seq: u64) -> Option<Links> {
        let side = self.known.get(&seq)?.side(account);
        Some(Links { prev: side.prev, jump: side.jump })
    }
}
