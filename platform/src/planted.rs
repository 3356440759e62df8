//! Bugs planted on purpose, to check that a simulation finds them.
//!
//! They are behind the feature `planted`, which no build of the product has: `cargo xtask tidy` refuses a dependency
//! that enables it, and a build without debug assertions refuses the feature itself. Even then nothing is wrong until a
//! test plants a bug on its own thread.

use std::cell::Cell;

#[cfg(not(debug_assertions))]
compile_error!("the feature `planted` adds bugs; it is only for tests");

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// Callers are told "done" while the commit is still in progress.
    AnsweredBeforeCommit,
    /// A retried command gets a new id.
    RepeatWithNewId,
    /// A woken reader is told only the newest event, whatever came with it.
    FeedSkips,
    /// The cursor moves in a separate transaction, after that of the effect.
    CursorApart,
    /// After a start the ledger knows no ids of earlier days.
    IdsForgotten,
}

impl Bug {
    pub const ALL: [Bug; 5] =
        [Bug::AnsweredBeforeCommit, Bug::RepeatWithNewId, Bug::FeedSkips, Bug::CursorApart, Bug::IdsForgotten];
}

thread_local! {
    static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
}

/// From now on, on this thread; a simulated world runs on one thread.
pub fn plant(bug: Option<Bug>) {
    PLANTED.set(bug);
}

/// Removes every planted bug from this thread; returns the one that was planted.
pub fn take() -> Option<Bug> {
    PLANTED.take()
}

pub fn is_planted(bug: Bug) -> bool {
    PLANTED.get() == Some(bug)
}
