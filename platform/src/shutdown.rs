//! How the process ends: it stops being ready, finishes what runs, empties what waits, and goes.
//!
//! The first SIGTERM or SIGINT starts that; a second one ends the process at once with status 130.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::health::Health;
use crate::http::{Drained, Listener};

/// The management port only answers probes; it needs no longer.
const MANAGEMENT_DRAIN: Duration = Duration::from_secs(1);
/// Longest wait for one step: a lane that cannot empty itself must not keep the process for ever.
const STEP_WAIT_MAX: Duration = Duration::from_secs(30);
const ENDED_AT_ONCE: i32 = 130;

/// Listens from the moment it is made, so that no signal is lost while the process is still starting.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub fn listen() -> std::io::Result<Signals> {
        Ok(Signals { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for the first signal and names it; from then on the second one ends the process.
    pub async fn first(mut self) -> &'static str {
        let name = self.next().await;
        tokio::spawn(async move {
            let again = self.next().await;
            tracing::warn!(signal = again, "ended at once by a second signal");
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

/// What is open while the process runs.
#[derive(Debug)]
pub struct Open {
    pub public: Listener,
    /// Where other processes call this one.
    pub internal: Option<Listener>,
    pub management: Option<Listener>,
    pub steps: Vec<Step>,
}

impl Open {
    /// Readiness off first, so that nobody sends new work; then requests, for at most `patience`; then what services still
    /// hold. The management port closes last: it is where the way down can be watched.
    pub async fn close(self, health: &Health, patience: Duration) {
        health.close();
        let internal = async {
            match self.internal {
                Some(internal) => internal.drain(patience).await,
                None => Drained::All,
            }
        };
        let (public, internal) = tokio::join!(self.public.drain(patience), internal);
        for drained in [public, internal] {
            match drained {
                Drained::All => tracing::info!("all requests finished"),
                Drained::Cut(connections) => tracing::warn!(connections, "requests cut after server.drain_ms"),
            }
        }
        run_steps(self.steps).await;
        if let Some(management) = self.management {
            management.drain(MANAGEMENT_DRAIN).await;
        }
    }
}

/// Runs the steps one after the other, each with a bound. True when all of them finished.
pub async fn run_steps(steps: Vec<Step>) -> bool {
    let mut all = true;
    for step in steps {
        let finished = tokio::time::timeout(STEP_WAIT_MAX, step.run).await.is_ok();
        if finished {
            tracing::info!(step = step.name, "shutdown step done");
        } else {
            tracing::error!(step = step.name, waited_s = STEP_WAIT_MAX.as_secs(), "shutdown step given up");
        }
        all &= finished;
    }
    all
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[tokio::test]
    async fn steps_run_in_the_order_they_were_given() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let step = |name: &'static str, wait_ms: u64| {
            let seen = seen.clone();
            Step::new(name, async move {
                tokio::time::sleep(Duration::from_millis(wait_ms)).await;
                seen.lock().unwrap().push(name);
            })
        };
        assert!(run_steps(vec![step("lane", 30), step("outbox", 1)]).await);
        assert_eq!(*seen.lock().unwrap(), ["lane", "outbox"]);
    }
}
