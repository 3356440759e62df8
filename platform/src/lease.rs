//! Which of several processes on one PostgreSQL database may write.
//!
//! One row of the database says who holds the lease and until when, by the database's clock. The holder renews it
//! several times in its lifetime; another process takes it once it has expired, under the next *epoch*. SQLite needs no
//! lease: there the holder is the process with the data directory.
//!
//! A clock alone proves nothing: a process may be paused between reading it and writing. So there are two barriers. The
//! holder stops by its own clock, counted from before it sent the request, which is before the database would let
//! another one in ([`Standing`]). And each of its transactions checks the epoch in one flush with its commit
//! ([`crate::db::Fence`]), under a lock that a successor waits for, so that none commits after a takeover, however late
//! it comes.
//!
//! Invariants: epochs only rise; a successor has changed the fence's row before it begins, and no transaction of an
//! earlier epoch commits after that; clocks of different machines are never compared.
//!
//! Start reading at `task`, then `store`.

mod fence;
mod standing;
mod store;
mod task;

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use kernel::Clock;

pub use standing::{Role, Standing, Term};
pub use store::LEASE_TABLES;

use crate::db::{DbError, Fault};

#[derive(Debug, Clone)]
pub struct LeaseConfig {
    /// The PostgreSQL database with the lease.
    pub url: String,
    /// The schema that its tables are in. One lease may fence writers of several schemas.
    pub schema: String,
    /// How long the lease lasts after a renewal.
    pub time_ms: u64,
    /// How often it is renewed.
    pub renew_ms: u64,
}

/// This process's part in the lease: a thread that takes, renews and releases it.
///
/// It has its own thread and connection, so that neither a busy runtime nor an exhausted pool delays it.
#[derive(Debug)]
pub struct Lease {
    standing: Standing,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Lease {
    /// Watches the lease, and takes part once [`Lease::compete`] was called.
    pub fn start(config: LeaseConfig, clock: Arc<dyn Clock>) -> Result<Lease, DbError> {
        let task = task::Task::new(config, clock)?;
        let standing = task.standing();
        let failed = |error| DbError::caused("start the lease's thread", Fault::Unreachable, error);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let thread = std::thread::Builder::new().name("lease".to_owned());
        let thread = thread.spawn(move || runtime.block_on(task.until_closed())).map_err(failed)?;
        Ok(Lease { standing, thread: Mutex::new(Some(thread)) })
    }

    pub fn standing(&self) -> Standing {
        self.standing.clone()
    }

    /// From now on this process takes the lease if it can. `address` is where others reach the holder; empty if they
    /// cannot.
    pub fn compete(&self, address: &str) {
        self.standing.wish(|wish| wish.address = Some(address.into()));
    }

    /// Releases the lease, so that another process can have it at once. Nothing may be written afterwards.
    pub async fn close(&self) {
        self.standing.wish(|wish| wish.closed = true);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && !matches!(tokio::task::spawn_blocking(move || thread.join()).await, Ok(Ok(())))
        {
            tracing::error!("the lease's thread did not end cleanly");
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.standing.wish(|wish| wish.closed = true);
    }
}
