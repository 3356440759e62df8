//! Where a call ends: at the deadline in its [`Ctx`], in this process as in another one.
//!
//! Whoever answers calls wraps each of them in [`in_time`]; the edge and the table of rpc methods wrap all that they carry. Whatever a
//! store is asked inside of such a call ends then too, without being told: it finds the time that is left here.
//!
//! Invariant: "nothing happened" is said only where no commit was sent. Once one was sent, and not refused, what ends at the
//! deadline ends with "outcome unknown".

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use kernel::{Clock, Ctx, Deadline};

/// What is waited for inside of a call ends at the deadline by itself and knows better what to say; the call ends a little later.
const GRACE: Duration = Duration::from_millis(10);

tokio::task_local! {
    static CALL: Arc<Call>;
}

/// The deadline passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Late {
    #[error("the deadline passed; nothing happened")]
    NothingHappened,
    #[error("the deadline passed; it may have happened")]
    OutcomeUnknown,
}

/// A call that is being answered by this task.
pub(crate) struct Call {
    until: Deadline,
    clock: Arc<dyn Clock>,
    /// Commits that were sent and not refused, here and at services that were called.
    changes: AtomicU32,
    /// The call that this one is made for.
    outer: Option<Arc<Call>>,
}

impl Call {
    fn begun(until: Deadline, clock: &Arc<dyn Clock>) -> Arc<Call> {
        Arc::new(Call { until, clock: Arc::clone(clock), changes: AtomicU32::new(0), outer: current() })
    }

    /// Nothing once the deadline has passed.
    pub(crate) fn left(&self) -> Duration {
        let own = Duration::from_micros(self.until.micros_left(self.clock.monotonic()));
        self.outer.as_ref().map_or(own, |outer| own.min(outer.left()))
    }

    fn has_changed(&self) -> bool {
        self.changes.load(Ordering::Acquire) > 0
    }

    fn word(&self) -> Late {
        if self.has_changed() { Late::OutcomeUnknown } else { Late::NothingHappened }
    }

    fn sent(&self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
        self.outer.iter().for_each(|outer| outer.sent());
    }

    fn refused(&self) {
        self.changes.fetch_sub(1, Ordering::AcqRel);
        self.outer.iter().for_each(|outer| outer.refused());
    }

    async fn run<T>(self: &Arc<Call>, work: impl Future<Output = T>) -> Result<T, Late> {
        let left = self.left();
        if left.is_zero() {
            return Err(Late::NothingHappened);
        }
        let work = CALL.scope(Arc::clone(self), work);
        let ended = tokio::time::timeout(left + GRACE, work).await;
        ended.map_err(|_| self.word())
    }
}

/// Answers a call by its deadline. What was not finished by then is dropped, and told by whether anything may have happened.
///
/// # Errors
/// The call's own, or what is late in its words.
pub fn in_time<R, E>(
    ctx: &Ctx,
    clock: &Arc<dyn Clock>,
    work: impl Future<Output = Result<R, E>>,
) -> impl Future<Output = Result<R, E>>
where
    E: From<Late> + PartialEq,
{
    // Boxed before anything else: a call's future is large, and each function that it passes would keep room for it twice.
    let work = Box::pin(work);
    let (until, clock) = (ctx.deadline, Arc::clone(clock));
    async move {
        let call = Call::begun(until, &clock);
        match call.run(work).await {
            // The step that came too late did nothing, and one before it did.
            Ok(Err(error)) if call.has_changed() && error == E::from(Late::NothingHappened) => {
                Err(Late::OutcomeUnknown.into())
            }
            Ok(outcome) => outcome,
            Err(late) => Err(late.into()),
        }
    }
}

/// The same for whoever has words of its own for what is late.
pub(crate) fn ended<T>(
    until: Deadline,
    clock: &Arc<dyn Clock>,
    work: impl Future<Output = T>,
) -> impl Future<Output = Result<T, Late>> {
    let (work, clock) = (Box::pin(work), Arc::clone(clock));
    async move { Call::begun(until, &clock).run(work).await }
}

/// Lets stores know until when `work` is of use; whoever calls ends it.
pub(crate) fn known<T>(
    until: Deadline,
    clock: &Arc<dyn Clock>,
    work: impl Future<Output = T>,
) -> impl Future<Output = T> {
    CALL.scope(Call::begun(until, clock), Box::pin(work))
}

/// The call that this task answers, if it answers one.
pub(crate) fn current() -> Option<Arc<Call>> {
    CALL.try_with(Arc::clone).ok()
}

/// What is left of the call that this task answers.
pub(crate) fn left() -> Option<Duration> {
    CALL.try_with(|call| call.left()).ok()
}

/// Something may happen from here on that outlives the call: a commit is sent, or a message to the world outside.
pub fn changes() {
    // Outside of a call nobody is told.
    let _ = CALL.try_with(|call| call.sent());
}

/// The last of them was refused for certain.
pub(crate) fn undone() {
    let _ = CALL.try_with(|call| call.refused());
}

#[cfg(test)]
mod tests;
