//! Threads that simulate: few, of low priority, so that whatever else this machine does goes first.
//!
//! A question gets one thread at once, and the others that are free. It is stopped when nobody waits for it any more, and
//! before its deadline, so that the answer can say how many paths it managed.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use kernel::{Clock, Ctx, Deadline};
use platform::error::Failure;
use quant::paths::{Progress, Work};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// Subtracted from the caller's time, for the answer itself: a tenth of it, and at most this.
const RESERVE_MAX_US: u64 = 200_000;
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

pub(super) struct Threads {
    free: Arc<Semaphore>,
    all: usize,
    waiting: AtomicUsize,
    waiting_max: usize,
    clock: Arc<dyn Clock>,
}

/// Stops the work when its caller is gone.
struct Waiting(Arc<AtomicBool>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// One of those who wait for a thread.
struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Threads {
    pub(super) fn new(all: usize, waiting_max: usize, clock: Arc<dyn Clock>) -> Threads {
        Threads { free: Arc::new(Semaphore::new(all)), all, waiting: AtomicUsize::new(0), waiting_max, clock }
    }

    /// Runs a question.
    ///
    /// # Errors
    /// Too many wait already, or the machine has no thread.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        ctx: &Ctx,
        question: impl FnOnce(Work<'_>) -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let permits = self.permits().await?;
        let threads = NonZeroUsize::new(permits.len()).unwrap_or(NonZeroUsize::MIN);
        let (send, receive) = oneshot::channel();
        let stop = Arc::new(AtomicBool::new(false));
        let _waiting = Waiting(Arc::clone(&stop));
        let end = End { until: ctx.deadline, reserve_us: self.reserve_us(ctx), clock: Arc::clone(&self.clock), stop };
        let work = move || {
            step_back();
            let watch = |_: Progress| end.watch();
            let answer = question(Work { threads, watch: &watch });
            drop(permits);
            // Nobody may be waiting any more.
            let _ = send.send(answer);
        };
        let spawned = std::thread::Builder::new().name("simulation".to_owned()).spawn(work);
        spawned.map_err(|error| {
            tracing::error!(%error, "a thread for a simulation could not be started");
            Failure::Overloaded
        })?;
        receive.await.map_err(|_| Failure::Internal)
    }

    async fn permits(&self) -> Result<Vec<OwnedSemaphorePermit>, Failure> {
        if self.waiting.fetch_add(1, Ordering::AcqRel) >= self.waiting_max {
            self.waiting.fetch_sub(1, Ordering::AcqRel);
            return Err(Failure::Overloaded);
        }
        let place = Place(&self.waiting);
        let first = Arc::clone(&self.free).acquire_owned().await.map_err(|_| Failure::Unavailable)?;
        drop(place);
        let mut permits = vec![first];
        while permits.len() < self.all
            && let Ok(more) = Arc::clone(&self.free).try_acquire_owned()
        {
            permits.push(more);
        }
        Ok(permits)
    }

    fn reserve_us(&self, ctx: &Ctx) -> u64 {
        (ctx.deadline.micros_left(self.clock.monotonic()) / 10).min(RESERVE_MAX_US)
    }
}

struct End {
    until: Deadline,
    reserve_us: u64,
    clock: Arc<dyn Clock>,
    stop: Arc<AtomicBool>,
}

impl End {
    fn watch(&self) -> ControlFlow<()> {
        let is_over = self.until.micros_left(self.clock.monotonic()) <= self.reserve_us;
        if is_over || self.stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// Linux has a niceness per thread, and threads that this one starts inherit it.
fn step_back() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICENESS) {
        tracing::warn!(%error, "threads that simulate run at normal priority");
    }
}
