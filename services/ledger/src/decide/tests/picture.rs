//! A book before and after a command, to compare what it left.

use std::collections::BTreeMap;

use super::book::Book;
use crate::account::Head;
use crate::format::Row;
use crate::schedule::Scheduled;
use crate::state::Hold;

/// Everything that a command could leave.
#[derive(Debug, PartialEq)]
pub(super) struct Picture {
    heads: BTreeMap<u64, Head>,
    holds: BTreeMap<u64, Hold>,
    scheduled: BTreeMap<u64, Scheduled>,
    ids: crate::state::Map<u128, u64>,
    counts: [usize; 10],
    rows: usize,
    refusals: usize,
}

impl Picture {
    pub(super) fn of(book: &Book) -> Picture {
        let group = &book.state.group;
        Picture {
            heads: book.state.accounts.iter().map(|(no, entry)| (no, Head::clone(&entry.head))).collect(),
            holds: group.holds.iter().map(|(seq, hold)| (*seq, *hold)).collect(),
            scheduled: group.scheduled.iter().map(|(seq, one)| (*seq, one.clone())).collect(),
            ids: group.known.clone(),
            counts: [
                group.references.len(),
                group.new_references.len(),
                group.reversed.len(),
                group.new_reversals.len(),
                group.metadata.len(),
                group.new_metadata.len(),
                group.new_holds.len(),
                group.new_scheduled.len(),
                group.new_accounts.len(),
                book.state.by_path.len(),
            ],
            rows: group.rows.len(),
            refusals: group.rows.iter().filter(|row| matches!(row, Row::Refusal(_))).count(),
        }
    }

    pub(super) fn assert_only_remembered(&self, after: &Picture) {
        assert_eq!(self.heads, after.heads, "a refusal moved an account");
        assert_eq!(self.holds, after.holds, "a refusal changed a hold");
        assert_eq!(self.scheduled, after.scheduled, "a refusal changed what is scheduled");
        assert_eq!(self.counts, after.counts, "a refusal left something");
        let rows = after.rows - self.rows;
        assert_eq!(after.refusals - self.refusals, rows, "a refusal left a row that is none");
        assert_eq!(after.ids.len() - self.ids.len(), rows, "a refusal took other ids");
    }
}
