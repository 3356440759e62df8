//! The task that runs steps: after commits, when keys are declared or removed, and after a start. Without declared keys
//! it sleeps.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use platform::db::{Db, Engine};
use platform::feed::FeedSignal;
use platform::lease::Standing;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use super::index::{self, Step};

/// Between steps that have caught up, so that many small commits make one step.
const PAUSE: Duration = Duration::from_millis(200);
/// A commit of another process wakes nobody here.
const LOOK_AT_LEAST: Duration = Duration::from_secs(10);
/// After a failure; then the same step runs again.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Runs until it is closed or dropped.
pub(crate) struct Indexer {
    changed: Arc<Notify>,
    stop: watch::Sender<bool>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Indexer {
    pub(crate) fn start(db: Db, signal: FeedSignal, standing: Standing) -> Indexer {
        let (changed, stop) = (Arc::new(Notify::new()), watch::Sender::new(false));
        let run = run(db, signal, standing, Arc::clone(&changed), stop.subscribe());
        Indexer { changed, stop, task: Mutex::new(Some(tokio::spawn(run))) }
    }

    /// The keys have changed.
    pub(crate) fn look_again(&self) {
        self.changed.notify_one();
    }

    /// Ends after the current step.
    pub(crate) async fn close(&self) {
        self.stop.send_replace(true);
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task
            && let Err(error) = task.await
        {
            tracing::error!(%error, "the index of metadata ended by itself");
        }
    }
}

impl Drop for Indexer {
    fn drop(&mut self) {
        if let Some(task) = self.task.lock().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
    }
}

async fn run(
    db: Db,
    signal: FeedSignal,
    mut standing: Standing,
    changed: Arc<Notify>,
    mut stop: watch::Receiver<bool>,
) {
    while !*stop.borrow_and_update() {
        // Two processes that index at once neither leave a gap nor index twice; they only do the work twice.
        let step = if standing.is_holder() { Some(index::step(&db).await) } else { None };
        let rest = async {
            match step {
                Some(step) => rest(&db, &signal, &changed, step).await,
                None => standing.changed().await,
            }
        };
        tokio::select! {
            () = rest => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// Waits until there may be something to do.
async fn rest(db: &Db, signal: &FeedSignal, changed: &Notify, step: Result<Step, platform::db::DbError>) {
    match step {
        Ok(Step::More) => tokio::task::yield_now().await,
        Ok(Step::UpTo(seq)) => {
            tokio::select! {
                () = signal.wait(seq, LOOK_AT_LEAST) => tokio::time::sleep(PAUSE).await,
                () = changed.notified() => {}
            }
        }
        // Only on PostgreSQL can another process declare keys.
        Ok(Step::Idle) if db.engine() == Engine::Sqlite => changed.notified().await,
        Ok(Step::Idle) => {
            let _ = tokio::time::timeout(LOOK_AT_LEAST, changed.notified()).await;
        }
        Err(error) => {
            tracing::warn!(%error, cause = ?error.source, "metadata could not be indexed; trying again");
            tokio::time::sleep(AFTER_FAILURE).await;
        }
    }
}
