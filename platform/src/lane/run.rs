//! The lane's thread: takes groups from the queue until it is closed and empty.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use kernel::{Clock, Timestamp};
use tokio::sync::mpsc;

use super::{LaneConfig, LaneError, LaneState, LaneWork, Pending, Tail};
use crate::db::{Db, DbError, Tx};
use crate::lease::{Standing, Term};

/// An idle lane checks the clock at least this often, so that a clock set forward does not delay what is due.
const IDLE_MAX: Duration = Duration::from_secs(1);

/// For a standby: no real epoch is this low.
const NO_EPOCH: i64 = -1;

/// What a lane shares with others.
pub(crate) struct Shared {
    pub(crate) db: Db,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) state: Arc<LaneState>,
    pub(crate) standing: Standing,
}

pub(crate) struct Run<W: LaneWork> {
    pub(super) db: Db,
    pub(super) work: W,
    pub(super) config: LaneConfig,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) state: Arc<LaneState>,
    pub(super) standing: Standing,
    /// The epoch in which `work` loaded its state.
    epoch: i64,
    pub(super) tail: Tail,
    /// The work dropped its state, which has to be read again before the next decision.
    pub(super) forgotten: bool,
    /// The last group failed: what is due by itself waits a moment instead of failing in a busy loop.
    pub(super) troubled: bool,
    queue: mpsc::Receiver<Pending<W>>,
}

impl<W: LaneWork> Run<W> {
    pub(crate) fn new(
        shared: Shared,
        work: W,
        config: LaneConfig,
        queue: mpsc::Receiver<Pending<W>>,
        tail: Tail,
    ) -> Run<W> {
        let Shared { db, clock, state, standing } = shared;
        let epoch = if standing.is_alone() { 0 } else { NO_EPOCH };
        Run { db, work, config, clock, state, standing, epoch, tail, forgotten: false, troubled: false, queue }
    }

    pub(crate) async fn until_closed(mut self) {
        while let Some(group) = self.next_group().await {
            self.state.waiting.store(self.queue.len(), Ordering::Relaxed);
            self.run(group).await;
        }
        if let Err(error) = self.finish().await {
            tracing::warn!(lane = self.config.name, %error, "deferred rows are left for the next start");
        }
    }

    async fn finish(&mut self) -> Result<(), DbError> {
        let Some(term) = self.term() else { return Ok(()) };
        // The next writer reads again what was forgotten.
        if self.forgotten {
            return Ok(());
        }
        let tx = self.db.begin_alone_under(term.fence.as_ref()).await?;
        self.work.finish(&tx).await?;
        commit(tx, &term).await
    }

    /// The current term for writing. Under a new epoch others have written since, and everything has to be read again.
    pub(super) fn term(&mut self) -> Option<Term> {
        let term = self.standing.term()?;
        if term.epoch != self.epoch {
            tracing::info!(lane = self.config.name, epoch = term.epoch, "the lane writes");
            self.epoch = term.epoch;
            self.troubled = false;
            self.forget();
        }
        Some(term)
    }

    pub(super) fn forget(&mut self) {
        self.work.forget();
        self.forgotten = true;
    }

    /// The waiting commands, at most `batch_max` of them; an empty group if something is due; `None` if the lane is
    /// closed. There is no linger: while one group commits, the next one gathers by itself.
    async fn next_group(&mut self) -> Option<Vec<Pending<W>>> {
        let mut group = Vec::new();
        let idle = tokio::time::sleep(self.idle_time());
        tokio::select! {
            first = self.queue.recv() => group.push(first?),
            () = self.standing.changed() => return Some(group),
            () = idle => return Some(group),
        }
        let mut weight: usize = group.iter().map(|pending| W::weight(&pending.command)).sum();
        while weight < self.config.batch_max {
            let Ok(next) = self.queue.try_recv() else { break };
            weight = weight.saturating_add(W::weight(&next.command));
            group.push(next);
        }
        Some(group)
    }

    fn idle_time(&self) -> Duration {
        let at_work = !self.troubled && self.standing.is_holder();
        let Some(due) = self.work.next_due().filter(|_| at_work) else { return IDLE_MAX };
        let micros = u64::try_from(due.micros_since(self.clock.now())).unwrap_or(0);
        Duration::from_micros(micros).min(IDLE_MAX)
    }

    async fn run(&mut self, group: Vec<Pending<W>>) {
        if self.term().is_none() {
            refuse(group, LaneError::NotWriter);
            return;
        }
        if !self.state.is_accepting() && !self.is_back().await {
            refuse(group, LaneError::Unavailable);
            return;
        }
        if group.is_empty() && !self.is_due() {
            return;
        }
        let monotonic = self.clock.monotonic();
        metrics::histogram!("lane_group_size", "lane" => self.config.name).record(group.len() as f64);
        self.carry_out(group).await;
        let micros = self.clock.monotonic().micros_since(monotonic);
        metrics::histogram!("lane_group_seconds", "lane" => self.config.name).record(micros as f64 / 1e6);
    }

    /// Whether a group has to run even without a command.
    pub(super) fn is_due(&self) -> bool {
        self.forgotten || self.work.next_due().is_some_and(|due| due <= self.clock.now())
    }

    /// Claims the commands whose callers still wait; the others are dropped, and nothing of them happens.
    pub(super) fn without_late(&self, group: Vec<Pending<W>>) -> Vec<Pending<W>> {
        let now = self.clock.monotonic();
        let (group, late): (Vec<_>, Vec<_>) =
            group.into_iter().partition(|pending| !pending.deadline.is_past(now) && pending.turn.begin());
        refuse(late, LaneError::DeadlineExceeded);
        group
    }

    /// Whether a store that was given up answers again.
    async fn is_back(&mut self) -> bool {
        let back = self.reopen_once(None).await.is_ok();
        self.state.accept(back);
        self.troubled = !back;
        back
    }

    /// Record time: never before the last group's, and never invented if the clock has gone far back.
    pub(super) fn stamp(&self) -> Option<Timestamp> {
        let now = self.clock.now();
        let behind = self.tail.at.micros_since(now);
        let allowed = i64::try_from(self.config.clock_behind_max_ms.saturating_mul(1_000)).unwrap_or(i64::MAX);
        if behind > allowed {
            tracing::error!(lane = self.config.name, behind_us = behind, "the clock is behind the last commit");
            return None;
        }
        Some(now.max(self.tail.at.plus_micros(1)))
    }
}

impl<W: LaneWork> Drop for Run<W> {
    /// However the thread ends, including by a panic: the lane must not look alive, nor keep the lease.
    fn drop(&mut self) {
        self.state.accept(false);
        if std::thread::panicking() {
            self.standing.resign();
        }
    }
}

pub(super) async fn commit(tx: Tx, term: &Term) -> Result<(), DbError> {
    match &term.fence {
        Some(fence) => tx.commit_fenced(fence).await,
        None => Ok(tx.commit().await?),
    }
}

pub(super) fn refuse<W: LaneWork>(group: Vec<Pending<W>>, error: LaneError) {
    for pending in group {
        // A caller that stopped waiting needs no reply.
        let _ = pending.answer.send(Err(error));
    }
}
