//! One database per service, on either engine, behind one type.
//!
//! [`Db`] is the only type that knows whether it is an SQLite file or a PostgreSQL schema. Domains write one SQL text
//! with `$1` parameters and columns of TEXT, BIGINT, SMALLINT and the keywords of [`Migration`]; rows go in and come
//! out in sets ([`RowSet`]), because a statement per row is what makes databases slow.
//!
//! Invariants: one writer connection per SQLite file, WAL with `synchronous=FULL`; a read transaction sees one
//! snapshot; a write transaction begins as a writer, so it never fails half way because it read first.

mod backup;
mod beside;
mod budget;
mod checkpoint;
mod connect;
mod databases;
mod error;
mod fence;
mod migrate;
mod pace;
mod patience;
mod pool;
mod postgres;
mod rowset;
mod sqlite;
mod tables;
mod tx;
mod value;

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

pub use backup::{Copied, backup_files, backup_listed, check_file, file_sha256};
pub use beside::files_beside;
pub use budget::{Budget, of_one_store, share_of_cache};
pub use connect::{AddressError, server};
pub use databases::{connections_max, create_database, drop_database, has_database, with_database};
pub use error::{CommitError, DbError, Fault, WriteError};
pub use fence::Fence;
pub use migrate::Migration;
pub use pace::Pace;
pub use rowset::{Column, RowSet};
pub use tx::Tx;
pub use value::{Cell, Row, Value};

use budget::Kind;
use checkpoint::Checkpointer;
pub(crate) use connect::{check as check_address, connect};
use pool::{Conn, Pool, Pooled};

pub(crate) use tables::{Lineage, check_tables};

/// Times that a write is retried after the engine asked for it.
const WRITE_RETRIES_MAX: u32 = 5;

#[derive(Debug, Clone)]
pub enum Target {
    Sqlite { file: PathBuf, cache_mb: u32 },
    Postgres { url: String, schema: String },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    ReadWrite,
    /// Opens a store that another process may be writing, read-only.
    ReadOnly,
}

/// A handle that is cheap to clone.
#[derive(Debug, Clone)]
pub struct Db {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    target: Target,
    writers: Arc<Pool>,
    readers: Arc<Pool>,
    /// For callers that already hold a reader: if all of them waited for a second one from the same pool, none would
    /// ever come.
    second_readers: Arc<Pool>,
    pace: OnceLock<Arc<dyn Pace>>,
    /// After the pools in order, so that it ends once their connections are gone.
    _checkpointer: Option<Checkpointer>,
}

pub type Work<'t, T> = Pin<Box<dyn Future<Output = Result<T, DbError>> + Send + 't>>;

impl Db {
    /// Opens the store. Connections are made when first needed, but one is made now so that a wrong address shows at
    /// once.
    pub async fn open(target: Target, access: Access, readers: usize) -> Result<Db, DbError> {
        Db::open_in(target, access, readers, None).await
    }

    /// The same as one of several stores of a process, which share its budget.
    pub async fn open_within(budget: &Budget, target: Target, access: Access, readers: usize) -> Result<Db, DbError> {
        Db::open_in(target, access, readers, Some(budget.clone())).await
    }

    async fn open_in(target: Target, access: Access, readers: usize, budget: Option<Budget>) -> Result<Db, DbError> {
        let writers = match target {
            Target::Sqlite { .. } => 1,
            Target::Postgres { .. } => readers.max(1),
        };
        let checkpointer = match (&target, access) {
            (Target::Sqlite { file, .. }, Access::ReadWrite) => Some(Checkpointer::start(file).map_err(|error| {
                DbError::caused("start the checkpoint thread".to_owned(), Fault::Unreachable, error)
            })?),
            _ => None,
        };
        let watch = checkpointer.as_ref().map(Checkpointer::watch);
        let pool = |kind, access, size, watch| {
            Pool::new(Pooled { target: target.clone(), access, size, kind, watch, budget: budget.clone() })
        };
        let db = Db {
            inner: Arc::new(Inner {
                writers: pool(Kind::Writer, access, writers, watch),
                readers: pool(Kind::Reader, Access::ReadOnly, readers.max(1), None),
                second_readers: pool(Kind::SecondReader, Access::ReadOnly, 1, None),
                pace: OnceLock::new(),
                target,
                _checkpointer: checkpointer,
            }),
        };
        if access == Access::ReadWrite {
            db.inner.writers.take().await?.give_back();
        }
        db.inner.readers.take().await?.give_back();
        Ok(db)
    }

    /// Lets a simulation decide how long everything takes from now on.
    pub fn keep_pace(&self, pace: Arc<dyn Pace>) {
        // The first one stays.
        let _ = self.inner.pace.set(pace);
    }

    pub fn engine(&self) -> Engine {
        match self.inner.target {
            Target::Sqlite { .. } => Engine::Sqlite,
            Target::Postgres { .. } => Engine::Postgres,
        }
    }

    /// Migrates the schema. Refuses a store that a newer version has migrated.
    pub async fn migrate(&self, migrations: &[Migration]) -> Result<usize, DbError> {
        migrate::run(self, migrations).await
    }

    /// Migrates tables that the platform adds to a room's own; they have their own version numbers.
    pub(crate) async fn migrate_part(&self, part: &str, steps: &[Migration]) -> Result<usize, DbError> {
        migrate::run_part(self, part, steps).await
    }

    /// Refuses a store whose schema is not exactly the one that `migrations` lead to; changes nothing.
    pub async fn check_version(&self, migrations: &[Migration]) -> Result<(), DbError> {
        migrate::check(self, migrations).await
    }

    /// The same for tables that the platform adds to a room's own.
    pub(crate) async fn check_part(&self, part: &str, steps: &[Migration]) -> Result<(), DbError> {
        migrate::check_part(self, part, steps).await
    }

    /// One snapshot of the store, for any number of queries.
    pub async fn read(&self) -> Result<Tx, DbError> {
        self.begin_in(&self.inner.readers, tx::Kind::Read).await
    }

    /// A second, later snapshot while one is held. Its holder must not ask for another connection.
    pub async fn read_later(&self) -> Result<Tx, DbError> {
        self.begin_in(&self.inner.second_readers, tx::Kind::Read).await
    }

    /// A write transaction for callers that handle errors themselves, as a lane does; others use [`Db::write`].
    pub async fn begin(&self) -> Result<Tx, DbError> {
        self.begin_in(&self.inner.writers, tx::Kind::Write).await
    }

    /// A write transaction that does not overlap any other of its kind, in this process or another: it begins when the
    /// last one has really ended, even one whose connection was lost.
    pub async fn begin_alone(&self) -> Result<Tx, DbError> {
        self.begin_alone_under(None).await
    }

    /// The same, marked as belonging to a lease holder: a successor finds it and ends it. Commit it with
    /// [`Tx::commit_fenced`].
    pub async fn begin_alone_under(&self, fence: Option<&Fence>) -> Result<Tx, DbError> {
        self.begin_in(&self.inner.writers, tx::Kind::WriteAlone(fence)).await
    }

    async fn begin_in(&self, pool: &Arc<Pool>, kind: tx::Kind<'_>) -> Result<Tx, DbError> {
        Tx::begin(pool.take().await?, kind, self.inner.pace.get().cloned()).await
    }

    /// Runs `work` in one write transaction and commits it; retries a bounded number of times if the engine asks for
    /// it.
    pub async fn write<T, F>(&self, work: F) -> Result<T, WriteError>
    where
        F: for<'t> Fn(&'t Tx) -> Work<'t, T> + Send + Sync,
        T: Send,
    {
        let mut tried = 0;
        loop {
            match self.write_once(&work).await {
                Err(error) if error.is_retryable() && tried < WRITE_RETRIES_MAX => {
                    tried += 1;
                    tokio::time::sleep(Duration::from_millis(10 << tried)).await;
                }
                outcome => return outcome,
            }
        }
    }

    async fn write_once<T, F>(&self, work: &F) -> Result<T, WriteError>
    where
        F: for<'t> Fn(&'t Tx) -> Work<'t, T> + Send + Sync,
    {
        let tx = self.begin().await?;
        let value = work(&tx).await?;
        tx.commit().await?;
        Ok(value)
    }

    /// Drops every idle connection, so that the next call reopens the store. For use after an I/O error.
    pub fn forget_connections(&self) {
        self.inner.writers.clear();
        self.inner.readers.clear();
        self.inner.second_readers.clear();
    }

    /// Connections in use and their maximum, for the metrics of the same names.
    pub fn connections(&self) -> (usize, usize) {
        let (writers, readers) = (&self.inner.writers, &self.inner.readers);
        (writers.in_use() + readers.in_use(), writers.size() + readers.size())
    }

    fn schema(&self) -> Option<&str> {
        match &self.inner.target {
            Target::Sqlite { .. } => None,
            Target::Postgres { schema, .. } => Some(schema),
        }
    }

    /// The file of an SQLite store.
    pub fn file(&self) -> Option<&PathBuf> {
        match &self.inner.target {
            Target::Sqlite { file, .. } => Some(file),
            Target::Postgres { .. } => None,
        }
    }

    /// Moves the contents of the write-ahead log into the file, so that the file alone is the store. A no-op on
    /// PostgreSQL.
    pub async fn checkpoint(&self) -> Result<(), DbError> {
        let conn = self.inner.writers.take().await?;
        if let Conn::Sqlite(sqlite) = conn.conn() {
            sqlite.keep_to_the_call()?;
            sqlite.checkpoint()?;
        }
        conn.give_back();
        Ok(())
    }
}
