//! A bounded set of connections to one store, made when first needed and within what the process may have.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::budget::{Budget, Kind};
use super::checkpoint::LogWatch;
use super::patience::Patience;
use super::postgres::PostgresConn;
use super::sqlite::SqliteConn;
use super::{Access, DbError, Fault, Target};

/// Longest wait for a connection.
const WAIT_MAX: Duration = Duration::from_secs(10);
/// Before a further connection to a shared server is made, the wait for one that is in use: two short reads that meet share one, so
/// that a room at rest keeps few.
const SHARE_WAIT_MAX: Duration = Duration::from_millis(20);
/// Rounds without use after which a connection is closed, or releases its memory if it is the last one.
const RESTS_MAX: u32 = 12;

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
    kind: Kind,
    /// Without one, this pool's size is the only bound.
    budget: Option<Budget>,
    /// The one that was used last stands last.
    idle: Mutex<Vec<Idle>>,
    /// Told of each connection that is given back.
    returned: Notify,
}

/// A connection, and its place among those of the process.
#[derive(Debug)]
struct Held {
    conn: Conn,
    place: Option<OwnedSemaphorePermit>,
}

#[derive(Debug)]
struct Idle {
    held: Held,
    /// Rounds since it was used.
    rests: u32,
}

/// How a pool is made.
pub(crate) struct Pooled {
    pub(crate) target: Target,
    pub(crate) access: Access,
    pub(crate) size: usize,
    pub(crate) kind: Kind,
    pub(crate) watch: Option<Arc<LogWatch>>,
    pub(crate) budget: Option<Budget>,
}

/// A connection in use. If dropped it is closed; if given back it is reused.
#[derive(Debug)]
pub(crate) struct Lent {
    pool: Arc<Pool>,
    held: Option<Held>,
    _permit: OwnedSemaphorePermit,
}

impl Pool {
    pub(crate) fn new(pooled: Pooled) -> Arc<Pool> {
        let Pooled { target, access, size, kind, watch, budget } = pooled;
        let (free, idle, returned) = (Arc::new(Semaphore::new(size)), Mutex::default(), Notify::new());
        let pool = Arc::new(Pool { target, access, size, watch, free, kind, budget, idle, returned });
        pool.budget.iter().for_each(|budget| budget.watch(&pool));
        pool
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    pub(crate) async fn take(self: &Arc<Pool>) -> Result<Lent, DbError> {
        const WAITED: &str = "wait for a connection";
        let wait = Patience::of(WAIT_MAX, Fault::Unreachable).wait(WAITED, Arc::clone(&self.free).acquire_owned());
        let permit = wait.await?.map_err(|_| DbError::new(WAITED, Fault::Unreachable))?;
        let idle = self.take_idle();
        let held = match if idle.is_none() { self.returned_soon().await } else { idle } {
            Some(held) => held,
            None => Held { place: self.place().await?, conn: self.connect().await? },
        };
        Ok(Lent { pool: Arc::clone(self), held: Some(held), _permit: permit })
    }

    fn take_idle(&self) -> Option<Held> {
        self.idle().pop().map(|idle| idle.held).filter(|held| held.conn.is_usable())
    }

    /// A connection that another task of this store gives back at once, if any is in use.
    async fn returned_soon(&self) -> Option<Held> {
        const OUR_OWN: usize = 1;
        if !self.is_counted() || self.in_use() <= OUR_OWN {
            return None;
        }
        let returned = async {
            loop {
                let mut returned = std::pin::pin!(self.returned.notified());
                // From here on no return is missed.
                returned.as_mut().enable();
                match self.take_idle() {
                    Some(held) => return held,
                    None => returned.await,
                }
            }
        };
        tokio::time::timeout(SHARE_WAIT_MAX, returned).await.ok()
    }

    /// Only connections to PostgreSQL are: the server shares them among processes.
    fn is_counted(&self) -> bool {
        self.budget.is_some() && matches!(self.target, Target::Postgres { .. })
    }

    async fn place(&self) -> Result<Option<OwnedSemaphorePermit>, DbError> {
        const WAITED: &str = "wait for one of the process's connections";
        let Some(budget) = self.budget.as_ref().filter(|_| self.is_counted()) else {
            return Ok(None);
        };
        let place = Patience::of(WAIT_MAX, Fault::Unreachable).wait(WAITED, budget.place(self.kind)).await?;
        place.map(Some).ok_or_else(|| DbError::new(WAITED, Fault::Unreachable))
    }

    /// Closes the connection that was idle for longest, and returns its place among those of the process.
    pub(crate) fn give_up(&self) -> Option<OwnedSemaphorePermit> {
        let mut idle = self.idle();
        let longest = idle.iter().position(|idle| idle.held.place.is_some())?;
        idle.remove(longest).held.place
    }

    /// One round: connections that were not used for a while are closed, except the last writer and the last reader,
    /// which release their memory.
    pub(crate) fn rest(&self) {
        let kept = usize::from(self.kind != Kind::SecondReader);
        let mut idle = self.idle();
        idle.iter_mut().for_each(|idle| idle.rests += 1);
        while idle.len() > kept && idle.first().is_some_and(|idle| idle.rests >= RESTS_MAX) {
            idle.remove(0);
        }
        if let Some(last) = idle.first_mut().filter(|idle| idle.rests == RESTS_MAX) {
            last.held.conn.shrink();
        }
    }

    async fn connect(&self) -> Result<Conn, DbError> {
        match &self.target {
            Target::Sqlite { file, cache_mb } => {
                SqliteConn::open(file, *cache_mb, self.access, self.watch.clone()).map(Conn::Sqlite)
            }
            Target::Postgres { url, schema } => PostgresConn::open(url, schema, self.access).await.map(Conn::Postgres),
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Idle>> {
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

    fn shrink(&self) {
        if let Conn::Sqlite(sqlite) = self
            && let Err(error) = sqlite.batch("pragma shrink_memory")
        {
            tracing::debug!(%error, "a connection at rest kept its memory");
        }
    }
}

impl Lent {
    pub(crate) fn conn(&self) -> &Conn {
        // Taken only by `give_back`, which consumes the loan.
        &self.held.as_ref().expect("a loan holds its connection until it is given back").conn
    }

    pub(crate) fn give_back(mut self) {
        let Some(held) = self.held.take() else { return };
        self.pool.idle().push(Idle { held, rests: 0 });
        // Asked only now: who began to wait before has seen this connection among the idle ones, or is seen here.
        if self.pool.budget.as_ref().is_some_and(|budget| budget.is_wanted(self.pool.kind)) {
            drop(self.pool.give_up());
        } else {
            self.pool.returned.notify_waiters();
        }
    }
}
