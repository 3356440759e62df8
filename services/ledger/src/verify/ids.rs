//! Unordered ids: the run of each follows from the log, so every run is rebuilt and compared byte by byte.

use platform::db::{Column, DbError, Tx, Value};

use super::disagreement::{Place, VerifyError};
use super::sql;
use super::strays::count;
use crate::format::hex;
use crate::ids::{self, Known, RUN_IDS, Runs, SealedRun, ids_in_page};
use crate::store::sql as tables;

/// The ids that are in no run yet, and the runs built from the others.
#[derive(Debug, Default)]
pub(super) struct Scattered {
    open: Vec<(u128, u64)>,
    runs: u64,
    pages: u64,
    /// Of the checked runs.
    known: Known,
    /// Built since the last check.
    waiting: Vec<SealedRun>,
}

impl Scattered {
    pub(super) fn add(&mut self, id: u128, seq: u64) {
        self.open.push((id, seq));
    }

    pub(super) fn group_ends(&mut self) {
        if self.open.len() >= RUN_IDS {
            self.runs += 1;
            let run = SealedRun::new(self.runs, std::mem::take(&mut self.open));
            self.pages += run.pages.len() as u64;
            self.waiting.push(run);
        }
    }

    /// Compares complete runs with those of the store.
    pub(super) async fn check(&mut self, tx: &Tx, runs: &Runs) -> Result<(), VerifyError> {
        for run in std::mem::take(&mut self.waiting) {
            check_run(tx, &run).await?;
            let ids: Vec<u128> = run.pages.iter().flat_map(|page| ids_in_page(page)).collect();
            used_once(tx, runs, &self.known, run.run.number, &ids).await?;
            self.known.add_run(ids.into_iter());
        }
        Ok(())
    }

    /// Checks what is left at the end of the log, and that nothing else is there.
    pub(super) async fn finish(&mut self, tx: &Tx, runs: &Runs) -> Result<(), VerifyError> {
        self.check(tx, runs).await?;
        let keys: Vec<[u8; 16]> = self.open.iter().map(|(id, _)| id.to_be_bytes()).collect();
        let found = super::lookups::select(tx, &ids::sql::ID_OPEN, Column::Id(&keys), |row| {
            Ok((row.array::<16>(0)?, row.int(1)?))
        })
        .await?;
        for ((id, seq), key) in self.open.iter().zip(&keys) {
            let what = format!("row of id {id:032x} in table id_open");
            Place::Row(*seq).same(&what, Some(*seq as i64), found.get(key).copied())?;
        }
        let ids: Vec<u128> = self.open.iter().map(|(id, _)| *id).collect();
        used_once(tx, runs, &self.known, self.runs + 1, &ids).await?;
        for (table, sql, expected) in [
            ("id_open", sql::ID_OPEN_COUNT, self.open.len() as u64),
            ("id_run", sql::ID_RUN_COUNT, self.runs),
            ("id_page", sql::ID_PAGE_COUNT, self.pages),
        ] {
            Place::Table(table).same("rows", expected, count(tx, sql).await?)?;
        }
        Ok(())
    }
}

async fn check_run(tx: &Tx, expected: &SealedRun) -> Result<(), VerifyError> {
    let number = expected.run.number;
    let rows = tx.query(sql::ID_RUN_READ, &[Value::Int(number as i64)]).await?;
    let place = Place::Table("id_run");
    let Some(row) = rows.first() else {
        return Ok(place.wrong(format!("run {number}"), "a row", "none")?);
    };
    place.same(&format!("directory of run {number}"), hex(&expected.run.directory_bytes()), hex(row.bytes(0)?))?;
    if row.bytes(1)? != expected.run.filter_bytes() {
        place.wrong::<()>(format!("filter of run {number}"), "the filter of its ids", "a different one")?;
    }
    let places: Vec<i64> = expected.run.places().collect();
    let found = super::lookups::select(tx, &ids::sql::ID_PAGE, Column::Int(&places), |row| {
        Ok((row.int(0)?, row.bytes(1)?.to_vec()))
    })
    .await?;
    for (at, page) in places.iter().zip(&expected.pages) {
        if found.get(at) != Some(page) {
            let what = format!("page {} of run {number}", at & 0xffff);
            Place::Table("id_page").wrong::<()>(what, "the ids of the log in order", "something else")?;
        }
    }
    Ok(())
}

/// No id of a run may be in an earlier one, or among the ordered ones, or occur twice.
async fn used_once(tx: &Tx, runs: &Runs, known: &Known, number: u64, ids: &[u128]) -> Result<(), VerifyError> {
    let mut sorted = ids.to_vec();
    sorted.sort_unstable();
    let twice = sorted.array_windows().find(|[one, next]| one == next).map(|[one, _]| *one);
    let earlier: Vec<_> = runs.all().into_iter().filter(|run| run.number < number).collect();
    let again: Vec<u128> = ids.iter().copied().filter(|id| known.may_have(*id)).collect();
    let again = ids::find_in_runs(tx, &earlier, &again).await?.into_keys().next();
    let in_order = in_order(tx, ids).await?;
    match twice.or(again).or(in_order) {
        Some(id) => Ok(Place::Table("id_run").wrong(format!("id {id:032x}"), "used once", "used twice")?),
        None => Ok(()),
    }
}

async fn in_order(tx: &Tx, ids: &[u128]) -> Result<Option<u128>, DbError> {
    let keys: Vec<[u8; 16]> = ids.iter().map(|id| id.to_be_bytes()).collect();
    for page in keys.chunks(super::PAGE_ROWS) {
        if let Some(row) = tx.select_many(&tables::TRANSACTION_ID, Column::Id(page)).await?.first() {
            return Ok(Some(u128::from_be_bytes(row.array(0)?)));
        }
    }
    Ok(None)
}
