//! Ends a call at the deadline in its [`Ctx`], in this process as in any other.
//!
//! Every caller-facing part wraps calls in [`in_time`]; the edge and the table of rpc methods wrap everything they
//! carry. Store operations inside such a call end then too, without a parameter: they find the remaining time here.
//!
//! Invariant: "nothing happened" is said only if no commit was sent. If one was sent and not refused, a call that ends
//! at the deadline ends with "outcome unknown".

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use kernel::{Clock, Ctx, Deadline};

use crate::feed::{Actor, causes};

/// Waits inside of a call end at the deadline by themselves, with a better error; the call itself ends a little later.
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

/// The call that this task is answering.
pub(crate) struct Call {
    until: Deadline,
    clock: Arc<dyn Clock>,
    /// Commits that were sent and not refused, here and at called services.
    changes: AtomicU32,
    /// The call within which this one is made.
    outer: Option<Arc<Call>>,
}

impl Call {
    fn begun(until: Deadline, clock: &Arc<dyn Clock>) -> Arc<Call> {
        Arc::new(Call { until, clock: Arc::clone(clock), changes: AtomicU32::new(0), outer: current() })
    }

    /// `None` once the deadline has passed.
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

/// Answers a call by its deadline. If it is not finished by then it is dropped, and the error says whether anything may
/// have happened.
///
/// # Errors
/// The call's own error, or the deadline's.
pub fn in_time<R, E>(
    ctx: &Ctx,
    clock: &Arc<dyn Clock>,
    work: impl Future<Output = Result<R, E>>,
) -> impl Future<Output = Result<R, E>>
where
    E: From<Late> + PartialEq,
{
    // Boxed before anything else: a call's future is large, and each function it passes through would reserve room for it twice.
    let work = causes(Actor::of(ctx), Box::pin(work));
    let (until, clock) = (ctx.deadline, Arc::clone(clock));
    async move {
        let call = Call::begun(until, &clock);
        match call.run(work).await {
            // The step that came too late did nothing, but one before it did.
            Ok(Err(error)) if call.has_changed() && error == E::from(Late::NothingHappened) => {
                Err(Late::OutcomeUnknown.into())
            }
            Ok(outcome) => outcome,
            Err(late) => Err(late.into()),
        }
    }
}

/// The same with the caller's own errors for a passed deadline.
pub(crate) fn ended<T>(
    until: Deadline,
    clock: &Arc<dyn Clock>,
    work: impl Future<Output = T>,
) -> impl Future<Output = Result<T, Late>> {
    let (work, clock) = (Box::pin(work), Arc::clone(clock));
    async move { Call::begun(until, &clock).run(work).await }
}

/// Tells stores how long `work` is of use; the caller has to end it.
pub(crate) fn known<T>(
    until: Deadline,
    clock: &Arc<dyn Clock>,
    work: impl Future<Output = T>,
) -> impl Future<Output = T> {
    CALL.scope(Call::begun(until, clock), Box::pin(work))
}

/// The call that this task is answering, if any.
pub(crate) fn current() -> Option<Arc<Call>> {
    CALL.try_with(Arc::clone).ok()
}

/// The remaining time of the call that this task is answering.
pub(crate) fn left() -> Option<Duration> {
    CALL.try_with(|call| call.left()).ok()
}

/// From here on something may happen that outlives the call: a commit is sent, or a message to the outside.
pub fn changes() {
    // Outside of a call there is nothing to record.
    let _ = CALL.try_with(|call| call.sent());
}

/// The last of them was certainly refused.
pub(crate) fn undone() {
    let _ = CALL.try_with(|call| call.refused());
}

#[cfg(test)]
mod tests;
