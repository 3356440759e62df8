//! Work that falls due by itself: found in the store at the start of a group, a bounded number at a time, earliest
//! first.
//!
//! Such work may be impossible to execute in a way that its own refusal cannot express: it panics, its row cannot be
//! read, or its result cannot be stored. It would return with every group and fail all commands with it. So a group
//! that failed with something due in it is retried with nothing else; if that fails too, with half of it, until one is
//! alone. That one is recorded as failed, and if not even this can be stored, skipped until the next start.

use std::collections::BTreeSet;

use kernel::Timestamp;
use platform::db::{DbError, Tx, Value};

use crate::format::Row;
use crate::schedule::Due;
use crate::state::State;
use crate::store::sql;

/// Holds and scheduled transactions together, in one group; the next group continues.
const DUE_MAX: usize = 500;

/// In order of execution: by time, releases first at the same time, then by row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Found {
    due_at: i64,
    kind: Kind,
    row: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Hold,
    Scheduled,
}

#[derive(Debug)]
pub(crate) struct Agenda {
    /// When the next one is due at the earliest; `None` if nothing waits.
    next: Option<i64>,
    max: usize,
    /// The due work in the current group.
    taken: Vec<Found>,
    given_up: BTreeSet<u64>,
    passed_over: BTreeSet<u64>,
}

impl Default for Agenda {
    fn default() -> Agenda {
        Agenda { next: None, max: DUE_MAX, taken: Vec::new(), given_up: BTreeSet::new(), passed_over: BTreeSet::new() }
    }
}

impl Agenda {
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.next.map(Timestamp::from_micros)
    }

    /// The next group checks the store.
    pub(crate) fn look(&mut self) {
        self.next = Some(0);
    }

    pub(crate) fn add(&mut self, due_at: impl Iterator<Item = i64>) {
        self.next = due_at.chain(self.next).min();
    }

    /// Finds the due rows, and when the next ones will be due.
    pub(crate) async fn find(&mut self, tx: &Tx, now: Timestamp) -> Result<BTreeSet<u64>, DbError> {
        self.taken = Vec::new();
        if self.next.is_none_or(|next| next > now.micros()) {
            return Ok(BTreeSet::new());
        }
        let limit = [Value::Int((self.max + 1 + self.passed_over.len()) as i64)];
        let (holds, scheduled) =
            tokio::try_join!(tx.query(sql::HOLD_DUE, &limit), tx.query(sql::SCHEDULED_DUE, &limit))?;
        let mut found = Vec::new();
        for (kind, rows) in [(Kind::Hold, holds), (Kind::Scheduled, scheduled)] {
            for row in &rows {
                found.push(Found { due_at: row.int(1)?, kind, row: row.int(0)?.unsigned_abs() });
            }
        }
        found.retain(|found| !self.passed_over.contains(&found.row));
        found.sort_unstable();
        let due = found.iter().take(self.max).take_while(|found| found.due_at <= now.micros()).count();
        self.next = found.get(due).map(|found| found.due_at);
        found.truncate(due);
        self.taken = found;
        Ok(self.taken.iter().map(|found| found.row).collect())
    }

    /// What to do, once the rows are loaded. Postings of one pending transaction are released together.
    pub(crate) fn due(&self, state: &State, mut draw: impl FnMut() -> u128) -> Vec<Due> {
        let first = |seq: u64| match state.row(seq) {
            Some(Row::Leg(leg)) => seq.saturating_sub(u64::from(leg.index)),
            _ => seq,
        };
        let mut released = BTreeSet::new();
        let mut due = Vec::with_capacity(self.taken.len());
        for found in &self.taken {
            match found.kind {
                Kind::Hold if released.insert(first(found.row)) => {
                    due.push(Due::Release { first: first(found.row), id: draw() });
                }
                Kind::Hold => {}
                Kind::Scheduled if self.given_up.contains(&found.row) => due.push(Due::GiveUp(found.row)),
                Kind::Scheduled => due.push(Due::CarryOut(found.row)),
            }
        }
        due
    }

    pub(crate) fn committed(&mut self) {
        self.taken = Vec::new();
        self.max = (self.max * 2).min(DUE_MAX);
    }

    /// A group failed by itself; whether less due work may help. `alone`: there was nothing else in it.
    pub(crate) fn narrow(&mut self, alone: bool) -> bool {
        let taken = std::mem::take(&mut self.taken);
        match taken.as_slice() {
            [] => false,
            _ if !alone => true,
            [one] => {
                let first_time = one.kind == Kind::Scheduled && self.given_up.insert(one.row);
                if !first_time {
                    self.passed_over.insert(one.row);
                }
                tracing::error!(row = one.row, passed_over = !first_time, "due work cannot be executed");
                true
            }
            more => {
                self.max = more.len() / 2;
                true
            }
        }
    }
}
