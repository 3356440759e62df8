//! `florin backup`: all service files as of one instant, while they are written; then the copy is verified.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use kernel::{Clock, SystemClock};
use ledger::Report;
use ledger_api::BookName;
use platform::config::Config;
use platform::data_dir::STAMP_FILE;
use platform::db::{Copied, DbError, Target, backup_listed, files_beside};

use crate::books::Shelf;
use crate::cli::Backup;
use crate::commands::load_config;
use crate::commands::manifest::Manifest;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::services::KNOWN;
use crate::stores::{self, DISAGREES, LEDGER};

pub(crate) fn run(file: Option<&Path>, options: &Backup) -> Result<(), Failure> {
    let config = load_config(file)?;
    if config.storage.database_url.is_some() {
        return Err(Failure::new(
            "the books are in PostgreSQL, whose own tools back them up: run pg_dump --schema='ledger*' --schema=identity, restore it elsewhere \
             and run `florin verify --against HEAD` there",
        ));
    }
    let data_dir = &config.storage.data_dir;
    stores::stamp(data_dir)?;
    empty_dir(&options.to)?;
    let mut names = copy(data_dir, &options.to)?;
    fs::copy(data_dir.join(STAMP_FILE), options.to.join(STAMP_FILE))?;
    File::open(options.to.join(STAMP_FILE))?.sync_all()?;
    names.push(STAMP_FILE.to_owned());
    finish(&config, &options.to, &names)
}

/// Copies the files of all services that have one, and of all books; answers their names.
fn copy(from: &Path, to: &Path) -> Result<Vec<String>, Failure> {
    let list = || Ok(names(from)?.iter().map(|name| (from.join(name), to.join(name))).collect());
    if names(from)?.is_empty() {
        return Err(Failure::new(format!("there is nothing to back up in {} yet", from.display())));
    }
    let mut progress: BTreeMap<usize, Progress> = BTreeMap::new();
    let copied = backup_listed(list, |place, done, all| {
        let what = || Progress::new(format!("copying {}", place + 1), "pages");
        progress.entry(place).or_insert_with(what).at(done, all);
    })?;
    progress.into_values().for_each(Progress::finish);
    let name = |(from, _): &Copied| from.file_name().map(|name| name.to_string_lossy().into_owned());
    Ok(copied.iter().filter_map(name).collect())
}

/// The files of all services that have one, each with those beside it.
fn names(dir: &Path) -> Result<Vec<String>, DbError> {
    let mut names = Vec::new();
    for service in KNOWN {
        let file = stores::file(dir, service);
        if file.is_file() {
            names.push(format!("{service}.db"));
            names.extend(files_beside(&file)?.iter().map(|name| format!("{service}-{name}.db")));
        }
    }
    Ok(names)
}

/// A backup that nobody has read back is a hope.
fn finish(config: &Config, to: &Path, names: &[String]) -> Result<(), Failure> {
    let target = stores::ledger_file(to, config.storage.sqlite_cache_mb)?;
    let reports = stores::runtime()?.block_on(verify_copy(target))?;
    let heads = reports.iter().map(|report| (name_of(&report.head.book), report.head.to_string())).collect();
    Manifest::of(to, names, heads, SystemClock.now().to_string())?.write(to)?;
    println!("backed up to {}, {}, verified", to.display(), rows(&reports));
    reports.iter().for_each(|report| println!("head  {}", report.head));
    Ok(())
}

/// Every book of a directory that nobody writes; an error at the first one that is not as it should be.
pub(crate) async fn verify_copy(main: Target) -> Result<Vec<Report>, Failure> {
    let shelf = Shelf::look(main).await?;
    if let Some(wrong) = shelf.missing.first() {
        let sentence = format!("book {wrong} is registered, and its store is missing");
        return Err(Failure::new(sentence).with_status(DISAGREES));
    }
    let mut reports = Vec::with_capacity(shelf.books.len());
    for book in &shelf.books {
        reports.push(stores::verify(shelf.target(book), book, None).await?);
    }
    shelf.wrong().iter().for_each(|sentence| eprintln!("florin: {sentence}; it was copied as it is"));
    Ok(reports)
}

/// What a book's head stands under in a manifest: the name of its file, without its ending.
pub(crate) fn name_of(book: &BookName) -> String {
    if book.is_main() { LEDGER.to_owned() } else { format!("{LEDGER}-{book}") }
}

pub(crate) fn rows(reports: &[Report]) -> String {
    let rows: u64 = reports.iter().map(|report| report.rows).sum();
    if reports.len() == 1 { format!("{rows} rows") } else { format!("{} books, {rows} rows", reports.len()) }
}

/// Makes the directory, or takes one with nothing in it.
pub(crate) fn empty_dir(path: &Path) -> Result<(), Failure> {
    let fail = |error: std::io::Error| Failure::new(format!("{} cannot be written: {error}", path.display()));
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(fail)?;
    match fs::read_dir(path).map_err(fail)?.next() {
        None => Ok(()),
        Some(_) => Err(Failure::new(format!("{} is not empty; choose a new or an empty directory", path.display()))),
    }
}
