//! Who of several processes on one PostgreSQL database may write.
//!
//! One row of the database says who holds the lease and until when, by the database's clock. The holder renews it several
//! times in its life; another process takes it when it has run out, under the next *epoch*. On SQLite nobody needs one: there
//! the holder is whoever has the data directory.
//!
//! A clock alone proves nothing: a process may be paused between looking at it and writing. So there are two walls. The holder
//! stops by its own clock, counted from before it asked, which is before the database would let another one in
//! ([`Standing`]). And each of its transactions checks the epoch in one flush with its commit ([`crate::db::Fence`]), under a lock that a
//! successor waits for, so that none commits behind a take-over, however late it comes.
//!
//! Invariants: epochs only rise; whoever takes over has changed the fence's row before it begins, and no transaction of an
//! earlier epoch commits behind that; clocks of machines are never compared.
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
    /// How long the lease lasts behind a renewal.
    pub time_ms: u64,
    /// How often it is renewed.
    pub renew_ms: u64,
}

/// This process's part in the lease: a thread that takes it, keeps it and gives it up.
///
/// It has a thread and a connection of its own, so that neither a busy runtime nor a pool without free connections makes it
/// late.
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

    /// From now on this process takes the lease when it can; `address` is where others reach the holder, empty for nowhere.
    pub fn compete(&self, address: &str) {
        self.standing.wish(|wish| wish.address = Some(address.into()));
    }

    /// Gives the lease up, so that another process has it at once. Nothing may be written any more.
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
