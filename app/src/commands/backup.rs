//! `florin backup`: all service files as of one instant, while they are written; then the copy is verified.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use kernel::{Clock, SystemClock};
use platform::config::Config;
use platform::data_dir::STAMP_FILE;
use platform::db::backup_files;

use crate::cli::Backup;
use crate::commands::load_config;
use crate::commands::manifest::Manifest;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::services::KNOWN;
use crate::stores::{self, LEDGER};

pub(crate) fn run(file: Option<&Path>, options: &Backup) -> Result<(), Failure> {
    let config = load_config(file)?;
    if config.storage.database_url.is_some() {
        return Err(Failure::new(
            "the books are in PostgreSQL, whose own tools back them up: run pg_dump --schema=ledger, restore it elsewhere \
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

/// Copies the files of all services that have one; answers their names.
fn copy(from: &Path, to: &Path) -> Result<Vec<String>, Failure> {
    let there = |service: &&str| stores::file(from, service).is_file();
    let services: Vec<&str> = KNOWN.into_iter().filter(there).collect();
    if services.is_empty() {
        return Err(Failure::new(format!("there is nothing to back up in {} yet", from.display())));
    }
    let pair = |service: &&str| (stores::file(from, service), stores::file(to, service));
    let files: Vec<(PathBuf, PathBuf)> = services.iter().map(pair).collect();
    let mut progress: Vec<Progress> =
        services.iter().map(|service| Progress::new(format!("copying {service}"), "pages")).collect();
    backup_files(&files, |place, done, all| {
        if let Some(progress) = progress.get_mut(place) {
            progress.at(done, all);
        }
    })?;
    progress.into_iter().for_each(Progress::finish);
    Ok(services.iter().map(|service| format!("{service}.db")).collect())
}

/// A backup that nobody has read back is a hope.
fn finish(config: &Config, to: &Path, names: &[String]) -> Result<(), Failure> {
    let target = stores::ledger_file(to, config.storage.sqlite_cache_mb)?;
    let report = stores::runtime()?.block_on(stores::verify(target, None))?;
    let heads = BTreeMap::from([(LEDGER.to_owned(), report.head.to_string())]);
    Manifest::of(to, names, heads, SystemClock.now().to_string())?.write(to)?;
    println!("backed up to {}, {} rows, verified", to.display(), report.rows);
    println!("head  {}", report.head);
    Ok(())
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
