//! Account rows that are written after the commit.
//!
//! With many active accounts their rows, not the log, become the bottleneck: every commit touches as many pages as
//! accounts. So a commit writes only some of the waiting rows, in number order, where neighbours share pages; the log
//! has all of it anyway. A mark records from which log row on account rows may be missing, and a start replays the log
//! from there.
//!
//! Invariants: an account whose row in the table is out of date is `waiting`; every log row at or before the mark is
//! included in the account rows it touched; without a mark no row waits. What no posting row contains (limits, status,
//! metadata) never waits.

use std::collections::BTreeSet;
use std::sync::Arc;

use platform::db::{DbError, Tx, Value};

use crate::format::{LegRow, Row};
use crate::numbered::NumberSet;
use crate::state::{Group, State};
use crate::store::{Loader, log_row, sql};

/// Number of commits within which every waiting row is written once.
const PASS_COMMITS: usize = 1_024;
/// Log rows read at once when heads are recomputed.
const REPLAY_ROWS: u64 = 10_000;

#[derive(Debug, Default)]
pub(crate) struct Behind {
    waiting: NumberSet,
    /// Where the pass over the waiting rows continues.
    cursor: u64,
    mark: Option<u64>,
    /// The end of the log when this pass began: at the end of the pass, the mark moves here.
    pass_from: u64,
}

/// What one commit does about account rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Accounts whose rows are written now, in order; those opened in this group are written too.
    pub heads: Vec<u64>,
    pub mark: MarkChange,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MarkChange {
    Keep,
    Set(u64),
    Clear,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// Every row with its own commit.
    AtOnce,
    Behind,
}

impl Behind {
    /// Decides which rows a group writes. If the group is not committed, everything here must be dropped.
    pub(crate) fn plan(&mut self, state: &State, pace: Pace) -> Plan {
        let group = &state.group;
        let old = |no: &u64| *no <= state.log.last_account;
        group.changed_accounts.iter().filter(|no| old(no)).for_each(|no| self.waiting.insert(*no));
        let (heads, wrapped) = match pace {
            Pace::AtOnce => (std::mem::take(&mut self.waiting).from(0).collect(), true),
            Pace::Behind => self.next_part(group),
        };
        let mark = self.move_mark(state, wrapped);
        Plan { heads, mark }
    }

    /// Some of the waiting rows, and whether this ends a pass.
    fn next_part(&mut self, group: &Group) -> (Vec<u64>, bool) {
        let count = self.waiting.len().div_ceil(PASS_COMMITS);
        let mut heads: Vec<u64> = self.waiting.from(self.cursor).take(count).collect();
        self.cursor = heads.last().map_or(0, |last| last + 1);
        let wrapped = self.waiting.from(self.cursor).next().is_none();
        heads.extend(group.rewritten.iter().filter(|no| self.waiting.contains(**no)));
        heads.sort_unstable();
        heads.dedup();
        for no in &heads {
            self.waiting.remove(*no);
        }
        if wrapped {
            self.cursor = 0;
        }
        (heads, wrapped)
    }

    fn move_mark(&mut self, state: &State, wrapped: bool) -> MarkChange {
        if self.waiting.is_empty() {
            self.cursor = 0;
            return if self.mark.take().is_some() { MarkChange::Clear } else { MarkChange::Keep };
        }
        let last_seq = state.next_seq() - 1;
        let mark = match self.mark {
            None => state.log.last_seq,
            Some(_) if wrapped => self.pass_from,
            Some(_) => return MarkChange::Keep,
        };
        self.mark = Some(mark);
        self.pass_from = last_seq;
        MarkChange::Set(mark)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn waits(&self, no: u64) -> bool {
        self.waiting.contains(no)
    }

    /// Recomputes the waiting rows from the log, into `state`.
    pub(crate) async fn resume(tx: &Tx, state: &mut State) -> Result<Behind, DbError> {
        let Some(mark) = read_mark(tx).await? else { return Ok(Behind::default()) };
        let mut behind = Behind { mark: Some(mark), pass_from: state.log.last_seq, ..Behind::default() };
        let mut after = mark;
        while after < state.log.last_seq {
            let to = state.log.last_seq.min(after + REPLAY_ROWS);
            let params = [Value::Int(after as i64 + 1), Value::Int(to as i64)];
            let rows = tx.query(sql::LOG_RANGE, &params).await?;
            let rows = rows.iter().map(log_row).collect::<Result<Vec<_>, _>>()?;
            behind.follow(tx, state, &rows).await?;
            after = to;
        }
        Ok(behind)
    }

    async fn follow(&mut self, tx: &Tx, state: &mut State, rows: &[(u64, Row)]) -> Result<(), DbError> {
        let legs: Vec<(u64, &LegRow)> = rows.iter().filter_map(|(seq, row)| Some((*seq, row.leg()?))).collect();
        let touched: BTreeSet<u64> = legs.iter().flat_map(|(_, leg)| [leg.debit, leg.credit]).collect();
        Loader::new(tx, &Arc::default(), state).load_accounts(touched).await?;
        for (seq, leg) in legs {
            for (no, side) in [(leg.debit, &leg.debit_side), (leg.credit, &leg.credit_side)] {
                let unknown =
                    || DbError::shape(format!("row {seq} of the log names account {no}, which does not exist"));
                let entry = state.accounts.get_mut(&no).ok_or_else(unknown)?;
                if entry.head.roots.newest() < seq {
                    Arc::make_mut(&mut entry.head).follow(seq, leg, side);
                    self.waiting.insert(no);
                }
            }
        }
        Ok(())
    }
}

/// The log row after which account rows may be missing; `None` if none are.
pub(crate) async fn read_mark(tx: &Tx) -> Result<Option<u64>, DbError> {
    let found = tx.query(sql::HEADS_MARK_READ, &[]).await?;
    found.first().map(|row| row.int(0).map(i64::unsigned_abs)).transpose()
}
