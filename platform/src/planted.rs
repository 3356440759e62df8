//! Bugs that are put in on purpose, so that a simulation can be seen to find them.
//!
//! They stand behind the feature `planted`, which no build of the product has: `cargo xtask tidy` refuses a dependency that
//! asks for it, and a build without debug assertions refuses the feature itself. Even then nothing is wrong until a test
//! plants a bug on its own thread.

use std::cell::Cell;

#[cfg(not(debug_assertions))]
compile_error!("the feature `planted` puts bugs in; it is for tests alone");

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// Callers are told "done" while the commit is still under way.
    AnsweredBeforeCommit,
    /// What is sent again gets a new id.
    RepeatWithNewId,
    /// A reader that is woken is told the newest event alone, whatever came with it.
    FeedSkips,
    /// The cursor moves in a transaction of its own, behind that of the effect.
    CursorApart,
    /// After a start the ledger knows no id of earlier days.
    IdsForgotten,
}

impl Bug {
    pub const ALL: [Bug; 5] =
        [Bug::AnsweredBeforeCommit, Bug::RepeatWithNewId, Bug::FeedSkips, Bug::CursorApart, Bug::IdsForgotten];
}

thread_local! {
    static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
}

/// On this thread, from now on; a simulated world runs on one thread.
pub fn plant(bug: Option<Bug>) {
    PLANTED.set(bug);
}

/// Nothing is planted on this thread any more; answers what was.
pub fn take() -> Option<Bug> {
    PLANTED.take()
}

pub fn is_planted(bug: Bug) -> bool {
    PLANTED.get() == Some(bug)
}
