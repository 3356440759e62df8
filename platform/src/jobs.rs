//! Jobs: work of a room at a set time.
//!
//! A room returns its jobs from `open`. Each has a [`Schedule`], and a row in the room's store that says when it is due
//! and how far its current run has come. Any of several processes may run it: a run is claimed by one row update, and
//! continued by another process if its holder ends.
//!
//! A run does its work in transactions, and each of them ends with [`Run::step`], which stores how far the run has come
//! and proves that it is still this process's run. A run that is killed anywhere is therefore continued after its last
//! committed step, and no step takes effect twice.
//!
//! Invariants: at most one process commits steps of a run; a run is never lost, only finished, given up after
//! [`ATTEMPTS_MAX`] failures, or skipped if the job says so. Start reading at [`Job`], then `runner`.

mod claim;
mod listed;
mod runner;
mod schedule;
mod table;

use kernel::Timestamp;

use crate::room::Later;

pub use claim::{Progress, Run};
pub use listed::{JobRow, ask, list};
pub use runner::Runner;
pub use schedule::{Schedule, ScheduleError};
pub use table::JOB_TABLE;

/// A run that failed this often is given up; the next one begins again.
pub const ATTEMPTS_MAX: i64 = 5;
/// How long a process may go without renewing its claim; after that another one continues the run.
const CLAIM_MS: u64 = 30_000;
/// A run that begins later than this has been missed.
const LATE_MS: u64 = 60_000;

/// Work at a set time.
pub struct Job {
    /// Unique within the room.
    pub name: &'static str,
    /// One clause for people.
    pub about: &'static str,
    pub schedule: Schedule,
    pub missed: Missed,
    /// Executes one run, from its beginning or from where it stopped.
    pub work: Box<dyn Fn(Run) -> Later<()> + Send + Sync>,
}

/// What happens to runs that were due while no process was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missed {
    /// Each of them is executed, oldest first: the state of a day, a month's statement.
    Each,
    /// One run stands for all of them: a cleanup.
    Once,
    /// None of them: a reminder that would come too late.
    Skip,
}

impl Missed {
    /// When the job is due after the run that was due at `due`.
    fn next(self, schedule: &Schedule, due: Timestamp, now: Timestamp) -> Option<Timestamp> {
        match self {
            Missed::Each => schedule.next_after(due),
            Missed::Once | Missed::Skip => schedule.next_after(due.max(now)),
        }
    }

    /// Whether a run that was due at `due` and has not begun is skipped.
    fn skips(self, due: Timestamp, now: Timestamp) -> bool {
        let late = i64::try_from(LATE_MS * 1_000).unwrap_or(i64::MAX);
        self == Missed::Skip && now.micros_since(due) > late
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn missed_runs_are_caught_up_or_skipped_as_the_job_says() {
        let daily = Schedule::parse("0 2 * * *").unwrap();
        let (due, now) = (at("2026-03-01T02:00:00Z"), at("2026-03-04T12:00:00Z"));
        let next = |missed: Missed| missed.next(&daily, due, now).unwrap();
        assert_eq!(next(Missed::Each), at("2026-03-02T02:00:00Z"));
        assert_eq!(next(Missed::Once), at("2026-03-05T02:00:00Z"));
        assert_eq!(next(Missed::Skip), at("2026-03-05T02:00:00Z"));
        assert!(Missed::Skip.skips(due, now) && !Missed::Once.skips(due, now) && !Missed::Each.skips(due, now));
        assert!(!Missed::Skip.skips(due, at("2026-03-01T02:01:00Z")), "a minute is not late");
    }
}
