//! Chunks of 1,000 paths on any number of threads. Chunks are claimed in order and finished once claimed, so that a run that
//! is stopped early has done exactly its first chunks: the same figures as a run that asked for so many.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::error::{Result, at_least, at_most};

pub const CHUNK_PATHS: usize = 1_000;
pub const PATHS_MAX: usize = 1_000_000;
pub const THREADS_MAX: usize = 64;

/// Progress of a run, in chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    pub done: usize,
    pub of: usize,
}

/// Threads to use, and who is told of progress and may end the run.
#[derive(Clone, Copy)]
pub struct Work<'a> {
    pub threads: NonZeroUsize,
    pub watch: &'a (dyn Fn(Progress) -> ControlFlow<()> + Sync),
}

impl Work<'static> {
    /// On this thread, to the end.
    pub fn alone() -> Work<'static> {
        Work { threads: NonZeroUsize::MIN, watch: &|_| ControlFlow::Continue(()) }
    }

    pub fn on(threads: NonZeroUsize) -> Work<'static> {
        Work { threads, ..Work::alone() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chunk {
    pub(crate) index: usize,
    pub(crate) paths: usize,
}

impl Chunk {
    pub(crate) fn first(self) -> usize {
        self.index * CHUNK_PATHS
    }
}

/// The answers of the chunks that were done, in their order, and the scratch of each thread in no order.
pub(crate) struct Done<S, T> {
    pub(crate) chunks: Vec<T>,
    pub(crate) scratches: Vec<S>,
    pub(crate) paths: usize,
}

pub(crate) fn run<S: Send, T: Send>(
    paths: usize,
    work: Work<'_>,
    scratch: impl Fn() -> S + Sync,
    job: impl Fn(&mut S, Chunk) -> T + Sync,
) -> Result<Done<S, T>> {
    at_least("paths", paths, 1)?;
    at_most("paths", paths, PATHS_MAX)?;
    at_most("threads", work.threads.get(), THREADS_MAX)?;
    let of = paths.div_ceil(CHUNK_PATHS);
    let (next, done, stopped) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicBool::new(false));
    let worker = || {
        let mut own = scratch();
        let mut answers = Vec::new();
        while !stopped.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= of {
                break;
            }
            let chunk = Chunk { index, paths: CHUNK_PATHS.min(paths - index * CHUNK_PATHS) };
            answers.push((index, job(&mut own, chunk)));
            let progress = Progress { done: done.fetch_add(1, Ordering::Relaxed) + 1, of };
            if (work.watch)(progress).is_break() {
                stopped.store(true, Ordering::Relaxed);
            }
        }
        (own, answers)
    };
    let threads = work.threads.get().min(of);
    let parts = on_threads(threads, &worker);
    let (scratches, answers): (Vec<S>, Vec<Vec<(usize, T)>>) = parts.into_iter().unzip();
    let mut answers: Vec<(usize, T)> = answers.into_iter().flatten().collect();
    answers.sort_by_key(|(index, _)| *index);
    let chunks: Vec<T> = answers.into_iter().map(|(_, answer)| answer).collect();
    let paths = paths.min(chunks.len() * CHUNK_PATHS);
    Ok(Done { chunks, scratches, paths })
}

/// One worker stays on the caller's thread, so that a single one costs no thread at all.
fn on_threads<R: Send>(threads: usize, worker: &(impl Fn() -> R + Sync)) -> Vec<R> {
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(worker)).collect();
        let mut parts = vec![worker()];
        for other in others {
            match other.join() {
                Ok(part) => parts.push(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        parts
    })
}
