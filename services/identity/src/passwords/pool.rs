//! Dedicated threads for passwords, few and at low priority, so that a storm of logins cannot starve payments.
//!
//! Invariant: at most `queue_max` jobs wait; one more is refused at once, and one that nobody waits for is not begun.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use identity_api::IdentityError;
use kernel::{Clock, Deadline};
use platform::error::Failure;
use tokio::sync::oneshot;

use crate::count::{self, Watch};

/// The niceness of our threads: they get what others leave.
const NICENESS: i32 = 10;

pub(super) struct Pool {
    queue: Arc<Queue>,
    clock: Arc<dyn Clock>,
}

struct Queue {
    state: Mutex<State>,
    news: Condvar,
    max: usize,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    over: bool,
}

type Job = Box<dyn FnOnce() + Send>;

impl Pool {
    pub(super) fn start(threads: usize, queue_max: usize, clock: Arc<dyn Clock>) -> io::Result<Pool> {
        let queue = Arc::new(Queue { state: Mutex::default(), news: Condvar::new(), max: queue_max });
        // Created first, so that threads that did start end with it if another one does not.
        let pool = Pool { queue, clock };
        for number in 1..=threads.max(1) {
            let queue = Arc::clone(&pool.queue);
            thread::Builder::new().name(format!("password-{number}")).spawn(move || {
                step_back();
                while let Some(job) = queue.next() {
                    job();
                }
            })?;
        }
        Ok(pool)
    }

    /// Runs `work` when its turn comes, if that is before the deadline.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        deadline: Deadline,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, IdentityError> {
        let (answer, answered) = oneshot::channel();
        let clock = Arc::clone(&self.clock);
        let watch = Watch::start(&*clock);
        let job = move || {
            if answer.is_closed() {
                return;
            }
            let late = deadline.is_past(clock.monotonic());
            // The caller may be gone by now.
            let _ = answer.send(if late {
                Err(IdentityError::Failed(Failure::DeadlineExceeded))
            } else {
                Ok(watch.work(&*clock, work))
            });
        };
        self.queue.add(Box::new(job))?;
        // A job without a reply: its thread panicked, or the process ends.
        answered.await.unwrap_or(Err(IdentityError::Failed(Failure::Internal)))
    }

    pub(super) fn waiting(&self) -> usize {
        self.queue.lock().jobs.len()
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.queue.lock().over = true;
        self.queue.news.notify_all();
    }
}

impl Queue {
    fn add(&self, job: Job) -> Result<(), IdentityError> {
        let mut state = self.lock();
        if state.jobs.len() >= self.max {
            return Err(IdentityError::Failed(Failure::Overloaded));
        }
        state.jobs.push_back(job);
        count::passwords_waiting(state.jobs.len());
        self.news.notify_one();
        Ok(())
    }

    fn next(&self) -> Option<Job> {
        let mut state = self.lock();
        loop {
            if state.over {
                return None;
            }
            if let Some(job) = state.jobs.pop_front() {
                count::passwords_waiting(state.jobs.len());
                return Some(job);
            }
            state = self.news.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Linux has a niceness per thread; elsewhere it would apply to the whole process.
fn step_back() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICENESS) {
        tracing::warn!(%error, "threads that check passwords run at normal priority");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use testkit::FakeClock;

    use super::*;

    fn pool(queue_max: usize) -> (Pool, FakeClock) {
        let clock = FakeClock::default();
        (Pool::start(1, queue_max, Arc::new(clock.clone())).unwrap(), clock)
    }

    /// Keeps the only thread busy until told to continue.
    async fn hold(pool: &Arc<Pool>, deadline: Deadline) -> (mpsc::Sender<()>, tokio::task::JoinHandle<()>) {
        let (go, wait) = mpsc::channel::<()>();
        let (begun, has_begun) = oneshot::channel();
        let there = Arc::clone(pool);
        let held = tokio::spawn(async move {
            let work = move || {
                begun.send(()).unwrap();
                wait.recv().unwrap();
            };
            there.run(deadline, work).await.unwrap();
        });
        has_begun.await.unwrap();
        (go, held)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_job_over_the_limit_is_refused_and_a_late_one_not_begun() {
        let (pool, clock) = pool(1);
        let pool = Arc::new(pool);
        let deadline = Deadline::after_millis(&clock, 1_000);
        let (go, held) = hold(&pool, deadline).await;
        let there = Arc::clone(&pool);
        let late = tokio::spawn(async move { there.run(deadline, || panic!("it was begun")).await });
        while pool.waiting() == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(pool.run(deadline, || ()).await, Err(IdentityError::Failed(Failure::Overloaded)));
        clock.advance_millis(1_000);
        go.send(()).unwrap();
        held.await.unwrap();
        assert_eq!(late.await.unwrap(), Err::<(), _>(IdentityError::Failed(Failure::DeadlineExceeded)));
        assert_eq!(pool.run(Deadline::after_millis(&clock, 1), || 7).await, Ok(7));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_job_that_nobody_waits_for_is_not_done() {
        let (pool, clock) = pool(8);
        let pool = Arc::new(pool);
        let deadline = Deadline::after_millis(&clock, 1_000);
        let (go, held) = hold(&pool, deadline).await;
        let there = Arc::clone(&pool);
        let gone = tokio::spawn(async move { there.run(deadline, || panic!("it was begun")).await });
        while pool.waiting() == 0 {
            tokio::task::yield_now().await;
        }
        gone.abort();
        assert!(gone.await.unwrap_err().is_cancelled());
        go.send(()).unwrap();
        held.await.unwrap();
        assert_eq!(pool.run(deadline, || 7).await, Ok(7));
    }

    #[cfg(target_os = "linux")]
    #[tokio::test(flavor = "multi_thread")]
    async fn only_the_password_threads_are_niced() {
        let (pool, clock) = pool(8);
        let niceness = || rustix::process::getpriority_process(Some(rustix::thread::gettid())).unwrap();
        let before = niceness();
        let there = pool.run(Deadline::after_millis(&clock, 1_000), niceness).await.unwrap();
        assert_eq!(there, NICENESS.max(before));
        assert_eq!(niceness(), before);
    }
}
