//! A copy of several SQLite files as they were at one instant, taken while their owner continues to write.
//!
//! All writers are blocked for the moment in which a snapshot of every file is opened; the copies are made from the
//! snapshots afterwards. Nothing in the files is changed.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use sha2::{Digest, Sha256};

use super::{DbError, Fault};

const LOCK_WAIT: Duration = Duration::from_secs(30);
const PAGES_PER_STEP: i32 = 4_096;

/// A file and the path of its copy.
pub type Copied = (PathBuf, PathBuf);

/// Copies each `(from, to)`; `progress` gets the file's index, and its pages copied and in total.
pub fn backup_files(files: &[Copied], progress: impl FnMut(usize, u64, u64)) -> Result<(), DbError> {
    backup_listed(|| Ok(files.to_vec()), progress).map(|_| ())
}

/// The same for all existing files: `list` is called again while their writers are blocked, so that a file created
/// meanwhile, which others may refer to, is not left out. Returns what was copied.
pub fn backup_listed(
    list: impl Fn() -> Result<Vec<Copied>, DbError>,
    mut progress: impl FnMut(usize, u64, u64),
) -> Result<Vec<Copied>, DbError> {
    let (files, snapshots) = snapshots(list)?;
    for (place, (snapshot, (_, to))) in snapshots.iter().zip(&files).enumerate() {
        copy(snapshot, to, |done, all| progress(place, done, all))
            .map_err(|error| DbError::sqlite(&format!("write the backup {}", to.display()), error))?;
        sync(to)?;
    }
    Ok(files)
}

fn snapshots(list: impl Fn() -> Result<Vec<Copied>, DbError>) -> Result<(Vec<Copied>, Vec<Connection>), DbError> {
    let fail = |file: &Path| {
        let attempted = format!("take a snapshot of {}", file.display());
        move |error| DbError::sqlite(&attempted, error)
    };
    let mut files = list()?;
    let held = loop {
        let hold = |(from, _): &Copied| open(from, "begin immediate").map_err(fail(from));
        let held = files.iter().map(hold).collect::<Result<Vec<_>, _>>()?;
        let now = list()?;
        if now == files {
            break held;
        }
        files = now;
    };
    let mut snapshots = Vec::with_capacity(files.len());
    for (from, _) in &files {
        // A read transaction starts at its first read.
        let snapshot = open(from, "begin").map_err(fail(from))?;
        snapshot.query_row("select count(*) from sqlite_schema", [], |_| Ok(())).map_err(fail(from))?;
        snapshots.push(snapshot);
    }
    drop(held);
    Ok((files, snapshots))
}

fn open(file: &Path, begin: &str) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.busy_timeout(LOCK_WAIT)?;
    connection.execute_batch(begin)?;
    Ok(connection)
}

fn copy(from: &Connection, to: &Path, mut progress: impl FnMut(u64, u64)) -> rusqlite::Result<()> {
    let mut target = Connection::open(to)?;
    {
        let backup = Backup::new(from, &mut target)?;
        loop {
            let step = backup.step(PAGES_PER_STEP)?;
            let state = backup.progress();
            let all = u64::try_from(state.pagecount).unwrap_or(0);
            let left = u64::try_from(state.remaining).unwrap_or(0);
            progress(all.saturating_sub(left), all);
            if step == StepResult::Done {
                break;
            }
        }
    }
    // The copy is self-contained: there is no write-ahead log next to it.
    target.pragma_update(None, "journal_mode", "delete")?;
    target.close().map_err(|(_, error)| error)
}

fn sync(file: &Path) -> Result<(), DbError> {
    let attempted = format!("sync {}", file.display());
    File::open(file).and_then(|file| file.sync_all()).map_err(|error| DbError::caused(attempted, Fault::Io, error))
}

/// Reads all of a file that nobody writes, and checks its pages, indexes and references. The error is a sentence that
/// names what is wrong.
pub fn check_file(file: &Path) -> Result<(), String> {
    let failed = |error: rusqlite::Error| format!("{} cannot be read back: {error}", file.display());
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(failed)?;
    let whole: String = connection.query_row("pragma integrity_check(1)", [], |row| row.get(0)).map_err(failed)?;
    if whole != "ok" {
        return Err(format!("{} is damaged: {whole}", file.display()));
    }
    let lost = "select \"table\" from pragma_foreign_key_check limit 1";
    match connection.query_row(lost, [], |row| row.get::<_, String>(0)) {
        Ok(table) => Err(format!("{} is damaged: a row of {table} refers to a missing row", file.display())),
        Err(rusqlite::Error::QueryReturnedNoRows) => Ok(()),
        Err(error) => Err(failed(error)),
    }
}

/// The SHA-256 of a file's bytes, as hexadecimal digits.
pub fn file_sha256(file: &Path) -> std::io::Result<String> {
    let mut source = File::open(file)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = source.read(&mut buffer)?;
        let Some(chunk) = buffer.get(..read).filter(|chunk| !chunk.is_empty()) else { break };
        hash.update(chunk);
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
