//! One of several processes with the same books: it answers queries from the tables itself and forwards commands to the
//! process that holds the lease.
//!
//! A caller need not know which process writes. While the lease moves, a command that certainly did not happen is
//! retried, and so is one without a reply if a second time changes nothing more; the caller's own deadline limits this.
//!
//! Invariant: a forwarded command is not forwarded again. The holder is called under a separate name ([`WRITER`]),
//! under which every process answers only for its own lane.

mod books;
mod holder;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use kernel::{Clock, Ctx};
use ledger_api::LedgerError;
use platform::error::Failure;
use platform::lease::{Role, Standing};
use platform::rpc::{Outcome, Repeat};

pub use books::ReplicaBooks;
pub use holder::ToHolder;

/// The name under which a process answers as the writer or not at all.
pub const WRITER: &str = "ledger-writer";

const PAUSE_FIRST: Duration = Duration::from_millis(10);
const PAUSE_MAX: Duration = Duration::from_millis(200);
/// Subtracted from the caller's time, so that the reply arrives before the caller gives up.
const RESERVE: Duration = Duration::from_millis(30);

/// How a command finds its writer.
#[derive(Debug, Clone)]
struct Passing {
    standing: Standing,
    clock: Arc<dyn Clock>,
}

/// The same interface, here and at the writer.
struct Sides<T: ?Sized> {
    here: Arc<T>,
    writer: Arc<T>,
}

impl Passing {
    fn nobody_writes(&self) -> bool {
        matches!(self.standing.role(), Role::StandBy { address: None, .. })
    }

    async fn carry<T, R, F>(
        &self,
        ctx: &Ctx,
        repeat: Repeat,
        sides: &Sides<T>,
        call: impl Fn(Arc<T>) -> F + Send + Sync,
    ) -> Result<R, LedgerError>
    where
        T: ?Sized + Send + Sync,
        F: Future<Output = Result<R, LedgerError>> + Send,
    {
        self.carry_told(ctx, repeat, sides, call).await.0
    }

    /// The same, and whether an earlier attempt may have been executed: for replies that contain errors.
    async fn carry_told<T, R, F>(
        &self,
        ctx: &Ctx,
        repeat: Repeat,
        sides: &Sides<T>,
        call: impl Fn(Arc<T>) -> F + Send + Sync,
    ) -> (Result<R, LedgerError>, bool)
    where
        T: ?Sized + Send + Sync,
        F: Future<Output = Result<R, LedgerError>> + Send,
    {
        let mut pause = PAUSE_FIRST;
        // An attempt without a reply may have been executed, whatever a later one says.
        let mut lost = false;
        loop {
            let side = if self.standing.is_holder() { &sides.here } else { &sides.writer };
            let again = match call(Arc::clone(side)).await {
                Err(LedgerError::Failed(Failure::Unavailable)) => true,
                Err(LedgerError::Failed(Failure::OutcomeUnknown)) => {
                    lost = true;
                    repeat != Repeat::Never
                }
                Err(error) if lost && error.is_of_this_attempt() => false,
                // The time ran out in which some process should have taken the lease.
                Err(LedgerError::Failed(Failure::DeadlineExceeded)) if self.nobody_writes() => false,
                outcome => return (outcome, lost),
            };
            let left = Duration::from_micros(ctx.deadline.micros_left(self.clock.monotonic()));
            // Without the database nobody knows who writes, and nobody here learns it in time.
            if !again || left < pause + RESERVE || !self.standing.is_in_touch() {
                return (
                    Err(if lost {
                        LedgerError::Failed(Failure::OutcomeUnknown)
                    } else {
                        LedgerError::Failed(Failure::Unavailable)
                    }),
                    lost,
                );
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }
}
