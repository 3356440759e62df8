//! The SQLite half of `Db`: one connection to one file.
//!
//! Calls block. They run on the thread that polls them, announced to the runtime with [`blocking`], because a hop to
//! another thread per statement costs more than most statements. The runtime continues on another thread meanwhile, so
//! a blocked call only holds up its own task. A store has one writer and a few readers, so it cannot block more threads
//! than that. Within a call, the wait for another process's lock and long statements end at the deadline
//! ([`SqliteConn::keep_to_the_call`]); a disk that hangs in a sync cannot be interrupted.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use tokio::runtime::{Handle, RuntimeFlavor};

use super::checkpoint::LogWatch;
use super::patience::Patience;
use super::rowset::{self, Column, RowSet};
use super::value::{Row, Value, sqlite_cell};
use super::{Access, DbError, Fault};
use crate::deadline;

const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const STATEMENTS_CACHED_MAX: usize = 128;
/// Engine steps between two checks of the deadline: about ten microseconds.
const STEPS_BETWEEN_LOOKS: i32 = 1_000;
const CHECKPOINT: &str = "pragma wal_checkpoint(truncate)";

#[derive(Debug)]
pub(crate) struct SqliteConn {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    connection: Connection,
    watch: Option<Arc<LogWatch>>,
    /// The lock timeout last set.
    patience: Patience,
    /// Whether it was set for a call.
    bound: bool,
    /// Statement texts with `$1` turned into `?1`, by the address of their constant.
    texts: HashMap<(usize, usize), Box<str>>,
}

impl SqliteConn {
    pub(crate) fn open(
        file: &Path,
        cache_mb: u32,
        access: Access,
        watch: Option<Arc<LogWatch>>,
    ) -> Result<SqliteConn, DbError> {
        let attempted = format!("open {}", file.display());
        blocking(|| connect(file, cache_mb, access, watch.as_ref()))
            .map_err(|error| DbError::sqlite(&attempted, error))
            .map(|connection| {
                let patience = Patience { max: BUSY_TIMEOUT, fault: Fault::Retry };
                let texts = HashMap::new();
                SqliteConn { inner: Mutex::new(Inner { connection, watch, patience, bound: false, texts }) }
            })
    }

    /// Begins as a writer; first copies the rest of the log into the file, if requested.
    pub(crate) fn begin_write(&self) -> Result<(), DbError> {
        self.keep_to_the_call()?;
        let inner = self.lock();
        if let Some(watch) = &inner.watch
            && let Err(error) = blocking(|| watch.settle(&inner.connection, inner.patience.max))
        {
            tracing::warn!(%error, "the rest of the write-ahead log was not copied");
        }
        drop(inner);
        self.batch("begin immediate")
    }

    pub(crate) fn begin_read(&self) -> Result<(), DbError> {
        self.keep_to_the_call()?;
        self.batch("begin")
    }

    /// From here on the connection waits for locks, and works on one statement, no longer than the remaining time of
    /// the call that this task answers; outside of a call the usual limit applies.
    pub(crate) fn keep_to_the_call(&self) -> Result<(), DbError> {
        let mut inner = self.lock();
        let call = deadline::current();
        if call.is_none() && !inner.bound {
            return Ok(());
        }
        inner.keep(call).map_err(|error| DbError::sqlite("bound the waits of a connection", error))
    }

    pub(crate) fn batch(&self, sql: &str) -> Result<(), DbError> {
        let inner = self.lock();
        blocking(|| inner.connection.execute_batch(sql)).map_err(|error| inner.failed(attempted(sql), error))
    }

    pub(crate) fn query(&self, sql: &'static str, params: &[Value<'_>]) -> Result<Vec<Row>, DbError> {
        let mut inner = self.lock();
        blocking(|| {
            let patience = inner.patience;
            let (connection, text) = inner.prepared(sql);
            let fail = |error| failed(patience, attempted(sql), error);
            let mut statement = connection.prepare_cached(text).map_err(fail)?;
            let columns = statement.column_count();
            let mut rows = statement.query(rusqlite::params_from_iter(params)).map_err(fail)?;
            let mut found = Vec::new();
            while let Some(row) = rows.next().map_err(fail)? {
                found.push(read_row(row, columns)?);
            }
            Ok(found)
        })
    }

    pub(crate) fn check(&self, sql: &'static str) -> Result<(), DbError> {
        let mut inner = self.lock();
        blocking(|| {
            let (connection, text) = inner.prepared(sql);
            connection.prepare(text).map(|_| ()).map_err(|error| DbError::sqlite(attempted(sql), error))
        })
    }

    pub(crate) fn execute(&self, sql: &'static str, params: &[Value<'_>]) -> Result<u64, DbError> {
        let mut inner = self.lock();
        blocking(|| {
            let patience = inner.patience;
            let (connection, text) = inner.prepared(sql);
            let run = |connection: &Connection| -> rusqlite::Result<usize> {
                connection.prepare_cached(text)?.execute(rusqlite::params_from_iter(params))
            };
            run(connection).map(|changed| changed as u64).map_err(|error| failed(patience, attempted(sql), error))
        })
    }

    /// One prepared statement, run for each row: inside one process that is as fast as longer texts, and simpler.
    pub(crate) fn insert_many(&self, set: &'static RowSet, columns: &[Column<'_>]) -> Result<(), DbError> {
        self.run_for_each(set.sqlite_insert(), rowset::length(columns)?, columns)
    }

    pub(crate) fn update_many(&self, set: &'static RowSet, columns: &[Column<'_>]) -> Result<(), DbError> {
        self.run_for_each(set.sqlite_update(), rowset::length(columns)?, columns)
    }

    pub(crate) fn add_many(&self, set: &'static RowSet, columns: &[Column<'_>]) -> Result<(), DbError> {
        self.run_for_each(set.sqlite_add()?, rowset::length(columns)?, columns)
    }

    pub(crate) fn select_many(&self, set: &'static RowSet, keys: Column<'_>) -> Result<Vec<Row>, DbError> {
        let inner = self.lock();
        blocking(|| {
            let fail = |error| inner.failed(set.table, error);
            let mut statement = inner.connection.prepare_cached(set.sqlite_select()).map_err(fail)?;
            let columns = statement.column_count();
            let mut found = Vec::with_capacity(keys.length());
            for place in 0..keys.length() {
                let mut rows = statement.query([keys.value(place)]).map_err(fail)?;
                while let Some(row) = rows.next().map_err(fail)? {
                    found.push(read_row(row, columns)?);
                }
            }
            Ok(found)
        })
    }

    /// If readers keep a checkpoint from finishing, the engine reports that as a row, not as an error.
    pub(crate) fn checkpoint(&self) -> Result<(), DbError> {
        let row = self.query(CHECKPOINT, &[])?;
        let counts =
            row.first().map_or(Ok::<_, DbError>((1, -1, -1)), |row| Ok((row.int(0)?, row.int(1)?, row.int(2)?)))?;
        match counts {
            (0, _, _) => Ok(()),
            (_, frames, copied) if frames >= 0 && frames == copied => Ok(()),
            _ => Err(DbError::new(CHECKPOINT, Fault::Retry)),
        }
    }

    fn run_for_each(&self, sql: &str, rows: usize, columns: &[Column<'_>]) -> Result<(), DbError> {
        let inner = self.lock();
        blocking(|| {
            let mut statement = inner.connection.prepare_cached(sql)?;
            for place in 0..rows {
                for (index, column) in columns.iter().enumerate() {
                    statement.raw_bind_parameter(index + 1, column.value(place))?;
                }
                statement.raw_execute()?;
            }
            Ok(())
        })
        .map_err(|error| inner.failed(attempted(sql), error))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn keep(&mut self, call: Option<Arc<deadline::Call>>) -> rusqlite::Result<()> {
        self.bound = call.is_some();
        self.patience = Patience::of(BUSY_TIMEOUT, Fault::Retry);
        self.connection.busy_timeout(self.patience.max)?;
        match call {
            Some(call) => self.connection.progress_handler(STEPS_BETWEEN_LOOKS, Some(move || call.left().is_zero())),
            None => self.connection.progress_handler(0, None::<fn() -> bool>),
        }
    }

    fn failed(&self, attempted: &str, error: rusqlite::Error) -> DbError {
        failed(self.patience, attempted, error)
    }

    fn prepared(&mut self, sql: &'static str) -> (&Connection, &str) {
        let key = (sql.as_ptr() as usize, sql.len());
        let text = self.texts.entry(key).or_insert_with(|| sql.replace('$', "?").into());
        (&self.connection, text)
    }
}

fn connect(file: &Path, cache_mb: u32, access: Access, watch: Option<&Arc<LogWatch>>) -> rusqlite::Result<Connection> {
    let mode = match access {
        Access::ReadWrite => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        Access::ReadOnly => OpenFlags::SQLITE_OPEN_READ_ONLY,
    };
    let mut connection = Connection::open_with_flags(file, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED_MAX);
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "cache_size", -1024 * i64::from(cache_mb))?;
    if access == Access::ReadWrite {
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "full")?;
        connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    }
    if let Some(watch) = watch {
        watch.attach(&mut connection)?;
    }
    Ok(connection)
}

fn read_row(row: &rusqlite::Row<'_>, columns: usize) -> Result<Row, DbError> {
    let cell = |place| {
        let value = row.get_ref(place).map_err(|error| DbError::sqlite("read a cell", error))?;
        sqlite_cell(value)
    };
    Ok(Row((0..columns).map(cell).collect::<Result<_, _>>()?))
}

/// A lock wait that ended early was ended by the caller's deadline.
fn failed(patience: Patience, attempted: &str, error: rusqlite::Error) -> DbError {
    let error = DbError::sqlite(attempted, error);
    let late = error.is_retryable() && patience.is_the_callers();
    if late { DbError { fault: Fault::Late, ..error } } else { error }
}

/// Statement texts are named constants, so their first line is enough.
fn attempted(sql: &str) -> &str {
    sql.trim().lines().next().unwrap_or_default()
}

/// Tells a multi-threaded runtime that this thread blocks for a moment.
fn blocking<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}
