//! Records 49, 98 and 99: what an account, a group and a file are said to add up to.

use super::entry;
use super::record::Record;
use crate::mistake::{Mistake, Of, Problem, Report};

/// Sums of what stands between a head and its trailer.
#[derive(Debug, Default)]
pub(super) struct Level {
    /// Amounts, or the totals that the level below states.
    pub(super) amounts: i128,
    /// Records, with the head and without the trailer.
    pub(super) records: u64,
    /// Accounts of a group, groups of a file.
    pub(super) parts: u64,
    /// Something in it could not be read, so its sum says little.
    pub(super) broken: bool,
}

impl Level {
    pub(super) fn add(&mut self, minor: i64, records: u64) {
        self.amounts += i128::from(minor);
        self.records += records;
    }

    pub(super) fn add_level(&mut self, stated: i64, records: u64) {
        self.add(stated, records);
        self.parts += 1;
    }

    /// Compares with the trailer; the total that it states. A wrong total refuses the file, a wrong count warns.
    pub(super) fn close(
        &self,
        trailer: &Record,
        parts: Option<&'static str>,
        lenient: bool,
        report: &mut Report,
    ) -> i64 {
        let mistake = |field, problem| Mistake::new(trailer.line, trailer.code.clone(), field, problem);
        let stated =
            match trailer.get(0).of("control total").and_then(|digits| entry::minor(digits).of("control total")) {
                Ok(stated) => stated,
                Err(bad) => {
                    report.refuse(bad.at(trailer.line, trailer.code.clone()));
                    0
                }
            };
        if i128::from(stated) != self.amounts {
            let problem = Problem::Total { expected: stated.to_string(), found: self.amounts.to_string() };
            let wrong = mistake("control total", problem);
            if lenient || self.broken { report.warn(wrong) } else { report.refuse(wrong) }
        }
        let records = self.records + trailer.physical;
        let counts = parts.map(|field| (field, 1, self.parts)).into_iter();
        let counts = counts.chain([("records", if parts.is_some() { 2 } else { 1 }, records)]);
        for (field, place, found) in counts {
            let expected = trailer.get(place).unwrap_or_default();
            if expected.parse() != Ok(found) {
                report.warn(mistake(field, Problem::Count { expected: expected.to_owned(), found }));
            }
        }
        stated
    }
}
