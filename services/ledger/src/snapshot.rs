//! One instant of the books to answer questions from: a read transaction, the last row in it, and every account's head as it
//! stood behind that row.

use std::collections::HashMap;

use platform::db::{Column, Db, DbError, Tx};

use crate::account::Head;
use crate::state::State;
use crate::store::{Loader, heads_of, sql};

/// Where questions are put.
#[derive(Debug, Clone)]
pub(crate) struct Books {
    db: Db,
}

impl Books {
    pub(crate) fn new(db: Db) -> Books {
        Books { db }
    }

    pub(crate) async fn snapshot(&self) -> Result<Snapshot, DbError> {
        let tx = self.db.read().await?;
        let last = tx.query(sql::GROUP_LAST_ROW, &[]).await?;
        let last_seq = last.first().map_or(Ok(0), |row| row.int(0))?.unsigned_abs();
        Ok(Snapshot { tx, last_seq })
    }
}

#[derive(Debug)]
pub(crate) struct Snapshot {
    pub tx: Tx,
    /// The last row of the log that is in it.
    pub last_seq: u64,
}

impl Snapshot {
    /// Fills a state; the heads in it are those of this snapshot.
    pub(crate) fn loader<'a>(&'a self, state: &'a mut State) -> Loader<'a> {
        Loader::new(&self.tx, state)
    }

    /// Heads by the numbers of their accounts; unknown accounts are left out.
    pub(crate) async fn heads(&self, accounts: &[u64]) -> Result<HashMap<u64, Head>, DbError> {
        let numbers: Vec<i64> = accounts.iter().map(|no| *no as i64).collect();
        heads_of(&self.tx.select_many(&sql::ACCOUNT_HEAD, Column::Int(&numbers)).await?)
    }
}
