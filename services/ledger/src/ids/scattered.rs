//! The writer's part: which ids may be known, where new ones go, and when they become a run.

use std::sync::Arc;

use platform::db::{Column, DbError, Tx};

use super::{Known, RUN_IDS, Run, Runs, SealedRun, ids_in_page, is_in_order, sql};
use crate::state::Map;

#[derive(Debug, Default)]
pub(crate) struct Scattered {
    runs: Arc<Runs>,
    /// Those not in a run yet.
    open: Map<u128, u64>,
    /// The lowest and the highest of the ordered ones.
    in_order: Option<(u128, u128)>,
    known: Known,
    /// The run of the group being stored, and its ids.
    sealed: Option<(Arc<Run>, Vec<u128>)>,
}

/// Where the ids of one group go.
#[derive(Debug, Default)]
pub(crate) struct IdPlan {
    /// Sorted: keys in order are inserted faster than keys in any order.
    pub in_order: Vec<(u128, u64)>,
    pub open: Vec<(u128, u64)>,
    /// Takes all open ids with it.
    pub sealed: Option<SealedRun>,
}

impl Scattered {
    pub(crate) fn new(runs: Arc<Runs>) -> Scattered {
        Scattered { runs, ..Scattered::default() }
    }

    /// The ids that the store may know; all others are new.
    pub(crate) fn maybe_known(&self, ids: &[u128]) -> Vec<u128> {
        let known = |id: &&u128| {
            let in_order = self.in_order.is_some_and(|(from, to)| (from..=to).contains(*id));
            in_order || self.open.contains_key(id) || self.known.may_have(**id)
        };
        ids.iter().filter(known).copied().collect()
    }

    /// Decides where new ids go. If the group is not committed, everything here has to be reloaded.
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
        let gathered: Vec<(u128, u64)> = self.open.drain().collect();
        let ids = gathered.iter().map(|(id, _)| *id).collect();
        let SealedRun { run, pages } = SealedRun::new(number, gathered);
        self.sealed = Some((Arc::clone(&run), ids));
        IdPlan { in_order, open: Vec::new(), sealed: Some(SealedRun { run, pages }) }
    }

    pub(crate) fn committed(&mut self) {
        if let Some((run, ids)) = self.sealed.take() {
            self.runs.add(run);
            self.known.add_run(ids.into_iter());
        }
    }

    async fn learn(&mut self, tx: &Tx) -> Result<(), DbError> {
        for run in self.runs.all().iter().skip(self.known.runs as usize) {
            let places: Vec<i64> = run.places().collect();
            let pages = tx.select_many(&sql::ID_PAGE, Column::Int(&places)).await?;
            let bodies = pages.iter().map(|page| page.bytes(1)).collect::<Result<Vec<_>, _>>()?;
            self.known.add_run(bodies.into_iter().flat_map(ids_in_page));
        }
        Ok(())
    }

    pub(crate) async fn resume(&mut self, tx: &Tx) -> Result<(), DbError> {
        // Runs never change, so what is known about them stays valid.
        *self = Scattered { known: std::mem::take(&mut self.known), ..Scattered::new(Arc::clone(&self.runs)) };
        self.runs.refresh(tx).await?;
        self.learn(tx).await?;
        for row in tx.query(sql::ID_OPEN_ALL, &[]).await? {
            self.open.insert(u128::from_be_bytes(row.array(0)?), row.int(1)?.unsigned_abs());
        }
        let first = tx.query(sql::TRANSACTION_ID_FIRST, &[]).await?;
        let last = tx.query(sql::TRANSACTION_ID_LAST, &[]).await?;
        if let (Some(first), Some(last)) = (first.first(), last.first()) {
            self.in_order = Some((u128::from_be_bytes(first.array(0)?), u128::from_be_bytes(last.array(0)?)));
        }
        #[cfg(feature = "planted")]
        if platform::planted::is_planted(platform::planted::Bug::IdsForgotten) {
            // Planted: ids from before this start count as new.
            (self.in_order, self.open) = (None, Map::default());
        }
        Ok(())
    }
}
