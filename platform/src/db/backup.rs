//! A copy of several SQLite files as they were at one instant, taken while their owner goes on writing.
//!
//! All writers are held for the moment in which a snapshot of every file is opened, then they go on; the copies are made
//! from the snapshots. Nothing in the files is changed.

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

/// Copies each `(from, to)`; `progress` is told the file's place, and its pages copied and in all.
pub fn backup_files(files: &[(PathBuf, PathBuf)], mut progress: impl FnMut(usize, u64, u64)) -> Result<(), DbError> {
    let snapshots = snapshots(files)?;
    for (place, (snapshot, (_, to))) in snapshots.iter().zip(files).enumerate() {
        copy(snapshot, to, |done, all| progress(place, done, all))
            .map_err(|error| DbError::sqlite(&format!("write the backup {}", to.display()), error))?;
        sync(to)?;
    }
    Ok(())
}

fn snapshots(files: &[(PathBuf, PathBuf)]) -> Result<Vec<Connection>, DbError> {
    let mut held = Vec::with_capacity(files.len());
    let mut snapshots = Vec::with_capacity(files.len());
    let fail = |file: &Path| {
        let attempted = format!("take a snapshot of {}", file.display());
        move |error| DbError::sqlite(&attempted, error)
    };
    for (from, _) in files {
        held.push(open(from, "begin immediate").map_err(fail(from))?);
    }
    for (from, _) in files {
        // A read transaction starts at its first read.
        let snapshot = open(from, "begin").map_err(fail(from))?;
        snapshot.query_row("select count(*) from sqlite_schema", [], |_| Ok(())).map_err(fail(from))?;
        snapshots.push(snapshot);
    }
    Ok(snapshots)
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
    // The copy stands on its own: no write-ahead log beside it.
    target.pragma_update(None, "journal_mode", "delete")?;
    target.close().map_err(|(_, error)| error)
}

fn sync(file: &Path) -> Result<(), DbError> {
    let attempted = format!("sync {}", file.display());
    File::open(file).and_then(|file| file.sync_all()).map_err(|error| DbError::caused(attempted, Fault::Io, error))
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
