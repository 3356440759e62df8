//! One instant of the books to answer questions from: a read transaction, the last row in it, and every account's head as it
//! stood behind that row.

use std::collections::HashMap;
use std::sync::Arc;

use platform::db::{Column, Db, DbError, Tx};

use crate::account::Head;
use crate::format::{LegRow, SideAfter};
use crate::published::PublishedHeads;
use crate::state::State;
use crate::store::{Loader, heads_of, log_row, sql};

/// Where questions are put.
#[derive(Debug, Clone)]
pub(crate) struct Books {
    db: Db,
    published: Arc<PublishedHeads>,
}

impl Books {
    pub(crate) fn new(db: Db, published: Arc<PublishedHeads>) -> Books {
        Books { db, published }
    }

    pub(crate) async fn snapshot(&self) -> Result<Snapshot, DbError> {
        let tx = self.db.read().await?;
        let last = tx.query(sql::GROUP_LAST_ROW, &[]).await?;
        let last_seq = last.first().map_or(Ok(0), |row| row.int(0))?.unsigned_abs();
        Ok(Snapshot { books: self.clone(), tx, last_seq })
    }
}

#[derive(Debug)]
pub(crate) struct Snapshot {
    books: Books,
    pub tx: Tx,
    /// The last row of the log that is in it.
    pub last_seq: u64,
}

impl Snapshot {
    /// Fills a state; the heads in it are those of this snapshot.
    pub(crate) fn loader<'a>(&'a self, state: &'a mut State) -> Loader<'a> {
        Loader::of_snapshot(self, state)
    }

    /// Heads by the numbers of their accounts; unknown accounts are left out. `holds` may be of a later instant.
    pub(crate) async fn heads(&self, accounts: &[u64]) -> Result<HashMap<u64, Head>, DbError> {
        let mut heads = read_heads(&self.tx, accounts).await?;
        let published = &self.books.published;
        if !published.is_active() || accounts.is_empty() {
            return Ok(heads);
        }
        let found = published.find(accounts, self.last_seq).await?;
        // Written and dropped behind this snapshot, so that its rows may be old and nothing newer is published.
        let dropped = found.dropped_at > self.last_seq;
        let lost: Vec<u64> = heads.keys().copied().filter(|no| dropped && !found.heads.contains_key(no)).collect();
        let newer = found.heads.into_iter().filter(|(no, _)| heads.contains_key(no)).collect::<HashMap<_, _>>();
        let is_ahead = |head: &Head| head.roots.newest() > self.last_seq;
        let mut later = None;
        if !lost.is_empty() || newer.values().any(|head| is_ahead(head)) {
            later = Some(self.books.db.read().await?);
        }
        heads.extend(newer.into_iter().map(|(no, head)| (no, Head::clone(&head))));
        if let Some(later) = &later {
            heads.extend(read_heads(later, &lost).await?);
            for (no, head) in heads.iter_mut().filter(|(_, head)| is_ahead(head)) {
                step_back(later, *no, head, self.last_seq).await?;
            }
        }
        Ok(heads)
    }
}

async fn read_heads(tx: &Tx, accounts: &[u64]) -> Result<HashMap<u64, Head>, DbError> {
    let numbers: Vec<i64> = accounts.iter().map(|no| *no as i64).collect();
    heads_of(&tx.select_many(&sql::ACCOUNT_HEAD, Column::Int(&numbers)).await?)
}

/// Takes the newest rows away from a head, until the newest one left is `last_seq` or before it.
async fn step_back(tx: &Tx, no: u64, head: &mut Head, last_seq: u64) -> Result<(), DbError> {
    let mut side = side_of(tx, no, head.roots.newest()).await?;
    while head.roots.newest() > last_seq {
        let before = if side.prev == 0 { SideAfter::default() } else { side_of(tx, no, side.prev).await? };
        head.roots.take_back(side.prev, before.jump);
        side = before;
    }
    head.sums = side.sums;
    head.version = side.version;
    Ok(())
}

/// What a row of the log says about one of its two accounts.
async fn side_of(tx: &Tx, no: u64, seq: u64) -> Result<SideAfter, DbError> {
    let malformed = || DbError::shape(format!("row {seq} of the log is no posting of account {no}"));
    let rows = tx.select_many(&sql::LOG, Column::Int(&[seq as i64])).await?;
    let (_, row) = log_row(rows.first().ok_or_else(malformed)?)?;
    let side = |leg: &LegRow| leg.side_of(no).copied();
    row.leg().and_then(side).ok_or_else(malformed)
}
