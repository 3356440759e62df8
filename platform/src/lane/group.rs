//! One group from its commands to their answers, whatever goes wrong in between.
//!
//! A group that cannot be stored is halved until the one command that spoils it stands alone; that one is refused, the
//! rest commits. When the outcome of a commit is unknown, the store is reopened and asked.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use kernel::Timestamp;

use super::run::{Run, refuse};
use super::{LaneError, LaneWork, Pending, Tail};
use crate::db::{DbError, Fault};

/// Times that one group is tried again when the engine asks for it.
const RETRIES_MAX: u32 = 5;
/// Times that an unreachable store is tried before the group is given up.
const REOPENS_MAX: u32 = 20;
const REOPEN_WAIT: Duration = Duration::from_millis(250);

enum Attempt<R> {
    Committed(Vec<R>, Tail),
    /// Nothing happened.
    Failed(DbError),
    Panicked,
    /// The commit was sent and no answer came.
    Unknown(DbError, Vec<R>, Tail),
}

impl<W: LaneWork> Run<W> {
    pub(super) async fn carry_out(&mut self, now: Timestamp, group: Vec<Pending<W>>) {
        let mut groups = vec![group];
        let mut now = now;
        let mut tried = 0;
        while let Some(group) = groups.pop() {
            match self.attempt(now, &group).await {
                Attempt::Committed(replies, tail) => {
                    self.work.committed();
                    self.tail = tail;
                    answer(group, replies);
                    now = now.plus_micros(1);
                    tried = 0;
                }
                Attempt::Panicked => self.halve(group, &mut groups, "a command panicked"),
                Attempt::Unknown(error, replies, tail) => {
                    if !self.settle(error, group, replies, tail).await {
                        refuse_all(groups, LaneError::Unavailable);
                        return;
                    }
                    now = now.plus_micros(1);
                }
                Attempt::Failed(error) => match error.fault {
                    Fault::Retry if tried < RETRIES_MAX => {
                        tried += 1;
                        self.work.forget();
                        tokio::time::sleep(Duration::from_millis(5 << tried)).await;
                        self.resume_or_retry_later().await;
                        groups.push(group);
                    }
                    Fault::Full => {
                        self.give_up(&error, "no space is left");
                        refuse(group, LaneError::StorageFull);
                    }
                    Fault::Retry | Fault::ReadOnly => {
                        self.give_up(&error, "the store cannot be written");
                        refuse(group, LaneError::Unavailable);
                    }
                    Fault::ConnectionLost | Fault::Unreachable | Fault::Io if tried < RETRIES_MAX => {
                        tried += 1;
                        self.give_up(&error, "the store was lost before the commit");
                        match self.reopen().await {
                            Ok(_) => groups.push(group),
                            Err(_) => refuse(group, LaneError::Unavailable),
                        }
                    }
                    Fault::ConnectionLost | Fault::Unreachable | Fault::Io => {
                        self.give_up(&error, "the store keeps failing");
                        refuse(group, LaneError::Unavailable);
                    }
                    Fault::Constraint | Fault::Statement | Fault::Corrupt | Fault::Newer => {
                        tracing::error!(lane = self.config.name, %error, cause = ?error.source, "a group failed");
                        self.halve(group, &mut groups, "a command cannot be stored");
                    }
                },
            }
        }
    }

    async fn attempt(&mut self, now: Timestamp, group: &[Pending<W>]) -> Attempt<W::Reply> {
        let guarded = AssertUnwindSafe(self.attempt_unguarded(now, group));
        guarded.catch_unwind().await.unwrap_or(Attempt::Panicked)
    }

    async fn attempt_unguarded(&mut self, now: Timestamp, group: &[Pending<W>]) -> Attempt<W::Reply> {
        let commands: Vec<&W::Command> = group.iter().map(|pending| &pending.command).collect();
        let tx = match self.db.begin_alone().await {
            Ok(tx) => tx,
            Err(error) => return Attempt::Failed(error),
        };
        if let Err(error) = self.work.load(&tx, now, &commands).await {
            return Attempt::Failed(error);
        }
        self.work.begin(now);
        let replies = commands.iter().map(|command| self.work.decide(now, command)).collect();
        let tail = match self.work.store(&tx, now).await {
            Ok(tail) => tail,
            Err(error) => return Attempt::Failed(error),
        };
        match tx.commit().await {
            Ok(()) => Attempt::Committed(replies, tail),
            Err(error) if matches!(error.fault, Fault::ConnectionLost | Fault::Io) => {
                Attempt::Unknown(error, replies, tail)
            }
            Err(error) => Attempt::Failed(error),
        }
    }

    fn halve(&mut self, mut group: Vec<Pending<W>>, groups: &mut Vec<Vec<Pending<W>>>, why: &str) {
        self.work.forget();
        if group.len() <= 1 {
            tracing::error!(lane = self.config.name, why, "one command was refused so that the others go on");
            metrics::counter!("lane_poisoned_total", "lane" => self.config.name).increment(1);
            refuse(group, LaneError::Internal);
            return;
        }
        let second = group.split_off(group.len() / 2);
        // The first half is taken first: order is kept.
        groups.push(second);
        groups.push(group);
    }

    /// Finds out whether a group is in the store, and answers it. False when the store stays away.
    async fn settle(&mut self, error: DbError, group: Vec<Pending<W>>, replies: Vec<W::Reply>, expected: Tail) -> bool {
        self.give_up(&error, "the outcome of a commit is unknown");
        match self.reopen().await {
            Ok(found) if found == expected => {
                answer(group, replies);
                true
            }
            Ok(_) => {
                refuse(group, LaneError::Unavailable);
                true
            }
            Err(_) => {
                refuse(group, LaneError::OutcomeUnknown);
                false
            }
        }
    }

    fn give_up(&mut self, error: &DbError, why: &str) {
        tracing::error!(lane = self.config.name, %error, cause = ?error.source, why);
        self.work.forget();
    }

    /// Opens the store afresh. Nothing is accepted until it answers and its tail is whole.
    async fn reopen(&mut self) -> Result<Tail, DbError> {
        self.state.accept(false);
        let mut tried = 0;
        loop {
            match self.reopen_once().await {
                Ok(tail) => {
                    self.state.accept(true);
                    return Ok(tail);
                }
                Err(error) if tried < REOPENS_MAX => {
                    tried += 1;
                    tracing::warn!(lane = self.config.name, %error, tried, "the store is not back yet");
                    tokio::time::sleep(REOPEN_WAIT).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    pub(super) async fn reopen_once(&mut self) -> Result<Tail, DbError> {
        self.db.forget_connections();
        // After a failed sync the pages in memory may differ from the disk. Copying the log into the file and syncing
        // that makes what a reader can see durable, or fails.
        self.db.checkpoint().await?;
        let tx = self.db.begin_alone().await?;
        let tail = self.work.resume(&tx).await?;
        tx.commit().await?;
        self.tail = tail;
        Ok(tail)
    }

    async fn resume_or_retry_later(&mut self) {
        if let Err(error) = self.reopen_once().await {
            tracing::warn!(lane = self.config.name, %error, "the store is busy");
        }
    }
}

fn answer<W: LaneWork>(group: Vec<Pending<W>>, replies: Vec<W::Reply>) {
    for (pending, reply) in group.into_iter().zip(replies) {
        // A caller that stopped waiting needs no answer.
        let _ = pending.answer.send(Ok(reply));
    }
}

fn refuse_all<W: LaneWork>(groups: Vec<Vec<Pending<W>>>, error: LaneError) {
    for group in groups {
        refuse(group, error);
    }
}
