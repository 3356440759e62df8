//! One group from its commands to their replies, whatever goes wrong in between.
//!
//! A group that cannot be stored is halved until the one command that spoils it is alone; that one is refused, and the
//! rest commits. If the outcome of a commit is unknown, the store is reopened and checked.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;

use super::run::{Run, commit, refuse};
use super::{LaneError, LaneWork, Pending, Tail};
use crate::db::{DbError, Fault, Tx};
use crate::feed::caused_by;
use crate::lease::{Standing, Term};

/// Times that one group is retried if the engine asks for it.
const RETRIES_MAX: u32 = 5;
/// Attempts at an unreachable store before the group is given up.
const REOPENS_MAX: u32 = 20;
const REOPEN_WAIT: Duration = Duration::from_millis(250);

enum Attempt<R> {
    Committed(Vec<R>, Tail),
    /// Nothing happened.
    Failed(DbError),
    ClockBehind,
    Panicked,
    /// The commit was sent and no answer came.
    Unknown(DbError, Vec<R>, Tail),
}

/// What the store says about a group whose commit was not answered.
enum Settled {
    Happened,
    DidNotHappen,
    Unknown,
}

/// What to do with a failed group.
enum Next {
    Again,
    Halve,
    Refuse(LaneError),
}

impl<W: LaneWork> Run<W> {
    pub(super) async fn carry_out(&mut self, group: Vec<Pending<W>>) {
        let mut groups = vec![group];
        let mut tried = 0;
        while let Some(group) = groups.pop() {
            let Some(term) = self.term() else {
                refuse(group, LaneError::NotWriter);
                continue;
            };
            if !self.state.is_accepting() {
                refuse(group, LaneError::Unavailable);
                continue;
            }
            let group = self.without_late(group);
            if group.is_empty() && !self.is_due() {
                continue;
            }
            match self.attempt(&group, &term).await {
                Attempt::Committed(replies, tail) => {
                    self.work.committed();
                    self.tail = tail;
                    self.troubled = false;
                    tried = 0;
                    answer(group, replies);
                }
                Attempt::ClockBehind => {
                    self.troubled = true;
                    refuse(group, LaneError::ClockBehind);
                }
                Attempt::Panicked => self.halve(group, &mut groups, "a command panicked"),
                Attempt::Unknown(error, replies, tail) => match self.settle(&error, tail).await {
                    Settled::Happened => answer(group, replies),
                    Settled::DidNotHappen if tried < RETRIES_MAX => {
                        tried += 1;
                        groups.push(group);
                    }
                    Settled::DidNotHappen => refuse(group, LaneError::Unavailable),
                    Settled::Unknown => refuse(group, LaneError::OutcomeUnknown),
                },
                Attempt::Failed(error) => match self.after_failure(&error, tried, term.epoch).await {
                    Next::Again => {
                        tried += 1;
                        groups.push(group);
                    }
                    Next::Halve => self.halve(group, &mut groups, "a command cannot be stored"),
                    Next::Refuse(why) => refuse(group, why),
                },
            }
        }
    }

    async fn attempt(&mut self, group: &[Pending<W>], term: &Term) -> Attempt<W::Reply> {
        let guarded = AssertUnwindSafe(self.attempt_unguarded(group, term));
        guarded.catch_unwind().await.unwrap_or(Attempt::Panicked)
    }

    /// Neither future outlives the term: a silent connection must not block the lane until it is given up. They are
    /// boxed because a future in a select is moved, and a service's are large for a thread's stack.
    async fn attempt_unguarded(&mut self, group: &[Pending<W>], term: &Term) -> Attempt<W::Reply> {
        let standing = self.standing.clone();
        let (tx, replies, tail) = match within(&standing, term, Box::pin(self.prepare(group, term))).await {
            Ok(Some(prepared)) => prepared,
            Ok(None) => return Attempt::ClockBehind,
            Err(error) => return Attempt::Failed(error),
        };
        #[cfg(feature = "planted")]
        if crate::planted::is_planted(crate::planted::Bug::AnsweredBeforeCommit) {
            // Planted: the commit continues by itself, and its callers are answered meanwhile.
            tokio::spawn(tx.commit());
            return Attempt::Committed(replies, tail);
        }
        match within(&standing, term, Box::pin(commit(tx, term))).await {
            Ok(()) => Attempt::Committed(replies, tail),
            Err(error) if matches!(error.fault, Fault::ConnectionLost | Fault::Io | Fault::Late) => {
                Attempt::Unknown(error, replies, tail)
            }
            Err(error) => Attempt::Failed(error),
        }
    }

    /// Everything except the commit; `None` if the clock is behind.
    async fn prepare(&mut self, group: &[Pending<W>], term: &Term) -> Result<Option<Prepared<W::Reply>>, DbError> {
        let commands: Vec<&W::Command> = group.iter().map(|pending| &pending.command).collect();
        let tx = self.db.begin_alone_under(term.fence.as_ref()).await?;
        // What was dropped is read again in the transaction that builds on it: nobody can write in between.
        if self.forgotten {
            self.tail = self.work.resume(&tx).await?;
            self.forgotten = false;
        }
        // Read after `resume`: another writer's last group may be newer than the one this process knew.
        let Some(now) = self.stamp() else { return Ok(None) };
        self.work.load(&tx, now, &commands).await?;
        self.work.begin(now);
        let decide =
            |pending: &Pending<W>| caused_by(pending.actor.as_ref(), || self.work.decide(now, &pending.command));
        let replies = group.iter().map(decide).collect();
        let tail = self.work.store(&tx, now).await?;
        Ok(Some((tx, replies, tail)))
    }

    async fn after_failure(&mut self, error: &DbError, tried: u32, epoch: i64) -> Next {
        match error.fault {
            Fault::Retry if tried < RETRIES_MAX => {
                self.forget();
                tokio::time::sleep(Duration::from_millis(5 << tried)).await;
                Next::Again
            }
            Fault::Full => {
                self.give_up(error, "no space is left");
                Next::Refuse(LaneError::StorageFull)
            }
            Fault::Retry | Fault::ReadOnly => {
                self.give_up(error, "the store cannot be written");
                Next::Refuse(LaneError::Unavailable)
            }
            Fault::Fenced => {
                tracing::warn!(lane = self.config.name, "a commit was refused: another process holds the lease");
                self.standing.lost(epoch);
                self.forget();
                Next::Refuse(LaneError::NotWriter)
            }
            Fault::ConnectionLost | Fault::Unreachable | Fault::Io | Fault::Late if !self.standing.is_holder() => {
                self.give_up(error, "the store was lost together with the lease");
                Next::Refuse(LaneError::NotWriter)
            }
            Fault::ConnectionLost | Fault::Unreachable | Fault::Io | Fault::Late if tried < RETRIES_MAX => {
                self.give_up(error, "the store was lost before the commit");
                match self.reopen(None).await {
                    Ok(_) => Next::Again,
                    Err(_) => Next::Refuse(LaneError::Unavailable),
                }
            }
            Fault::ConnectionLost | Fault::Unreachable | Fault::Io | Fault::Late => {
                self.give_up(error, "the store keeps failing");
                Next::Refuse(LaneError::Unavailable)
            }
            Fault::Constraint | Fault::Statement | Fault::Corrupt | Fault::Newer | Fault::Older => {
                tracing::error!(lane = self.config.name, %error, cause = ?error.source, "a group failed");
                Next::Halve
            }
        }
    }

    fn halve(&mut self, mut group: Vec<Pending<W>>, groups: &mut Vec<Vec<Pending<W>>>, why: &str) {
        self.forget();
        let alone = group.is_empty();
        if self.work.narrow_due(alone) {
            tracing::error!(lane = self.config.name, why, alone, "due work is tried without commands");
            if !alone {
                groups.push(group);
            }
            // An empty group, taken first: until its problem is found, every command would be refused for it.
            groups.push(Vec::new());
            return;
        }
        if group.len() <= 1 {
            tracing::error!(lane = self.config.name, why, "one command was refused so that the others can continue");
            metrics::counter!("lane_poisoned_total", "lane" => self.config.name).increment(1);
            self.troubled = true;
            refuse(group, LaneError::Internal);
            return;
        }
        let second = group.split_off(group.len() / 2);
        // The first half goes first: the order is kept.
        groups.push(second);
        groups.push(group);
    }

    /// Finds out whether the group that would have left the store at `expected` is in it.
    async fn settle(&mut self, error: &DbError, expected: Tail) -> Settled {
        self.give_up(error, "the outcome of a commit is unknown");
        match self.reopen(Some(expected)).await {
            Ok(true) => Settled::Happened,
            Ok(false) => Settled::DidNotHappen,
            Err(_) => Settled::Unknown,
        }
    }

    fn give_up(&mut self, error: &DbError, why: &str) {
        tracing::error!(lane = self.config.name, %error, cause = ?error.source, why);
        self.troubled = true;
        self.forget();
    }

    /// Reopens the store. Nothing is accepted until it answers and its tail is whole. Returns whether a group is in it.
    async fn reopen(&mut self, asked: Option<Tail>) -> Result<bool, DbError> {
        self.state.accept(false);
        let mut tried = 0;
        loop {
            match self.reopen_once(asked).await {
                Ok(found) => {
                    self.state.accept(true);
                    return Ok(found);
                }
                // Without the lease there is nothing to recover here; its holder can answer.
                Err(error) if tried < REOPENS_MAX && self.standing.is_holder() => {
                    tried += 1;
                    tracing::warn!(lane = self.config.name, %error, tried, "the store is still unreachable");
                    tokio::time::sleep(REOPEN_WAIT).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    pub(super) async fn reopen_once(&mut self, asked: Option<Tail>) -> Result<bool, DbError> {
        self.db.forget_connections();
        // After a failed sync the pages in memory may differ from the disk. Copying the log into the file and syncing
        // that makes what a reader can see durable, or fails.
        self.db.checkpoint().await?;
        // Alone: the transaction in question has ended, one way or the other, even if its connection was lost.
        let tx = self.db.begin_alone().await?;
        let found = match asked {
            Some(group) => self.work.has(&tx, group).await?,
            None => false,
        };
        let tail = self.work.resume(&tx).await?;
        tx.commit().await?;
        self.tail = tail;
        self.forgotten = false;
        Ok(found)
    }
}

/// A group that waits for its commit, with the replies for its callers.
type Prepared<R> = (Tx, Vec<R>, Tail);

async fn within<T>(
    standing: &Standing,
    term: &Term,
    work: impl Future<Output = Result<T, DbError>>,
) -> Result<T, DbError> {
    tokio::select! {
        biased;
        done = work => done,
        () = standing.over(term.epoch) => Err(DbError::new("write while the lease lasts", Fault::ConnectionLost)),
    }
}

fn answer<W: LaneWork>(group: Vec<Pending<W>>, replies: Vec<W::Reply>) {
    for (pending, reply) in group.into_iter().zip(replies) {
        // A caller that stopped waiting needs no reply.
        let _ = pending.answer.send(Ok(reply));
    }
}
