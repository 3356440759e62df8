//! Keeps this process's copy of the terms up to date when another process changes them.
//!
//! One request is always in progress: it is answered as soon as something changed, and soon in any case. A request that
//! fails or takes too long is repeated at once and then a few times a second, because an outdated copy refuses
//! everybody.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::gate::Gate;
use crate::{Hears, Since, Standing};

/// How long the other side may hold a request while nothing changes.
pub const WAIT_MS: u64 = 1_000;
/// Longest wait for a reply. A source over rpc gives its call this much time, and the other side holds it for half of
/// that.
pub const ANSWER_MS: u64 = 1_750;
const PAUSE_FIRST_MS: u64 = 50;
const PAUSE_MAX_MS: u64 = 400;
/// Times that a source may answer at once, in a row, before that counts as a fault.
const QUICK_ANSWERS_MAX: u32 = 100;

/// The source of the terms, in this process or another.
pub trait Source: Send + Sync + 'static {
    /// Waits for changes for up to `since.wait_ms`. The error is for the log.
    fn standing(&self, since: Since) -> impl Future<Output = Result<Standing, String>> + Send;
}

impl<S: Source> Source for Arc<S> {
    fn standing(&self, since: Since) -> impl Future<Output = Result<Standing, String>> + Send {
        (**self).standing(since)
    }
}

/// The task that follows the source, until it is closed or dropped.
#[derive(Debug)]
pub struct Follow {
    stop: watch::Sender<bool>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Gate {
    /// Starts to follow the source.
    pub fn follow(&self, source: impl Source) -> Follow {
        let stop = watch::Sender::new(false);
        let run = run(self.clone(), source, stop.subscribe());
        Follow { stop, task: Mutex::new(Some(tokio::spawn(run))) }
    }
}

impl Follow {
    /// Stops; the copy gets older from here on.
    pub async fn close(&self) {
        self.stop.send_replace(true);
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task
            && let Err(error) = task.await
        {
            tracing::error!(%error, "the task that follows the terms ended by itself");
        }
    }
}

impl Drop for Follow {
    fn drop(&mut self) {
        if let Some(task) = self.task.lock().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
    }
}

async fn run(gate: Gate, source: impl Source, mut stop: watch::Receiver<bool>) {
    let mut failures = 0;
    let mut quick = 0;
    while !*stop.borrow_and_update() {
        let asking = ask(&gate, &source);
        let heard = tokio::select! {
            heard = asking => heard,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        match heard {
            Ok(Heard::Nothing) => (failures, quick) = (0, 0),
            Ok(Heard::AtOnce) if quick < QUICK_ANSWERS_MAX => (failures, quick) = (0, quick + 1),
            Ok(Heard::AtOnce | Heard::Useless) => failures += 1,
            Err(why) => {
                failures += 1;
                tell(failures, &why);
            }
        }
        if failures > 0 {
            let _ = tokio::time::timeout(pause(failures), stop.wait_for(|stop| *stop)).await;
        }
    }
}

enum Heard {
    /// The other side waited for changes.
    Nothing,
    /// It answered without waiting, as it does if something changed.
    AtOnce,
    /// Terms that this process cannot use, or nothing at all: another request right away would get the same.
    Useless,
}

async fn ask(gate: &Gate, source: &impl Source) -> Result<Heard, String> {
    let known = gate.since();
    let since = Since { wait_ms: WAIT_MS, ..known };
    let asked_at = gate.clock().monotonic();
    let answer = tokio::time::timeout(Duration::from_millis(ANSWER_MS), source.standing(since)).await;
    let standing = answer.map_err(|_| "no answer in time".to_owned())??;
    let terms = standing.terms.is_some();
    gate.hear_as_of(standing, asked_at);
    let waited = gate.clock().monotonic().micros_since(asked_at) >= WAIT_MS * 500;
    Ok(match gate.since() {
        now if terms && now.version == known.version => Heard::Useless,
        now if now == known && !waited => Heard::Useless,
        _ if waited => Heard::Nothing,
        _ => Heard::AtOnce,
    })
}

fn pause(failures: u32) -> Duration {
    let millis = PAUSE_FIRST_MS.saturating_mul(1 << failures.saturating_sub(1).min(8));
    Duration::from_millis(millis.min(PAUSE_MAX_MS))
}

/// The first failure is logged, and then one in a hundred.
fn tell(failures: u32, why: &str) {
    metrics::counter!("access_follow_failures_total").increment(1);
    if failures % 100 == 1 {
        tracing::warn!(
            why,
            failures,
            "the source of the terms did not answer; tokens will be refused if this continues"
        );
    }
}

#[cfg(test)]
mod tests;
