//! Where the services keep their data, for commands that work on it without running a service.

use std::path::{Path, PathBuf};

use ledger::{Head, Report, TransferError};
use ledger_api::BookName;
use platform::config::Config;
use platform::data_dir::{DataDir, Stamp};
use platform::db::{self, Access, Db, Target, share_of_cache};

use crate::failure::Failure;
use crate::progress::Progress;

/// Exit statuses of commands that read books.
pub(crate) const DISAGREES: u8 = 1;
pub(crate) const COULD_NOT_RUN: u8 = 2;

pub(crate) const LEDGER: &str = "ledger";

/// Each service has one file in the data directory, or one schema in the database.
pub(crate) fn file(data_dir: &Path, service: &str) -> PathBuf {
    data_dir.join(format!("{service}.db"))
}

/// The ledger as configured; checks that stamp and file exist, so that a wrong directory is reported as such.
pub(crate) fn ledger(config: &Config) -> Result<Target, Failure> {
    if let Some(url) = db::server(&config.storage) {
        return Ok(Target::Postgres { url, schema: LEDGER.to_owned() });
    }
    let data_dir = &config.storage.data_dir;
    stamp(data_dir)?;
    ledger_file(data_dir, share_of_cache(config.storage.sqlite_cache_mb))
}

pub(crate) fn ledger_file(data_dir: &Path, cache_mb: u32) -> Result<Target, Failure> {
    let file = file(data_dir, LEDGER);
    if !file.is_file() {
        return Err(Failure::new(format!("there is no ledger in {} yet", data_dir.display())));
    }
    Ok(Target::Sqlite { file, cache_mb })
}

/// The kind of directory; a sentence if it was not made by florin.
pub(crate) fn stamp(data_dir: &Path) -> Result<Stamp, Failure> {
    let missing = || {
        let path = data_dir.display();
        Failure::new(format!(
            "{path} is not a data directory of florin; set storage.data_dir (FLORIN__STORAGE__DATA_DIR) to the right one"
        ))
    };
    DataDir::look(data_dir)?.ok_or_else(missing)
}

/// A service's store, created if necessary.
pub(crate) fn of_service(config: &Config, service: &str) -> Target {
    let storage = &config.storage;
    match db::server(storage) {
        Some(url) => Target::Postgres { url, schema: service.to_owned() },
        None => {
            Target::Sqlite { file: file(&storage.data_dir, service), cache_mb: share_of_cache(storage.sqlite_cache_mb) }
        }
    }
}

/// The location as shown to people.
pub(crate) fn shown(target: &Target) -> String {
    match target {
        Target::Sqlite { file, .. } => file.display().to_string(),
        Target::Postgres { schema, .. } => format!("schema {schema}"),
    }
}

/// Opens a book's store read-only, while others may write it, and checks all of it.
pub(crate) async fn verify(target: Target, book: &BookName, against: Option<Head>) -> Result<Report, Failure> {
    let db =
        Db::open(target, Access::ReadOnly, 1).await.map_err(|error| Failure::from(error).with_status(COULD_NOT_RUN))?;
    let what = if book.is_main() { "verifying".to_owned() } else { format!("verifying {book}") };
    let mut progress = Progress::new(what, "rows");
    let report = ledger::verify(&db, book, against, |seen| progress.at(seen.rows, seen.rows_in_all)).await;
    progress.finish();
    report.map_err(|error| {
        let status = if error.is_disagreement() { DISAGREES } else { COULD_NOT_RUN };
        Failure::from(error).with_status(status)
    })
}

/// The exit status of a failed export or import.
pub(crate) fn transfer_failure(error: TransferError) -> Failure {
    let status = if error.is_disagreement() { DISAGREES } else { COULD_NOT_RUN };
    Failure::from(error).with_status(status)
}

pub(crate) fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()
}
