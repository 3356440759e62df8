//! The directory of the embedded databases: created, checked and locked by one process at a time.
//!
//! Invariant: while a [`DataDir`] lives, no other process can open the same one. The system releases the lock when the
//! process ends, for whatever reason, so a crash never leaves a lock.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The layout of the directory that this version reads and writes.
pub const FORMAT: u32 = 1;

const LOCK_FILE: &str = "florin.lock";
/// The file that identifies a directory as ours; a copy of the data needs it too.
pub const STAMP_FILE: &str = "florin-data";

/// Whether a directory has real books or demo books; that never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stamp {
    Plain,
    Demo,
}

#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    #[error("the data directory {path} is in use by process {pid}; stop that process first, or use another directory")]
    Held { path: PathBuf, pid: String },
    #[error(
        "the data directory {path} was created by `florin serve --demo`; start it with --demo, or choose another directory"
    )]
    IsDemo { path: PathBuf },
    #[error("the data directory {path} has real books and cannot be opened with --demo; choose another directory")]
    IsNotDemo { path: PathBuf },
    #[error(
        "the data directory {path} has format {found}, but this version supports formats up to {FORMAT}; use a newer florin"
    )]
    Newer { path: PathBuf, found: u32 },
    #[error("{path} is not empty and was not created by florin; choose a new or an empty directory")]
    Foreign { path: PathBuf },
    #[error("{path}/{STAMP_FILE} is malformed; restore it from a backup")]
    Damaged { path: PathBuf },
    #[error("the data directory {path} cannot be written: {cause}")]
    NotWritable { path: PathBuf, cause: io::Error },
}

/// The directory, locked until this is dropped.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    stamp: Stamp,
    _lock: File,
}

impl DataDir {
    /// Opens the directory, or creates it with `stamp`.
    pub fn open(path: &Path, stamp: Stamp) -> Result<DataDir, DataDirError> {
        let not_writable = |cause| DataDirError::NotWritable { path: path.to_owned(), cause };
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(not_writable)?;
        let known = read_stamp(path)?;
        if known.is_none() && !is_empty(path).map_err(not_writable)? {
            return Err(DataDirError::Foreign { path: path.to_owned() });
        }
        let lock = hold(path)?;
        match (known, stamp) {
            (None, stamp) => write_stamp(path, stamp).map_err(not_writable)?,
            (Some(Stamp::Demo), Stamp::Plain) => return Err(DataDirError::IsDemo { path: path.to_owned() }),
            (Some(Stamp::Plain), Stamp::Demo) => return Err(DataDirError::IsNotDemo { path: path.to_owned() }),
            (Some(_), _) => {}
        }
        Ok(DataDir { path: path.to_owned(), stamp, _lock: lock })
    }

    /// The directory's stamp, without locking it: for readers next to a running server. `None` if it is not ours.
    pub fn look(path: &Path) -> Result<Option<Stamp>, DataDirError> {
        read_stamp(path)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn stamp(&self) -> Stamp {
        self.stamp
    }
}

/// Takes the lock and writes this process's id into it, or returns the holder's.
fn hold(path: &Path) -> Result<File, DataDirError> {
    let not_writable = |cause| DataDirError::NotWritable { path: path.to_owned(), cause };
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path.join(LOCK_FILE))
        .map_err(not_writable)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            let known = file.read_to_string(&mut pid).is_ok() && !pid.trim().is_empty();
            let pid = if known { pid.trim().to_owned() } else { "unknown".to_owned() };
            return Err(DataDirError::Held { path: path.to_owned(), pid });
        }
        Err(TryLockError::Error(cause)) => return Err(not_writable(cause)),
    }
    file.set_len(0).and_then(|()| file.rewind()).map_err(not_writable)?;
    writeln!(file, "{}", std::process::id()).map_err(not_writable)?;
    Ok(file)
}

fn read_stamp(path: &Path) -> Result<Option<Stamp>, DataDirError> {
    let text = match fs::read_to_string(path.join(STAMP_FILE)) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(DataDirError::NotWritable { path: path.to_owned(), cause }),
    };
    let damaged = || DataDirError::Damaged { path: path.to_owned() };
    let table: toml::Table = text.parse().map_err(|_| damaged())?;
    let format = table.get("format").and_then(toml::Value::as_integer).ok_or_else(damaged)?;
    let format = u32::try_from(format).map_err(|_| damaged())?;
    if format > FORMAT {
        return Err(DataDirError::Newer { path: path.to_owned(), found: format });
    }
    let demo = table.get("demo").and_then(toml::Value::as_bool).ok_or_else(damaged)?;
    Ok(Some(if demo { Stamp::Demo } else { Stamp::Plain }))
}

/// Written to a temporary file and renamed, so that a crash leaves all or nothing.
fn write_stamp(path: &Path, stamp: Stamp) -> io::Result<()> {
    let beside = path.join(format!("{STAMP_FILE}.new"));
    let mut file = File::create(&beside)?;
    let demo = stamp == Stamp::Demo;
    writeln!(file, "# Written by florin. Do not edit.\nformat = {FORMAT}\ndemo = {demo}")?;
    file.sync_all()?;
    fs::rename(&beside, path.join(STAMP_FILE))?;
    File::open(path)?.sync_all()
}

/// Our own lock and a half-written stamp are ignored: a crash right after creation leaves them.
fn is_empty(path: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(path)? {
        let name = entry?.file_name();
        let ours = name == LOCK_FILE || name == "lost+found" || name.to_string_lossy() == format!("{STAMP_FILE}.new");
        if !ours {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[track_caller]
    fn refused(result: Result<DataDir, DataDirError>, words: &str) {
        let text = result.expect_err("opened").to_string();
        assert!(text.contains(words), "{text}");
    }

    #[test]
    fn a_new_directory_is_private_and_opens_again() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("deep/data");
        drop(DataDir::open(&path, Stamp::Plain).unwrap());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(DataDir::open(&path, Stamp::Plain).unwrap().path(), path);
    }

    #[test]
    fn a_second_process_is_told_the_first_ones_pid() {
        let root = tempfile::tempdir().unwrap();
        let _first = DataDir::open(root.path(), Stamp::Plain).unwrap();
        let words = format!("in use by process {};", std::process::id());
        refused(DataDir::open(root.path(), Stamp::Plain), &words);
    }

    #[test]
    fn a_demo_directory_cannot_become_a_real_one() {
        let root = tempfile::tempdir().unwrap();
        let (demo, plain) = (root.path().join("demo"), root.path().join("plain"));
        drop(DataDir::open(&demo, Stamp::Demo).unwrap());
        drop(DataDir::open(&plain, Stamp::Plain).unwrap());
        refused(DataDir::open(&demo, Stamp::Plain), "start it with --demo");
        refused(DataDir::open(&plain, Stamp::Demo), "cannot be opened with --demo");
        assert_eq!(DataDir::open(&demo, Stamp::Demo).unwrap().stamp(), Stamp::Demo);
    }

    #[test]
    fn newer_damaged_and_foreign_directories_are_refused() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("letter.txt"), "dear").unwrap();
        refused(DataDir::open(root.path(), Stamp::Plain), "was not created by florin");
        fs::write(root.path().join(STAMP_FILE), "format = 2\ndemo = false").unwrap();
        refused(DataDir::open(root.path(), Stamp::Plain), "has format 2, but this version supports formats up to 1");
        fs::write(root.path().join(STAMP_FILE), "format = x").unwrap();
        refused(DataDir::open(root.path(), Stamp::Plain), "is malformed");
    }

    #[test]
    fn an_unwritable_directory_is_reported() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("file");
        fs::write(&file, "").unwrap();
        refused(DataDir::open(&file.join("data"), Stamp::Plain), "cannot be written");
    }
}
