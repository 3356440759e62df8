//! Grants that only write an event: many of them share one commit.
//!
//! A commit is most of such a grant's cost. A grant that arrives during one waits for the next, which takes all that
//! wait; no grant is delayed to fill a group. It is not a lane: several processes do this on one store, and none of
//! them owns it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use identity_api::IdentityError;
use kernel::{Clock, Deadline};
use platform::db::{Db, DbError};
use platform::error::Failure;
use platform::feed::{FeedSignal, NewEvent, Outbox};
use tokio::sync::oneshot;

/// Events in one commit.
const GROUP_MAX: usize = 500;
const WAITING_MAX: usize = 4_000;
const RETRIES_MAX: u32 = 5;

type Answer = oneshot::Sender<Result<(), IdentityError>>;

pub(crate) struct Issued {
    inner: Arc<Inner>,
}

struct Inner {
    db: Db,
    outbox: Outbox,
    signal: FeedSignal,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<(NewEvent, Answer)>,
    /// A commit is running, and looks again afterwards.
    running: bool,
}

impl Issued {
    pub(crate) fn new(db: Db, outbox: Outbox, signal: FeedSignal) -> Issued {
        Issued { inner: Arc::new(Inner { db, outbox, signal, queue: Mutex::default() }) }
    }

    /// Returns when the event is durable. A caller that gives up leaves at most the event of a token that nobody has.
    pub(crate) async fn tell(
        &self,
        event: NewEvent,
        clock: &dyn Clock,
        deadline: Deadline,
    ) -> Result<(), IdentityError> {
        let now = clock.monotonic();
        if deadline.is_past(now) {
            return Err(IdentityError::Failed(Failure::DeadlineExceeded));
        }
        let (answer, told) = oneshot::channel();
        if self.inner.wait(event, answer)? {
            tokio::spawn(Turn(Arc::clone(&self.inner)).run());
        }
        let patience = Duration::from_micros(deadline.micros_left(now));
        match tokio::time::timeout(patience, told).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(IdentityError::Failed(Failure::Internal)),
            Err(_) => Err(IdentityError::Failed(Failure::OutcomeUnknown)),
        }
    }
}

impl Inner {
    /// Whether this caller has to start committing.
    fn wait(&self, event: NewEvent, answer: Answer) -> Result<bool, IdentityError> {
        let mut queue = self.queue();
        if queue.waiting.len() >= WAITING_MAX {
            return Err(IdentityError::Failed(Failure::Overloaded));
        }
        queue.waiting.push((event, answer));
        Ok(!std::mem::replace(&mut queue.running, true))
    }

    /// The next group. Empty: nobody commits any more.
    fn take(&self) -> Vec<(NewEvent, Answer)> {
        let mut queue = self.queue();
        let count = queue.waiting.len().min(GROUP_MAX);
        queue.running = count > 0;
        queue.waiting.drain(..count).collect()
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn commit(&self, events: &[NewEvent]) -> Result<(), IdentityError> {
        let mut tried = 0;
        loop {
            match self.commit_once(events.to_vec()).await {
                Err(error) if error.is_retryable() && tried < RETRIES_MAX => {
                    tried += 1;
                    tokio::time::sleep(Duration::from_millis(10 << tried)).await;
                }
                outcome => return outcome.map_err(IdentityError::from),
            }
        }
    }

    async fn commit_once(&self, events: Vec<NewEvent>) -> Result<(), DbError> {
        let tx = self.db.begin().await?;
        let cursor = self.outbox.add(&tx, events).await?;
        tx.commit().await?;
        self.signal.committed(cursor);
        Ok(())
    }
}

/// Held by the committing caller. However it ends, the next one to arrive can start.
struct Turn(Arc<Inner>);

impl Turn {
    async fn run(self) {
        loop {
            let group = self.0.take();
            if group.is_empty() {
                return;
            }
            let (events, answers): (Vec<NewEvent>, Vec<Answer>) = group.into_iter().unzip();
            let outcome = self.0.commit(&events).await;
            for answer in answers {
                // A caller that gave up meanwhile is not told.
                let _ = answer.send(outcome.clone());
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut queue = self.0.queue();
        // After a clean end another caller may have started already.
        if std::thread::panicking() {
            queue.running = false;
        }
    }
}
