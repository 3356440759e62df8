//! Shutdown: readiness turns off, running requests finish, queues are emptied, the process exits.
//!
//! Rooms shut down at the same time, so that a slow one takes no time from the others. All of it takes at most
//! `server.drain_ms` plus ten seconds. The first SIGTERM or SIGINT starts it; a second one ends the process at once
//! with status 130.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::health::Health;
use crate::http::{Drained, Listener};

/// The management port only answers health checks; it needs no longer.
const MANAGEMENT_DRAIN: Duration = Duration::from_secs(1);
/// Longest wait for the rooms, which close at the same time: a lane that cannot be emptied must not keep the process
/// forever. Together with the management port and the last traces it is less than ten seconds.
const ROOMS_WAIT_MAX: Duration = Duration::from_secs(7);
const ENDED_AT_ONCE: i32 = 130;

/// Listens from its creation, so that no signal is lost while the process is still starting.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub fn listen() -> std::io::Result<Signals> {
        Ok(Signals { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for the first signal and names it; after that, the second one ends the process.
    pub async fn first(mut self) -> &'static str {
        let name = self.next().await;
        tokio::spawn(async move {
            let again = self.next().await;
            tracing::warn!(signal = again, "a second signal ends the process at once");
            std::process::exit(ENDED_AT_ONCE);
        });
        name
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

/// Something to empty after the last request: a lane, an outbox, a checkpoint.
pub struct Step {
    name: &'static str,
    run: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Step {
    pub fn new(name: &'static str, run: impl Future<Output = ()> + Send + 'static) -> Step {
        Step { name, run: Box::pin(run) }
    }
}

impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Step({})", self.name)
    }
}

/// The listeners that are open while the process runs.
#[derive(Debug)]
pub struct Open {
    pub public: Listener,
    /// For calls by other processes.
    pub internal: Option<Listener>,
    pub management: Option<Listener>,
    /// The steps of each room, in order.
    pub rooms: Vec<Vec<Step>>,
}

impl Open {
    /// First turns readiness off, so that no new work arrives; then finishes requests, for at most `patience`; then
    /// what services still hold. The management port closes last, so that the shutdown can be observed.
    pub async fn close(self, health: &Health, patience: Duration) {
        health.close();
        let internal = async {
            match self.internal {
                Some(internal) => internal.drain(patience).await,
                None => Drained::All,
            }
        };
        let (public, internal) = tokio::join!(self.public.drain(patience), internal);
        match (public, internal) {
            (Drained::All, Drained::All) => tracing::info!("all requests finished"),
            _ => tracing::warn!(?public, ?internal, "requests cut after server.drain_ms"),
        }
        close_rooms(self.rooms).await;
        if let Some(management) = self.management {
            management.drain(MANAGEMENT_DRAIN).await;
        }
    }
}

/// Runs the steps of each room in order, and the rooms concurrently, all within a bound. True if all of them finished.
pub async fn close_rooms(rooms: Vec<Vec<Step>>) -> bool {
    let closed = futures_util::future::join_all(rooms.into_iter().map(close_room)).await;
    closed.into_iter().all(|finished| finished)
}

/// The steps run in a task of their own: one that blocks its thread delays neither other rooms nor the bound.
fn close_room(steps: Vec<Step>) -> impl Future<Output = bool> {
    let running = Arc::new(Mutex::new(""));
    let at = Arc::clone(&running);
    let closing = tokio::spawn(async move {
        for step in steps {
            *at.lock().unwrap_or_else(PoisonError::into_inner) = step.name;
            step.run.await;
            tracing::info!(step = step.name, "shutdown step done");
        }
    });
    async move {
        let closed = tokio::time::timeout(ROOMS_WAIT_MAX, closing).await;
        let step = *running.lock().unwrap_or_else(PoisonError::into_inner);
        match closed {
            Ok(Ok(())) => return true,
            Ok(Err(error)) => tracing::error!(step, %error, "shutdown step failed, with all steps after it"),
            Err(_) => {
                let waited_s = ROOMS_WAIT_MAX.as_secs();
                tracing::error!(step, waited_s, "shutdown step abandoned, with all steps after it");
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Seen = Arc<Mutex<Vec<&'static str>>>;

    fn step(seen: &Seen, name: &'static str, wait_ms: u64) -> Step {
        let seen = seen.clone();
        Step::new(name, async move {
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
            seen.lock().unwrap().push(name);
        })
    }

    #[tokio::test(start_paused = true)]
    async fn steps_run_in_order_and_rooms_concurrently() {
        let seen = Seen::default();
        let rooms = vec![vec![step(&seen, "lane", 30), step(&seen, "lease", 1)], vec![step(&seen, "outbox", 10)]];
        assert!(close_rooms(rooms).await);
        assert_eq!(*seen.lock().unwrap(), ["outbox", "lane", "lease"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_hanging_room_is_abandoned_and_delays_no_other() {
        let seen = Seen::default();
        let hangs = Step::new("lane", std::future::pending());
        let rooms = vec![vec![hangs, step(&seen, "lease", 0)], vec![step(&seen, "outbox", 5_000)]];
        let closed = tokio::time::timeout(ROOMS_WAIT_MAX + Duration::from_millis(1), close_rooms(rooms)).await;
        assert_eq!((closed, &*seen.lock().unwrap()), (Ok(false), &vec!["outbox"]));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_step_that_blocks_its_thread_delays_no_other_room() {
        let seen = Seen::default();
        let (free, blocked) = std::sync::mpsc::channel::<()>();
        let blocks = Step::new("disk", async move { blocked.recv().unwrap() });
        let frees = Step::new("outbox", async move { free.send(()).unwrap() });
        assert!(close_rooms(vec![vec![blocks], vec![frees, step(&seen, "lease", 0)]]).await);
        assert_eq!(*seen.lock().unwrap(), ["lease"]);
    }

    #[tokio::test]
    async fn a_room_that_panics_while_closing_is_reported() {
        let seen = Seen::default();
        let panics = Step::new("lane", async { panic!("planted") });
        assert!(!close_rooms(vec![vec![panics, step(&seen, "lease", 0)], vec![step(&seen, "outbox", 1)]]).await);
        assert_eq!(*seen.lock().unwrap(), ["outbox"]);
    }
}
