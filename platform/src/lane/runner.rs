//! What drives a lane.

use std::thread::JoinHandle;

use super::LaneWork;
use super::run::Run;
use crate::db::{DbError, Fault};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Runner {
    /// A dedicated thread: a commit blocks for the length of a disk sync.
    #[default]
    Thread,
    /// A task of the current `LocalSet`: for simulations, which have to control everything from one thread.
    LocalTask,
}

/// A started lane.
#[derive(Debug)]
pub(super) enum Running {
    Thread(JoinHandle<()>),
    LocalTask(tokio::task::JoinHandle<()>),
}

impl Runner {
    pub(super) fn start<W: LaneWork>(self, run: Run<W>) -> Result<Running, DbError> {
        match self {
            Runner::Thread => {
                let (name, runtime) = (run.config.name, tokio::runtime::Handle::current());
                std::thread::Builder::new()
                    .name(format!("lane-{name}"))
                    .spawn(move || runtime.block_on(run.until_closed()))
                    .map(Running::Thread)
                    .map_err(|error| DbError::caused("start a lane's thread", Fault::Unreachable, error))
            }
            Runner::LocalTask => Ok(Running::LocalTask(tokio::task::spawn_local(run.until_closed()))),
        }
    }
}

impl Running {
    /// Whether it ended cleanly.
    pub(super) async fn ended(self) -> bool {
        match self {
            Running::Thread(thread) => {
                matches!(tokio::task::spawn_blocking(move || thread.join()).await, Ok(Ok(())))
            }
            Running::LocalTask(task) => task.await.is_ok(),
        }
    }
}
