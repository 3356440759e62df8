//! A bounded set of connections to one store, made when first needed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::checkpoint::LogWatch;
use super::patience::Patience;
use super::postgres::PostgresConn;
use super::sqlite::SqliteConn;
use super::{Access, DbError, Fault, Target};

/// Longest wait for a connection.
const WAIT_MAX: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(crate) enum Conn {
    Sqlite(SqliteConn),
    Postgres(PostgresConn),
}

#[derive(Debug)]
pub(crate) struct Pool {
    target: Target,
    access: Access,
    size: usize,
    /// For the writer of an SQLite file: the thread that copies its log.
    watch: Option<Arc<LogWatch>>,
    free: Arc<Semaphore>,
    idle: Mutex<Vec<Conn>>,
}

/// A connection in use. If dropped it is closed; if given back it is reused.
#[derive(Debug)]
pub(crate) struct Lent {
    pool: Arc<Pool>,
    conn: Option<Conn>,
    _permit: OwnedSemaphorePermit,
}

impl Pool {
    pub(crate) fn new(target: Target, access: Access, size: usize, watch: Option<Arc<LogWatch>>) -> Arc<Pool> {
        Arc::new(Pool { target, access, size, watch, free: Arc::new(Semaphore::new(size)), idle: Mutex::default() })
    }

    pub(crate) async fn take(self: &Arc<Pool>) -> Result<Lent, DbError> {
        const WAITED: &str = "wait for a connection";
        let wait = Patience::of(WAIT_MAX, Fault::Unreachable).wait(WAITED, Arc::clone(&self.free).acquire_owned());
        let permit = wait.await?.map_err(|_| DbError::new(WAITED, Fault::Unreachable))?;
        let idle = self.idle().pop().filter(Conn::is_usable);
        let conn = match idle {
            Some(conn) => conn,
            None => self.connect().await?,
        };
        Ok(Lent { pool: Arc::clone(self), conn: Some(conn), _permit: permit })
    }

    async fn connect(&self) -> Result<Conn, DbError> {
        match &self.target {
            Target::Sqlite { file, cache_mb } => {
                SqliteConn::open(file, *cache_mb, self.access, self.watch.clone()).map(Conn::Sqlite)
            }
            Target::Postgres { url, schema } => PostgresConn::open(url, schema, self.access).await.map(Conn::Postgres),
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Conn>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn clear(&self) {
        self.idle().clear();
    }

    pub(crate) fn size(&self) -> usize {
        self.size
    }

    pub(crate) fn in_use(&self) -> usize {
        self.size - self.free.available_permits().min(self.size)
    }
}

impl Conn {
    fn is_usable(&self) -> bool {
        match self {
            Conn::Sqlite(_) => true,
            Conn::Postgres(postgres) => postgres.is_open(),
        }
    }
}

impl Lent {
    pub(crate) fn conn(&self) -> &Conn {
        // Taken only by `give_back`, which consumes the loan.
        self.conn.as_ref().expect("a loan holds its connection until it is given back")
    }

    pub(crate) fn give_back(mut self) {
        if let Some(conn) = self.conn.take() {
            self.pool.idle().push(conn);
        }
    }
}
