//! Verifies a store: reads the whole log in one snapshot, recomputes everything with its own arithmetic, and names the
//! first place that disagrees.
//!
//! Deliberately does not call the rules in `decide`: they wrote the rows, so they cannot be their own witness. Only the
//! encoding and the hashes are shared. Works on a store that is being written, and on a stopped one; memory grows with
//! the number of accounts and open holds, not with the length of the log.
//!
//! Start reading at [`verify`]; then `walk` (groups and rows), `replay` (what a row may do), `lookups` (what other
//! tables must have for a row) and `tables` (what must be there at the end).

mod account;
mod behind;
mod disagreement;
mod ids;
mod late;
mod leg;
mod lookups;
mod openings;
mod pending;
mod replay;
mod schedule;
mod search;
mod sql;
mod strays;
mod tables;
#[cfg(test)]
mod tests;
mod walk;

use std::sync::Arc;

use ledger_api::BookName;
use platform::db::{Db, DbError, Tx};

pub use disagreement::{Disagreement, VerifyError};

use crate::ids::Runs;
use crate::query::Head;
use crate::store::sql::{GROUP_LAST_ROW, MIGRATIONS};
use behind::Behind;
use replay::Replay;

/// Rows of any table read at once.
const PAGE_ROWS: usize = 1_000;

/// What was checked, and where the log ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub rows: u64,
    pub groups: u64,
    pub accounts: u64,
    pub transactions: u64,
    /// Remembered refusals.
    pub refusals: u64,
    /// Pending transactions with an amount remaining.
    pub open_holds: u64,
    /// Waiting scheduled transactions.
    pub scheduled: u64,
    /// Rows that were allowed to take an account below its floor.
    pub overrides: u64,
    /// Metadata of which only the hash is left.
    pub metadata_erased: u64,
    pub head: Head,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    pub rows: u64,
    pub rows_in_all: u64,
}

/// Checks that this is the whole of a book, and with `against` also that its log still contains that earlier head.
pub async fn verify(
    db: &Db,
    book: &BookName,
    against: Option<Head>,
    progress: impl FnMut(Progress) + Send,
) -> Result<Report, VerifyError> {
    db.check_version(MIGRATIONS).await?;
    let tx = db.read().await?;
    let mut replay = Replay { behind: Behind::read(&tx, last_row(&tx).await?).await?, ..Replay::default() };
    let runs = Arc::new(Runs::default());
    runs.refresh(&tx).await?;
    let head = walk::walk(&tx, book, Arc::clone(&runs), &mut replay, against.as_ref(), progress).await?;
    tables::compare(&tx, &runs, &replay, head.last_seq).await?;
    search::check(&tx, head.last_seq).await?;
    let Replay { accounts, pending, waiting, counts, .. } = &replay;
    Ok(Report {
        rows: head.last_seq,
        groups: head.number,
        accounts: accounts.len() as u64,
        transactions: counts.ids - counts.refusals,
        refusals: counts.refusals,
        open_holds: pending.len() as u64,
        scheduled: waiting.len() as u64,
        overrides: counts.overrides,
        metadata_erased: counts.metadata_erased,
        head,
    })
}

async fn last_row(tx: &Tx) -> Result<u64, DbError> {
    let found = tx.query(GROUP_LAST_ROW, &[]).await?;
    found.first().map_or(Ok(0), |row| row.int(0)).map(|seq| u64::try_from(seq).unwrap_or_default())
}
