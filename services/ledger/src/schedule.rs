//! The stored state of scheduled transactions: one entry each, from the row that scheduled it to the row that ended it.
//!
//! Invariant: they are stored only in the log and the table `scheduled`, so a process that dies loses none.

use ledger_api::{Metadata, NewTransaction, TransactionId};

use crate::format::{CancelledRow, Row, ScheduledRow};
use crate::state::State;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Waits,
    CarriedOut,
    Failed,
    Cancelled,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scheduled {
    pub due_at: i64,
    pub stage: Stage,
    /// The row that ended it; 0 until then.
    pub outcome: u64,
    /// If one owner has all of the accounts: who else may see it.
    pub owner: Option<String>,
}

/// Work that falls due by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// The hold of the pending transaction that begins in row `first`. The id of its release is random, not derived:
    /// anybody who could predict it could take it first, and no group would commit any more.
    Release { first: u64, id: u128 },
    /// What was scheduled in this row.
    CarryOut(u64),
    /// The same, after it blocked everything else.
    GiveUp(u64),
}

/// What a row says about a scheduled transaction, for a reply.
#[derive(Debug, Clone)]
pub(crate) enum Plan {
    /// Its current state, and the refusal if it failed.
    Scheduled {
        row: ScheduledRow,
        stage: Stage,
        refusal: Option<String>,
    },
    Cancellation(CancelledRow),
}

/// The refusal in the row of one that failed for a reason outside the books.
pub(crate) const INTERNAL: &str = "{\"code\":\"internal\"}";

impl Stage {
    pub(crate) fn number(self) -> i64 {
        match self {
            Stage::Waits => 0,
            Stage::CarriedOut => 1,
            Stage::Failed => 2,
            Stage::Cancelled => 3,
        }
    }

    pub(crate) fn from_number(number: i64) -> Option<Stage> {
        [Stage::Waits, Stage::CarriedOut, Stage::Failed, Stage::Cancelled]
            .into_iter()
            .find(|stage| stage.number() == number)
    }
}

impl ScheduledRow {
    /// The whole operation; `None` if the row cannot be read.
    pub(crate) fn transaction(&self) -> Option<NewTransaction> {
        let create: NewTransaction = serde_json::from_str(&self.operation).ok()?;
        let reference = self.reference.as_deref().map(str::parse).transpose().ok()?;
        Some(NewTransaction { id: Some(TransactionId::from_bits(self.id)), reference, ..create })
    }
}

/// The part of a scheduled transaction that its row stores as text: the rest has its own fields.
pub(crate) fn operation_text(create: &NewTransaction) -> String {
    let bare = NewTransaction { id: None, reference: None, metadata: Metadata::new(), ..create.clone() };
    // Plain data always has a JSON form.
    serde_json::to_string(&bare).unwrap_or_default()
}

impl State {
    /// Where the transaction with this id is found now: for an executed one, the rows that it became.
    pub(crate) fn first_row(&self, id: u128) -> Option<u64> {
        let first = *self.group.known.get(&id)?;
        match self.group.scheduled.get(&first) {
            Some(scheduled) if scheduled.stage == Stage::CarriedOut => Some(scheduled.outcome),
            _ => Some(first),
        }
    }

    /// The accounts of the whole transaction that begins in a row.
    pub(crate) fn accounts_of(&self, first: u64) -> Vec<u64> {
        match self.row(first) {
            Some(Row::Scheduled(row)) => row.accounts.clone(),
            Some(Row::Cancelled(row)) => match self.row(row.scheduled) {
                Some(Row::Scheduled(row)) => row.accounts.clone(),
                _ => Vec::new(),
            },
            _ => self.legs(first).iter().flat_map(|leg| [leg.debit, leg.credit]).collect(),
        }
    }
}
