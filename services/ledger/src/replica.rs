//! One of several processes with the same books: it answers questions from the tables itself and passes commands on to the
//! process that holds the lease.
//!
//! A caller need not know which process writes. While the lease moves, a command of which nothing happened is asked again,
//! and so is one without an answer if a second time changes nothing more; the caller's own deadline bounds that.
//!
//! Invariant: what was passed on is not passed on again. The holder is called by a name of its own ([`WRITER`]), under which
//! every process answers for its own lane alone.

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
/// Kept back, so that the answer arrives before the caller has gone.
const RESERVE: Duration = Duration::from_millis(30);

/// How a command finds its writer.
#[derive(Debug, Clone)]
struct Passing {
    standing: Standing,
    clock: Arc<dyn Clock>,
}

/// The same face here and where the writer is.
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

    /// The same, and whether an earlier attempt may have been carried out: for answers that hold errors inside.
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
        // An attempt without an answer may have been carried out, whatever a later one says of itself.
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
                // What ran out was the time in which somebody should have come to hold the lease.
                Err(LedgerError::Failed(Failure::DeadlineExceeded)) if self.nobody_writes() => false,
                outcome => return (outcome, lost),
            };
            let left = Duration::from_micros(ctx.deadline.micros_left(self.clock.monotonic()));
            // Without the database nobody knows who writes, and nobody here is told in time.
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
