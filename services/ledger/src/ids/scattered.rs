//! The writer's part: which ids may be known, where the new ones go, and when they become a run.

use std::sync::Arc;

use platform::db::{DbError, Tx};

use super::{RUN_IDS, Run, Runs, SealedRun, is_in_order, sql};
use crate::state::Map;

#[derive(Debug, Default)]
pub(crate) struct Scattered {
    runs: Arc<Runs>,
    /// Those that are in no run yet.
    open: Map<u128, u64>,
    /// The lowest and the highest of those that came in order.
    in_order: Option<(u128, u128)>,
    /// The run of the group that is being stored.
    sealed: Option<Arc<Run>>,
}

/// Where the ids of one group go.
#[derive(Debug, Default)]
pub(crate) struct IdPlan {
    /// Sorted: keys in order are inserted faster than keys in any order.
    pub in_order: Vec<(u128, u64)>,
    pub open: Vec<(u128, u64)>,
    /// Takes everything that was open with it.
    pub sealed: Option<SealedRun>,
}

impl Scattered {
    pub(crate) fn new(runs: Arc<Runs>) -> Scattered {
        Scattered { runs, ..Scattered::default() }
    }

    /// Those ids that the store may know; all others are new.
    pub(crate) fn maybe_known(&self, ids: &[u128]) -> Vec<u128> {
        let here = |id: &&u128| {
            self.open.contains_key(id) || self.in_order.is_some_and(|(from, to)| (from..=to).contains(*id))
        };
        let mut known: Vec<u128> = ids.iter().filter(here).copied().collect();
        known.extend(self.runs.candidates(ids));
        known
    }

    /// Decides where new ids go. When the group is not committed, everything here is to be read again.
    pub(crate) fn plan(&mut self, new: &[(u128, u64)], at: i64) -> IdPlan {
        let (mut in_order, mut open): (Vec<_>, Vec<_>) = new.iter().partition(|(id, _)| is_in_order(*id, at));
        in_order.sort_unstable();
        open.sort_unstable();
        if let (Some((first, _)), Some((last, _))) = (in_order.first(), in_order.last()) {
            let (from, to) = self.in_order.unwrap_or((*first, *last));
            self.in_order = Some((from.min(*first), to.max(*last)));
        }
        self.open.extend(open.iter().copied());
        if self.open.len() < RUN_IDS {
            return IdPlan { in_order, open, sealed: None };
        }
        let number = self.runs.len() as u64 + 1;
        let SealedRun { run, pages } = SealedRun::new(number, self.open.drain().collect());
        self.sealed = Some(Arc::clone(&run));
        IdPlan { in_order, open: Vec::new(), sealed: Some(SealedRun { run, pages }) }
    }

    pub(crate) fn committed(&mut self) {
        if let Some(run) = self.sealed.take() {
            self.runs.add(run);
        }
    }

    pub(crate) async fn resume(&mut self, tx: &Tx) -> Result<(), DbError> {
        *self = Scattered::new(Arc::clone(&self.runs));
        self.runs.refresh(tx).await?;
        for row in tx.query(sql::ID_OPEN_ALL, &[]).await? {
            self.open.insert(u128::from_be_bytes(row.array(0)?), row.int(1)?.unsigned_abs());
        }
        let first = tx.query(sql::TRANSACTION_ID_FIRST, &[]).await?;
        let last = tx.query(sql::TRANSACTION_ID_LAST, &[]).await?;
        if let (Some(first), Some(last)) = (first.first(), last.first()) {
            self.in_order = Some((u128::from_be_bytes(first.array(0)?), u128::from_be_bytes(last.array(0)?)));
        }
        Ok(())
    }
}
