//! Group commit.
//!
//! A disk sync costs more than a thousand decisions, so nothing that is hot commits alone. A lane is one thread that
//! takes the commands waiting in its bounded queue, combines them into one transaction and answers each caller after
//! the commit. A service implements [`LaneWork`]: load the rows that a group touches, decide each command without any
//! I/O, store what changed.
//!
//! Invariants: a caller is told "done" only after the commit; no wait outlasts its deadline; a full queue refuses at
//! once instead of growing; a command that cannot be stored or that panics is found and refused without harming the
//! others, and so is something that is due by itself; after a commit with an unknown outcome the store is checked
//! before any caller is answered; one of several processes begins and commits as the holder of the lease or not at all
//! ([`crate::lease`]), and keeps no state from before it became the holder.

mod group;
mod groups;
mod run;
mod runner;

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kernel::{Clock, Deadline, Timestamp};
use tokio::sync::{mpsc, oneshot};

use crate::db::{Db, DbError, Tx};
use crate::deadline;
use crate::feed::Actor;
use crate::lease::Standing;

pub use groups::Groups;
pub use runner::Runner;
use runner::Running;

/// What a service does with a group of commands.
pub trait LaneWork: Send + 'static {
    type Command: Send + 'static;
    type Reply: Send + 'static;

    /// How much of a group's bound a command takes up; the number of rows is a good measure.
    fn weight(command: &Self::Command) -> usize;

    /// Reads every row that the commands may touch and that is not known yet. Returns
    /// [`Fault::Retry`](crate::db::Fault) if the store's tail is not the one this process left: then another process
    /// has written.
    fn load<'a>(
        &'a mut self,
        tx: &'a Tx,
        now: Timestamp,
        commands: &'a [&'a Self::Command],
    ) -> impl Future<Output = Result<(), DbError>> + 'a;

    /// Does what is due by itself, before the first command of a group. Pure.
    fn begin(&mut self, now: Timestamp);

    /// Decides one command over the loaded state. Pure.
    fn decide(&mut self, now: Timestamp, command: &Self::Command) -> Self::Reply;

    /// Writes what `begin` and `decide` changed, and returns the store's tail once that is committed: the old tail if
    /// there was nothing to write.
    fn store<'a>(&'a mut self, tx: &'a Tx, now: Timestamp) -> impl Future<Output = Result<Tail, DbError>> + 'a;

    /// The group is durable: what was decided is now the state.
    fn committed(&mut self);

    /// The group did not happen, or its outcome is unknown: drop all state that is not in the store.
    fn forget(&mut self);

    /// Reads the store's tail, after a start and after `forget`, and checks that it is whole.
    fn resume<'a>(&'a mut self, tx: &'a Tx) -> impl Future<Output = Result<Tail, DbError>> + 'a;

    /// Whether this group is in the store, however many have followed it.
    fn has<'a>(&'a self, tx: &'a Tx, group: Tail) -> impl Future<Output = Result<bool, DbError>> + 'a;

    /// Writes deferred rows, in a separate transaction, when the lane is closed. Nothing may depend on it: a killed
    /// process never gets here.
    fn finish<'a>(&'a mut self, tx: &'a Tx) -> impl Future<Output = Result<(), DbError>> + 'a;

    /// When the lane has to run a group even if no command arrives.
    fn next_due(&self) -> Option<Timestamp>;

    /// A group panicked or cannot be stored. Returns whether something that was due by itself may be the cause; then
    /// the group is retried after one with nothing but that. `alone`: this already was such a group, so the next must
    /// have less in it.
    fn narrow_due(&mut self, alone: bool) -> bool {
        let _ = alone;
        false
    }
}

/// The last group in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tail {
    pub number: i64,
    pub at: Timestamp,
    /// Distinguishes groups of the same number, for example by the start of a hash.
    pub fingerprint: u64,
}

#[derive(Debug, Clone)]
pub struct LaneConfig {
    pub name: &'static str,
    /// Maximum total weight of the commands in one group.
    pub batch_max: usize,
    /// Maximum number of waiting commands.
    pub queue_max: usize,
    pub clock_behind_max_ms: u64,
    pub runner: Runner,
}

/// Why a lane did not execute a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LaneError {
    #[error("too many commands are waiting")]
    Overloaded,
    #[error("the deadline passed before the command started; nothing happened")]
    DeadlineExceeded,
    #[error("the deadline passed while the command was in progress; look it up by its id or key")]
    OutcomeUnknown,
    #[error("the machine's clock is behind the last commit; nothing happened")]
    ClockBehind,
    #[error("the store is full; nothing happened")]
    StorageFull,
    #[error("the store cannot be written; nothing happened")]
    Unavailable,
    #[error("another process writes here; nothing happened")]
    NotWriter,
    #[error("the command failed for an internal reason; nothing happened")]
    Internal,
}

#[derive(Debug)]
pub(crate) struct Pending<W: LaneWork> {
    pub(crate) command: W::Command,
    /// Whose command it is.
    pub(crate) actor: Option<Arc<Actor>>,
    pub(crate) deadline: Deadline,
    pub(crate) turn: Turn,
    pub(crate) answer: oneshot::Sender<Result<W::Reply, LaneError>>,
}

/// Which came first: the lane beginning a command, or its caller giving up. Without this, a caller whose time is up
/// while the command still waits could only be told that the outcome is unknown.
#[derive(Debug, Clone, Default)]
pub(crate) struct Turn(Arc<AtomicU8>);

impl Turn {
    const WAITING: u8 = 0;
    const BEGUN: u8 = 1;
    const GIVEN_UP: u8 = 2;

    /// Also true if the command was begun before and is being retried.
    fn begin(&self) -> bool {
        self.take(Turn::BEGUN) != Turn::GIVEN_UP
    }

    fn give_up(&self) -> bool {
        self.take(Turn::GIVEN_UP) != Turn::BEGUN
    }

    fn take(&self, turn: u8) -> u8 {
        match self.0.compare_exchange(Turn::WAITING, turn, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => turn,
            Err(taken) => taken,
        }
    }
}

/// The callers' end of a lane.
#[derive(Debug)]
pub struct Lane<W: LaneWork> {
    queue: Mutex<Option<mpsc::Sender<Pending<W>>>>,
    sender: mpsc::WeakSender<Pending<W>>,
    state: Arc<LaneState>,
    standing: Standing,
    clock: Arc<dyn Clock>,
    running: Mutex<Option<Running>>,
}

/// What others may know about a running lane.
#[derive(Debug, Default)]
pub struct LaneState {
    accepting: AtomicBool,
    waiting: AtomicUsize,
}

impl LaneState {
    pub fn is_accepting(&self) -> bool {
        self.accepting.load(Ordering::Acquire)
    }

    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    pub(crate) fn accept(&self, accepting: bool) {
        self.accepting.store(accepting, Ordering::Release);
    }
}

impl<W: LaneWork> Lane<W> {
    /// Reads the store's tail and starts the lane's thread, for a process that has its store to itself.
    pub async fn start(db: Db, work: W, config: LaneConfig, clock: Arc<dyn Clock>) -> Result<Lane<W>, DbError> {
        Lane::start_under(Standing::alone(), db, work, config, clock).await
    }

    /// The same for one of several processes: it writes while it holds the lease.
    pub async fn start_under(
        standing: Standing,
        db: Db,
        mut work: W,
        config: LaneConfig,
        clock: Arc<dyn Clock>,
    ) -> Result<Lane<W>, DbError> {
        // A standby reads along with the writer: a damaged store shows at once, and most of what a writer needs is
        // loaded before it becomes one.
        let tx = if standing.is_alone() { db.begin_alone().await? } else { db.read().await? };
        let tail = work.resume(&tx).await?;
        tx.commit().await?;
        let (sender, receiver) = mpsc::channel(config.queue_max);
        let state = Arc::new(LaneState::default());
        state.accept(true);
        let runner = config.runner;
        let shared =
            run::Shared { db, clock: Arc::clone(&clock), state: Arc::clone(&state), standing: standing.clone() };
        let run = run::Run::new(shared, work, config, receiver, tail);
        let running = runner.start(run)?;
        Ok(Lane {
            sender: sender.downgrade(),
            queue: Mutex::new(Some(sender)),
            state,
            standing,
            clock,
            running: Mutex::new(Some(running)),
        })
    }

    /// Queues a command and waits for its reply, never past `deadline`.
    pub async fn submit(&self, command: W::Command, deadline: Deadline) -> Result<W::Reply, LaneError> {
        let now = self.clock.monotonic();
        if deadline.is_past(now) {
            return Err(LaneError::DeadlineExceeded);
        }
        if !self.standing.is_holder() {
            return Err(LaneError::NotWriter);
        }
        if !self.state.is_accepting() {
            return Err(LaneError::Unavailable);
        }
        let (answer, reply) = oneshot::channel();
        let turn = Turn::default();
        let sender = self.sender.upgrade().ok_or(LaneError::Unavailable)?;
        sender.try_send(Pending { command, actor: Actor::current(), deadline, turn: turn.clone(), answer }).map_err(
            |full| match full {
                mpsc::error::TrySendError::Full(_) => LaneError::Overloaded,
                mpsc::error::TrySendError::Closed(_) => LaneError::Unavailable,
            },
        )?;
        drop(sender);
        let wait = Duration::from_micros(deadline.micros_left(now));
        match tokio::time::timeout(wait, reply).await {
            Ok(Ok(answer)) => {
                if answer.is_ok() {
                    deadline::changes();
                }
                answer
            }
            // The lane ended without a reply.
            Ok(Err(_)) if turn.give_up() => Err(LaneError::Unavailable),
            Err(_) if turn.give_up() => Err(LaneError::DeadlineExceeded),
            Ok(Err(_)) | Err(_) => Err(LaneError::OutcomeUnknown),
        }
    }

    pub fn state(&self) -> &Arc<LaneState> {
        &self.state
    }

    /// Accepts no more commands, finishes those that wait and ends the thread.
    pub async fn close(&self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(running) = running
            && !running.ended().await
        {
            tracing::error!("a lane's thread did not end cleanly");
        }
    }
}
