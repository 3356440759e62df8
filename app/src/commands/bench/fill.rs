//! Fills a store through the real ledger, in batches, before anything is measured.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use super::books::Books;
use super::client::{Caller, InProcess, Maker, Transfer};
use super::load::Load;
use crate::failure::Failure;
use crate::progress::Progress;

/// One batch is decided while others are generated and answered.
const CALLERS: u64 = 4;
const BATCH: u64 = 1_000;

#[derive(Default)]
struct Shared {
    /// Transfers claimed by a caller.
    taken: AtomicU64,
    moved: AtomicI64,
}

pub(super) async fn fill(books: &mut Books, load: &Load) -> Result<(), Failure> {
    if load.stored == 0 {
        return Ok(());
    }
    let shared = Arc::new(Shared::default());
    let (told, mut telling) = tokio::sync::mpsc::unbounded_channel();
    let before = books.status().await?;
    let mut filling = tokio::task::JoinSet::new();
    for _ in 0..CALLERS {
        let maker = Maker::new(Arc::clone(&books.paths), load.hot, load.random_ids, Arc::clone(&books.whom.clock));
        filling.spawn(fill_some(books.caller(), maker, load.stored, Arc::clone(&shared), told.clone()));
    }
    drop(told);
    let mut progress = Progress::new("filling the store", "transfers");
    let mut done = 0;
    while let Some(count) = telling.recv().await {
        done += count;
        progress.at(done, load.stored);
    }
    progress.finish();
    while let Some(filled) = filling.join_next().await {
        filled??;
    }
    books.transfers += done;
    books.moved += shared.moved.load(Ordering::Relaxed);
    check(books, before.rows, load.stored).await
}

async fn fill_some(
    mut caller: InProcess,
    mut maker: Maker,
    wanted: u64,
    shared: Arc<Shared>,
    told: tokio::sync::mpsc::UnboundedSender<u64>,
) -> Result<(), Failure> {
    loop {
        let taken = shared.taken.fetch_add(BATCH, Ordering::Relaxed);
        let count = wanted.saturating_sub(taken).min(BATCH);
        if count == 0 {
            return Ok(());
        }
        let transfers: Vec<Transfer> = (0..count).filter_map(|_| maker.next()).collect();
        caller.send(&transfers).await?;
        shared.moved.fetch_add(transfers.iter().map(|transfer| transfer.minor).sum(), Ordering::Relaxed);
        // Nobody listens any more only if another caller failed.
        let _ = told.send(transfers.len() as u64);
    }
}

async fn check(books: &Books, rows_before: u64, stored: u64) -> Result<(), Failure> {
    let (rows, moved) = (books.status().await?.rows - rows_before, books.moved_in_books().await?);
    if rows == stored && moved == books.moved {
        return Ok(());
    }
    Err(Failure::new(format!(
        "the store was not filled: {rows} of {stored} transfers are in it, and {moved} of {} units",
        books.moved
    )))
}
