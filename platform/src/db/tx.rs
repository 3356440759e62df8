//! A transaction, the same for both engines. Dropped without [`Tx::commit`], it is rolled back.
//!
//! Invariant: a transaction in which a statement failed cannot be committed. PostgreSQL would answer such a commit as
//! if it had succeeded, and roll back; SQLite would commit the other half.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::pool::{Conn, Lent};
use super::postgres::within_call;
use super::{Column, CommitError, DbError, Fault, Fence, Pace, Row, RowSet, Value};
use crate::deadline;

#[derive(Debug)]
pub struct Tx {
    lent: Option<Lent>,
    spoiled: AtomicBool,
    writes: bool,
    pace: Option<Arc<dyn Pace>>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind<'a> {
    Read,
    Write,
    /// As a lease holder or without a lease.
    WriteAlone(Option<&'a Fence>),
}

/// Whatever the server's default: a statement must see what was committed while it waited for a lock.
const BEGIN: &str = "begin isolation level read committed";
const BEGIN_READ: &str = "begin isolation level repeatable read, read only";

/// The number is arbitrary; with the schema's name it identifies the lock shared by the lanes of one schema.
const ALONE: &str = "select pg_advisory_xact_lock(70123, hashtext(current_schema()))";

/// Separate from the lanes' lock, so that a lane and an outbox of one schema do not wait for each other.
const ONE_AT_A_TIME: &str = "select pg_advisory_xact_lock(70124, hashtext(current_schema()))";

const ROLLBACK_MAX: Duration = Duration::from_secs(1);

impl Tx {
    pub(crate) async fn begin(lent: Lent, kind: Kind<'_>, pace: Option<Arc<dyn Pace>>) -> Result<Tx, DbError> {
        let tx = Tx { lent: Some(lent), spoiled: AtomicBool::new(false), writes: !matches!(kind, Kind::Read), pace };
        tx.pause().await;
        match (tx.conn(), kind) {
            // A plain `begin` that reads first and writes later fails under contention.
            (Conn::Sqlite(sqlite), Kind::Write | Kind::WriteAlone(_)) => sqlite.begin_write()?,
            (Conn::Sqlite(sqlite), Kind::Read) => sqlite.begin_read()?,
            (Conn::Postgres(postgres), Kind::Write) => postgres.batch(&within_call(BEGIN)).await?,
            (Conn::Postgres(postgres), Kind::WriteAlone(None)) => {
                postgres.batch(&format!("{}; {ALONE}", within_call(BEGIN))).await?
            }
            (Conn::Postgres(postgres), Kind::WriteAlone(Some(fence))) => {
                postgres.batch(&format!("{BEGIN}; {}; {ALONE}", fence.begin())).await?;
            }
            (Conn::Postgres(postgres), Kind::Read) => postgres.batch(&within_call(BEGIN_READ)).await?,
        }
        Ok(tx)
    }

    pub async fn query(&self, sql: &'static str, params: &[Value<'_>]) -> Result<Vec<Row>, DbError> {
        self.pause().await;
        self.noted(match self.conn() {
            Conn::Sqlite(sqlite) => sqlite.query(sql, params),
            Conn::Postgres(postgres) => postgres.query(sql, params).await,
        })
    }

    pub async fn execute(&self, sql: &'static str, params: &[Value<'_>]) -> Result<u64, DbError> {
        self.pause().await;
        self.noted(match self.conn() {
            Conn::Sqlite(sqlite) => sqlite.execute(sql, params),
            Conn::Postgres(postgres) => postgres.execute(sql, params).await,
        })
    }

    /// Waits until no other transaction of this schema that requested the same lock is open, and keeps others waiting
    /// until this one ends. On SQLite a write transaction is always alone.
    pub async fn one_at_a_time(&self) -> Result<(), DbError> {
        match self.conn() {
            Conn::Sqlite(_) => Ok(()),
            Conn::Postgres(_) => self.batch(ONE_AT_A_TIME).await,
        }
    }

    /// A savepoint for [`Tx::back`]. A transaction has one.
    pub async fn save(&self) -> Result<(), DbError> {
        self.batch("savepoint mark").await
    }

    /// Undoes everything after the savepoint, including a failed statement.
    pub async fn back(&self) -> Result<(), DbError> {
        self.batch("rollback to savepoint mark").await?;
        self.spoiled.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Has the engine check a statement without running it: its syntax, tables, columns and types. For tests of a
    /// store.
    pub async fn prepare(&self, sql: &'static str) -> Result<(), DbError> {
        self.noted(match self.conn() {
            Conn::Sqlite(sqlite) => sqlite.check(sql),
            Conn::Postgres(postgres) => postgres.check(sql).await,
        })
    }

    /// The same for all statements that a row set builds.
    pub async fn prepare_set(&self, set: &'static RowSet) -> Result<(), DbError> {
        for sql in set.texts_for(matches!(self.conn(), Conn::Postgres(_))) {
            self.prepare(sql).await?;
        }
        Ok(())
    }

    /// Statements without parameters and results, several in one text: migrations.
    pub async fn batch(&self, sql: &str) -> Result<(), DbError> {
        self.pause().await;
        self.noted(match self.conn() {
            Conn::Sqlite(sqlite) => sqlite.batch(sql),
            Conn::Postgres(postgres) => postgres.batch(sql).await,
        })
    }

    pub async fn insert_many(&self, set: &'static RowSet, columns: &[Column<'_>]) -> Result<(), DbError> {
        self.pause().await;
        self.noted(match self.conn() {
            Conn::Sqlite(sqlite) => sqlite.insert_many(set, columns),
            Conn::Postgres(postgres) => postgres.insert_many(set, columns).await,
        })
    }

    /// Sets all columns after the first one, in the rows that the first one names.
    pub async fn update_many(&self, set: &'static RowSet, columns: &[Column<'_>]) -> Result<(), DbError> {
        self.pause().await;
        self.noted(match self.conn() {
            Conn::Sqlite(sqlite) => sqlite.update_many(set, columns),
            Conn::Postgres(postgres) => postgres.update_many(set, columns).await,
        })
    }

    /// Adds to the sums of the rows that the set's key names, and creates those that are missing. A key occurs at most
    /// once.
    pub async fn add_many(&self, set: &'static RowSet, columns: &[Column<'_>]) -> Result<(), DbError> {
        self.pause().await;
        self.noted(match self.conn() {
            Conn::Sqlite(sqlite) => sqlite.add_many(set, columns),
            Conn::Postgres(postgres) => postgres.add_many(set, columns).await,
        })
    }

    /// The rows whose first column is one of `keys`; in no particular order, missing ones left out.
    pub async fn select_many(&self, set: &'static RowSet, keys: Column<'_>) -> Result<Vec<Row>, DbError> {
        if keys.length() == 0 {
            return Ok(Vec::new());
        }
        self.pause().await;
        self.noted(match self.conn() {
            Conn::Sqlite(sqlite) => sqlite.select_many(set, keys),
            Conn::Postgres(postgres) => postgres.select_many(set, keys).await,
        })
    }

    pub async fn commit(self) -> Result<(), CommitError> {
        self.commit_by("commit").await.map_err(CommitError)
    }

    /// Commits unless the fence's epoch is over; then the fault is `Fenced`, and nothing happened.
    pub async fn commit_fenced(self, fence: &Fence) -> Result<(), DbError> {
        let outcome = self.commit_by(fence.commit()).await;
        outcome.map_err(
            |error| if error.is_division_by_zero() { DbError { fault: Fault::Fenced, ..error } } else { error },
        )
    }

    async fn commit_by(mut self, text: &str) -> Result<(), DbError> {
        if self.spoiled.load(Ordering::Relaxed) {
            return Err(DbError::new("commit although a statement failed", Fault::Statement));
        }
        self.pause().await;
        if self.writes {
            deadline::changes();
        }
        let committed = match self.conn() {
            // The process that holds the file is alone: there is nothing to check.
            Conn::Sqlite(sqlite) => sqlite.batch("commit"),
            Conn::Postgres(postgres) => postgres.batch(text).await,
        };
        if let Err(error) = &committed
            && self.writes
            && !error.leaves_a_commit_unknown()
        {
            deadline::undone();
        }
        committed?;
        if let Some(lent) = self.lent.take() {
            lent.give_back();
        }
        self.pause().await;
        Ok(())
    }

    async fn pause(&self) {
        if let Some(pace) = &self.pace {
            pace.pause().await;
        }
    }

    fn noted<T>(&self, outcome: Result<T, DbError>) -> Result<T, DbError> {
        if outcome.is_err() {
            self.spoiled.store(true, Ordering::Relaxed);
        }
        outcome
    }

    fn conn(&self) -> &Conn {
        // Taken only by `commit` and `drop`, which end the transaction.
        self.lent.as_ref().expect("a transaction holds its connection until it ends").conn()
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        let Some(lent) = self.lent.take() else { return };
        match lent.conn() {
            Conn::Sqlite(sqlite) => {
                if sqlite.batch("rollback").is_ok() {
                    lent.give_back();
                }
            }
            // Rolling back needs an answer, which cannot be awaited here.
            Conn::Postgres(_) => {
                if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                    runtime.spawn(async move {
                        let Conn::Postgres(postgres) = lent.conn() else { return };
                        // Others wait for this connection slot: a connection that is still silent by then is closed
                        // instead.
                        let rolled_back = tokio::time::timeout(ROLLBACK_MAX, postgres.batch("rollback")).await;
                        if matches!(rolled_back, Ok(Ok(()))) {
                            lent.give_back();
                        }
                    });
                }
            }
        }
    }
}
