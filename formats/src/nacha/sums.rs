//! What entries make: counts, the hash over routing numbers, debits and credits.

use serde::Serialize;

use super::record::{Field, Record};
use crate::mistake::Problem;

const HASH_MODULUS: u64 = 10_000_000_000;

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct AchSums {
    pub batches: u64,
    pub entries: u64,
    /// Entries and addenda, as control records count.
    pub records: u64,
    pub hash: u64,
    pub debit_cents: u64,
    pub credit_cents: u64,
}

impl AchSums {
    pub(super) fn add_entry(&mut self, rdfi: u64, cents: u64, credit: bool, addenda: usize) {
        self.entries += 1;
        self.records += 1 + addenda as u64;
        self.hash = (self.hash + rdfi) % HASH_MODULUS;
        let side = if credit { &mut self.credit_cents } else { &mut self.debit_cents };
        *side = side.saturating_add(cents);
    }

    pub(super) fn add_batch(&mut self, batch: &AchSums) {
        self.batches += 1;
        self.entries += batch.entries;
        self.records += batch.records;
        self.hash = (self.hash + batch.hash) % HASH_MODULUS;
        self.debit_cents = self.debit_cents.saturating_add(batch.debit_cents);
        self.credit_cents = self.credit_cents.saturating_add(batch.credit_cents);
    }

    /// The fields of a control record that say something else. Where an amount could not be read, totals say little.
    pub(super) fn compare(&self, record: &Record, fields: [Field; 4], totals: bool) -> Vec<(&'static str, Problem)> {
        let [count, hash, debits, credits] = fields;
        let mut wrong = Vec::new();
        for (field, found, is_count) in [
            (count, self.records, true),
            (hash, self.hash, false),
            (debits, self.debit_cents, false),
            (credits, self.credit_cents, false),
        ] {
            match record.number(field) {
                Err(problem) => wrong.push((field.name, problem)),
                Ok(stated) if stated == found || !(is_count || totals) => {}
                Ok(stated) if is_count => {
                    wrong.push((field.name, Problem::Count { expected: stated.to_string(), found }));
                }
                Ok(stated) => {
                    let problem = Problem::Total { expected: stated.to_string(), found: found.to_string() };
                    wrong.push((field.name, problem));
                }
            }
        }
        wrong
    }
}
