//! `florin import`: rebuilds a book from an export, while nobody else uses the books, and proves that it is the same.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use kernel::{Clock, SystemClock};
use ledger::{Imported, Report, StoresBeside, exported_book};
use ledger_api::{BookName, limits};
use platform::config::Config;
use platform::data_dir::{DataDir, Stamp};
use platform::db::{Access, Db, Target};

use crate::cli::Import;
use crate::commands::Start;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::stores::{self, COULD_NOT_RUN, transfer_failure};

const BUFFER_BYTES: usize = 1 << 18;

/// An import running in this process.
struct Source {
    input: Box<dyn BufRead + Send>,
    /// `None` if the end cannot be known.
    bytes: Option<u64>,
}

pub(crate) fn run(start: Start<'_>, options: &Import) -> Result<(), Failure> {
    let could_not_run = |failure: Failure| failure.with_status(COULD_NOT_RUN);
    let config = start.config().map_err(|error| could_not_run(error.into()))?;
    let (book, source) = open(&options.file).map_err(could_not_run)?.book()?;
    let (main, _held) = hold(&config).map_err(could_not_run)?;
    let runtime = stores::runtime().map_err(|error| could_not_run(error.into()))?;
    let (imported, report) = runtime.block_on(async {
        let target = StoresBeside { main: main.clone(), readers: 1 }.target(&book);
        let db = prepare(main, &book, target.clone()).await.map_err(could_not_run)?;
        let imported = import(&db, &book, source).await?;
        drop(db);
        let report = stores::verify(target, &book, Some(imported.head.clone())).await?;
        Ok::<_, Failure>((imported, report))
    })?;
    say(&imported, &report);
    Ok(())
}

impl Source {
    /// The book it is of; peeking loses nothing.
    fn book(self) -> Result<(BookName, Source), Failure> {
        let (book, input) = exported_book(self.input).map_err(transfer_failure)?;
        Ok((book, Source { input: Box::new(input), bytes: self.bytes }))
    }
}

fn open(path: &Path) -> Result<Source, Failure> {
    if path == Path::new("-") {
        let input = BufReader::with_capacity(BUFFER_BYTES, std::io::stdin());
        return Ok(Source { input: Box::new(input), bytes: None });
    }
    let fail = |error: std::io::Error| Failure::new(format!("{} cannot be read: {error}", path.display()));
    let file = File::open(path).map_err(fail)?;
    let bytes = Some(file.metadata().map_err(fail)?.len());
    Ok(Source { input: Box::new(BufReader::with_capacity(BUFFER_BYTES, file)), bytes })
}

/// Keeps servers away from this directory, as a server keeps this command away.
fn hold(config: &Config) -> Result<(Target, DataDir), Failure> {
    let storage = &config.storage;
    let stamp = DataDir::look(&storage.data_dir)?.unwrap_or(Stamp::Plain);
    let held = DataDir::open(&storage.data_dir, stamp)?;
    Ok((stores::of_service(config, stores::LEDGER), held))
}

/// Opens the book's store. A missing book is created as a running ledger would: first its row, then its store, then the
/// mark in the row.
async fn prepare(main: Target, book: &BookName, target: Target) -> Result<Db, Failure> {
    if book.is_main() {
        return Ok(Db::open(target, Access::ReadWrite, 1).await?);
    }
    let main = Db::open(main, Access::ReadWrite, 1).await?;
    ledger::migrate(&main).await?;
    let row = ledger::register(&main, book, SystemClock.now()).await?;
    let row = row.ok_or_else(|| Failure::new(format!("there are already {} books, the maximum", limits::BOOKS_MAX)))?;
    let db = Db::open(target, Access::ReadWrite, 1).await?;
    if !row.stored {
        ledger::migrate(&db).await?;
        ledger::mark_stored(&main, book).await?;
    }
    Ok(db)
}

async fn import(db: &Db, book: &BookName, source: Source) -> Result<Imported, Failure> {
    let unit = if source.bytes.is_some() { "bytes" } else { "rows" };
    let mut progress = Progress::new("importing", unit);
    let outcome = ledger::import(db, book, source.input, |seen| match source.bytes {
        Some(all) => progress.at(seen.bytes, all),
        None => progress.so_far(seen.rows),
    })
    .await;
    progress.finish();
    outcome.map_err(transfer_failure)
}

fn say(imported: &Imported, report: &Report) {
    let new = imported.rows_written;
    let new = if new < report.rows { format!(", {new} of them new") } else { String::new() };
    let into = if report.head.book.is_main() { String::new() } else { format!(" into book {}", report.head.book) };
    println!("imported{into}, {} rows{new}, verified", report.rows);
    match imported.keys {
        Some(keys) => println!("{keys} idempotency keys were imported"),
        None => println!("no idempotency keys were imported; repeats are recognised by id"),
    }
    println!("head  {}", report.head);
}
