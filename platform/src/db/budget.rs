//! What all stores of one process share: connections to PostgreSQL, and memory of the embedded databases.
//!
//! Each store may open a few connections, and all stores together no more than the budget. When another store needs the last one, an
//! idle connection is closed. A store opens a further connection only if none in use comes back within a moment, and one that was not used
//! for a minute is closed, so that an idle room keeps two.
//!
//! Invariant: a task that holds a connection never waits for another of the same kind. Writers, readers and second readers are counted
//! separately and taken in this order, so that no two tasks wait for each other.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::DbError;
use super::pool::Pool;

/// The fewest connections that a process can do with.
const CONNECTIONS_MIN: u32 = 4;
/// Of the budget, the share that one store may have for reading, and on PostgreSQL for writing.
const STORES_AT_ONCE: usize = 6;
const OF_ONE_STORE_MAX: usize = 16;
/// Of all connections, one in so many is for second readers, which are held for a moment.
const SECOND_READERS: usize = 12;
/// Of the memory, the share that one connection may have.
const CONNECTIONS_AT_ONCE: u32 = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Writer,
    Reader,
    SecondReader,
}

/// Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct Budget(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    writers: Places,
    readers: Places,
    second_readers: Places,
    of_one_store: usize,
    cache_mb: u32,
    pools: Mutex<Vec<Weak<Pool>>>,
}

#[derive(Debug)]
struct Places {
    free: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl Budget {
    /// `connections` to PostgreSQL, whatever runs in this process; megabytes of memory for the embedded databases.
    pub fn new(connections: u32, cache_mb: u32) -> Result<Budget, DbError> {
        limit_memory(cache_mb)?;
        let connections = usize::try_from(connections.max(CONNECTIONS_MIN)).unwrap_or(usize::MAX);
        let second = (connections / SECOND_READERS).max(1);
        let writers = (connections - second) / 2;
        let places = |count| Places { free: Arc::new(Semaphore::new(count)), waiting: AtomicUsize::new(0) };
        Ok(Budget(Arc::new(Inner {
            writers: places(writers),
            readers: places(connections - second - writers),
            second_readers: places(second),
            of_one_store: of_one_store(connections),
            cache_mb: share_of_cache(cache_mb),
            pools: Mutex::default(),
        })))
    }

    /// Connections for reading that one store may have.
    pub fn of_one_store(&self) -> usize {
        self.0.of_one_store
    }

    /// Megabytes that one connection to an embedded database may have.
    pub fn cache_mb(&self) -> u32 {
        self.0.cache_mb
    }

    /// Closes connections that were not used for a while, and releases the memory of those that stay. Call it every few seconds.
    pub fn rest(&self) {
        self.pools().iter().for_each(|pool| pool.rest());
    }

    /// Includes the pool's connections in the budget.
    pub(crate) fn watch(&self, pool: &Arc<Pool>) {
        let mut pools = self.0.pools.lock().unwrap_or_else(PoisonError::into_inner);
        pools.retain(|pool| pool.strong_count() > 0);
        pools.push(Arc::downgrade(pool));
    }

    /// A place for one more connection to PostgreSQL.
    pub(crate) async fn place(&self, kind: Kind) -> Option<OwnedSemaphorePermit> {
        let places = self.places(kind);
        if let Ok(place) = Arc::clone(&places.free).try_acquire_owned() {
            return Some(place);
        }
        let _waiting = Waiting::begin(&places.waiting);
        if let Some(place) = self.pools().iter().filter(|pool| pool.kind() == kind).find_map(|pool| pool.give_up()) {
            return Some(place);
        }
        Arc::clone(&places.free).acquire_owned().await.ok()
    }

    /// Whether another store waits for a place: a connection that is given back is then closed.
    pub(crate) fn is_wanted(&self, kind: Kind) -> bool {
        self.places(kind).waiting.load(Ordering::Acquire) > 0
    }

    fn places(&self, kind: Kind) -> &Places {
        match kind {
            Kind::Writer => &self.0.writers,
            Kind::Reader => &self.0.readers,
            Kind::SecondReader => &self.0.second_readers,
        }
    }

    fn pools(&self) -> Vec<Arc<Pool>> {
        self.0.pools.lock().unwrap_or_else(PoisonError::into_inner).iter().filter_map(Weak::upgrade).collect()
    }
}

/// Connections for reading that one store may have of those of all, and on PostgreSQL as many for writing.
pub fn of_one_store(connections: usize) -> usize {
    (connections / STORES_AT_ONCE).clamp(1, OF_ONE_STORE_MAX)
}

/// Megabytes that one connection may have of those of all.
pub fn share_of_cache(cache_mb: u32) -> u32 {
    (cache_mb / CONNECTIONS_AT_ONCE).max(1)
}

/// Counts the tasks that wait, however the wait ends.
struct Waiting<'a>(&'a AtomicUsize);

impl Waiting<'_> {
    fn begin(count: &AtomicUsize) -> Waiting<'_> {
        count.fetch_add(1, Ordering::AcqRel);
        Waiting(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The limit is SQLite's own and holds for the process: near it a connection reuses its own pages instead of allocating more.
fn limit_memory(cache_mb: u32) -> Result<(), DbError> {
    let bytes = i64::from(cache_mb) << 20;
    let limit =
        || Connection::open_in_memory()?.query_row(&format!("pragma soft_heap_limit = {bytes}"), [], |_| Ok(()));
    limit().map_err(|error| DbError::sqlite("limit the memory of the embedded databases", error))
}
