//! Finding any id that was ever used.
//!
//! Time-ordered ids go to the end of one table, which is fast however large it is. Unordered ids would touch a page
//! each. They are collected in a small table instead, and many at once become a *run*: immutable sorted pages, with a
//! filter that rejects nearly every id it does not have. Filters are kept in memory, about four bytes per id: one per
//! run, to find an id, and a few over all of them, so that the writer recognises a new id.
//!
//! Invariants: an id is in exactly one of the three places, which follows from the log alone (the id, the time of its
//! group, the number of such ids before it); runs are numbered from 1 and never change.

mod filter;
mod known;
mod run;
mod scattered;
pub(crate) mod sql;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use platform::db::{Column, DbError, Tx, Value};

use crate::store::sql as tables;
pub(crate) use known::Known;
pub(crate) use run::{Run, SealedRun, ids_in_page};
pub(crate) use scattered::{IdPlan, Scattered};

/// Ids that are collected before they become a run.
#[cfg(not(test))]
pub(crate) const RUN_IDS: usize = 8_064;
/// Small, so that tests with a few hundred transactions create runs.
#[cfg(test)]
pub(crate) const RUN_IDS: usize = 24;

/// How far an id's time may be from that of its group, in milliseconds, for the id to count as ordered.
const EARLIER_MS: i64 = 600_000;
const LATER_MS: i64 = 60_000;

/// Whether the id is time-ordered: its first 48 bits are milliseconds, as in version 7 UUIDs.
pub(crate) fn is_in_order(id: u128, at: i64) -> bool {
    let ahead = ((id >> 80) as i64).saturating_sub(at / 1_000);
    (-EARLIER_MS..=LATER_MS).contains(&ahead)
}

/// The runs of a store, shared by everybody who looks up ids in it.
#[derive(Debug, Default)]
pub(crate) struct Runs(RwLock<Vec<Arc<Run>>>);

impl Runs {
    pub(crate) fn all(&self) -> Vec<Arc<Run>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn len(&self) -> usize {
        self.0.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Loads runs that were created since.
    pub(crate) async fn refresh(&self, tx: &Tx) -> Result<(), DbError> {
        let known = self.len();
        for row in tx.query(sql::ID_RUN_AFTER, &[Value::Int(known as i64)]).await? {
            self.add(Arc::new(Run::read(&row)?));
        }
        Ok(())
    }

    /// Runs are added in order; a known one is not added again.
    pub(crate) fn add(&self, run: Arc<Run>) {
        let mut runs = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if run.number == runs.len() as u64 + 1 {
            runs.push(run);
        }
    }
}

/// The first rows of these ids, wherever they are; unknown ids are left out.
pub(crate) async fn find(tx: &Tx, runs: &Runs, ids: &[u128]) -> Result<HashMap<u128, u64>, DbError> {
    let mut found = HashMap::new();
    if ids.is_empty() {
        return Ok(found);
    }
    let keys: Vec<[u8; 16]> = ids.iter().map(|id| id.to_be_bytes()).collect();
    let (in_order, open, refreshed) = tokio::join!(
        tx.select_many(&tables::TRANSACTION_ID, Column::Id(&keys)),
        tx.select_many(&sql::ID_OPEN, Column::Id(&keys)),
        runs.refresh(tx),
    );
    refreshed?;
    for row in in_order?.iter().chain(&open?) {
        found.insert(u128::from_be_bytes(row.array(0)?), row.int(1)?.unsigned_abs());
    }
    let missing: Vec<u128> = ids.iter().copied().filter(|id| !found.contains_key(id)).collect();
    found.extend(find_in_runs(tx, &runs.all(), &missing).await?);
    Ok(found)
}

pub(crate) async fn find_in_runs(tx: &Tx, runs: &[Arc<Run>], ids: &[u128]) -> Result<HashMap<u128, u64>, DbError> {
    let mut places: HashMap<i64, Vec<u128>> = HashMap::new();
    for id in ids {
        let hash = filter::hash(*id);
        let pages = runs.iter().filter(|run| run.filter.may_have(hash)).filter_map(|run| run.page_of(*id));
        pages.for_each(|place| places.entry(place).or_default().push(*id));
    }
    let keys: Vec<i64> = places.keys().copied().collect();
    let mut found = HashMap::new();
    for row in tx.select_many(&sql::ID_PAGE, Column::Int(&keys)).await? {
        let body = row.bytes(1)?;
        let wanted = places.get(&row.int(0)?).into_iter().flatten();
        found.extend(wanted.filter_map(|id| Some((*id, run::find_in_page(body, *id)?))));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn every_statement_can_be_prepared() {
        testkit::for_each_engine(async |store| {
            let db = store.open().await;
            crate::migrate(&db).await.unwrap();
            let tx = db.read().await.unwrap();
            for statement in sql::STATEMENTS {
                tx.prepare(statement).await.unwrap();
            }
            let tx = db.begin().await.unwrap();
            for set in sql::ROW_SETS {
                tx.prepare_set(set).await.unwrap();
            }
        })
        .await;
        let text = include_str!("ids/sql.rs");
        assert_eq!(text.matches(": &str = \"").count(), sql::STATEMENTS.len());
        assert_eq!(text.matches("RowSet::new(").count(), sql::ROW_SETS.len());
    }

    #[test]
    fn ids_near_their_groups_time_count_as_ordered() {
        let at = 1_769_860_800_000_000;
        let id = |ms: i64| ((at / 1_000 + ms) as u128) << 80 | 7;
        for (ms, expected) in [(0, true), (-600_000, true), (-600_001, false), (60_000, true), (60_001, false)] {
            assert_eq!(is_in_order(id(ms), at), expected, "{ms}");
        }
        assert!(!is_in_order(1, at) && !is_in_order(u128::MAX, at));
    }
}
