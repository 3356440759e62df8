//! `florin import`: books from an export, while nobody else has them, and the proof that they are the same.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use ledger::{Imported, Report};
use platform::config::Config;
use platform::data_dir::{DataDir, Stamp};
use platform::db::{Access, Db, Target};

use crate::cli::Import;
use crate::commands::load_config;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::stores::{self, COULD_NOT_RUN, LEDGER, transfer_failure};

const BUFFER_BYTES: usize = 1 << 18;

/// An export under way into this process.
struct Source {
    input: Box<dyn BufRead + Send>,
    /// Nothing where the end cannot be known.
    bytes: Option<u64>,
}

pub(crate) fn run(file: Option<&Path>, options: &Import) -> Result<(), Failure> {
    let could_not_run = |failure: Failure| failure.with_status(COULD_NOT_RUN);
    let config = load_config(file).map_err(|error| could_not_run(error.into()))?;
    let source = open(&options.file).map_err(could_not_run)?;
    let (target, _held) = hold(&config).map_err(could_not_run)?;
    let runtime = stores::runtime().map_err(|error| could_not_run(error.into()))?;
    let (imported, report) = runtime.block_on(async {
        let imported = import(target.clone(), source).await?;
        let report = stores::verify(target, Some(imported.head.clone())).await?;
        Ok::<_, Failure>((imported, report))
    })?;
    say(&imported, &report);
    Ok(())
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

/// Keeps a server on this directory away, as a server keeps this command away.
fn hold(config: &Config) -> Result<(Target, DataDir), Failure> {
    let storage = &config.storage;
    let stamp = DataDir::look(&storage.data_dir)?.unwrap_or(Stamp::Plain);
    let held = DataDir::open(&storage.data_dir, stamp)?;
    let target = match &storage.database_url {
        Some(url) => Target::Postgres { url: url.expose().to_owned(), schema: LEDGER.to_owned() },
        None => Target::Sqlite { file: stores::file(&storage.data_dir, LEDGER), cache_mb: storage.sqlite_cache_mb },
    };
    Ok((target, held))
}

async fn import(target: Target, source: Source) -> Result<Imported, Failure> {
    let opened = Db::open(target, Access::ReadWrite, 1).await;
    let db = opened.map_err(|error| Failure::from(error).with_status(COULD_NOT_RUN))?;
    let unit = if source.bytes.is_some() { "bytes" } else { "rows" };
    let mut progress = Progress::new("importing", unit);
    let outcome = ledger::import(&db, source.input, |seen| match source.bytes {
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
    println!("imported, {} rows{new}, verified", report.rows);
    match imported.keys {
        Some(keys) => println!("{keys} idempotency keys came along"),
        None => println!("no idempotency keys came along; repeats are recognised by id"),
    }
    println!("head  {}", report.head);
}
