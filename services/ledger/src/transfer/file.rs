//! An export into a file: continues where an earlier one ended, and is on disk when done.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use ledger_api::BookName;
use platform::db::Db;

use super::error::TransferError;
use super::export::{Export, ExportOptions, Exported, first_line, hash_of, ready};
use super::reader::{LastGroup, Part, Reader};
use crate::verify::Progress;

const BUFFER_BYTES: usize = 1 << 18;

/// The part of a file that can be kept.
struct Kept {
    last: LastGroup,
    offset: u64,
    metadata: u64,
}

/// Writes the whole log into a file. A partial file is checked and continued after its last whole group; a finished one
/// is extended by newer groups.
pub async fn export_file(
    db: &Db,
    book: &BookName,
    path: &Path,
    options: ExportOptions,
    progress: impl FnMut(Progress) + Send,
) -> Result<Exported, TransferError> {
    let failed = |cause| TransferError::File { path: path.to_owned(), cause };
    ready(db, options).await?;
    let mut file = open(path)?;
    let kept = kept(&file, book, path)?;
    if let Some(kept) = &kept {
        check(db, path, kept).await?;
    }
    let offset = kept.as_ref().map_or(0, |kept| kept.offset);
    file.set_len(offset).and_then(|()| file.seek(SeekFrom::Start(offset))).map_err(failed)?;
    let mut out = BufWriter::with_capacity(BUFFER_BYTES, &file);
    let mut export = Export::new(db, book, &mut out);
    match kept {
        None => export.header()?,
        Some(Kept { last, metadata, .. }) => export = export.behind(last.stamp, last.hash, metadata),
    }
    let exported = export.rest(options, progress).await?;
    out.flush().map_err(failed)?;
    drop(out);
    file.sync_all().and_then(|()| sync_parent(path)).map_err(failed)?;
    Ok(exported)
}

/// Books are private; two exports into one file would corrupt each other.
fn open(path: &Path) -> Result<File, TransferError> {
    let failed = |cause| TransferError::File { path: path.to_owned(), cause };
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(TransferError::Busy { path: path.to_owned() }),
        Err(TryLockError::Error(cause)) => Err(failed(cause)),
    }
}

/// Where the last whole group of an earlier export ends; `None` if not even its first line is there.
fn kept(file: &File, book: &BookName, path: &Path) -> Result<Option<Kept>, TransferError> {
    let failed = |cause| TransferError::File { path: path.to_owned(), cause };
    let mut reader = Reader::new(BufReader::with_capacity(BUFFER_BYTES, file), book);
    let mut offset = 0;
    loop {
        match reader.next() {
            Ok(Some(Part::Group(_))) => offset = reader.offset(),
            Ok(Some(Part::Secret(_) | Part::Key(_) | Part::End) | None) => break,
            Err(error) if error.is_cut() => break,
            Err(cause) => return Err(TransferError::Unusable { path: path.to_owned(), cause: Box::new(cause) }),
        }
    }
    if offset == 0 {
        // Too little to be worth keeping, if it is ours at all.
        return if reader.offset() > 0 || begins_ours(file, book).map_err(failed)? {
            Ok(None)
        } else {
            Err(foreign(path))
        };
    }
    Ok(Some(Kept { last: reader.last(), offset, metadata: reader.metadata() }))
}

/// Whether a file without a line break is what a crash left of our first line.
fn begins_ours(mut file: &File, book: &BookName) -> std::io::Result<bool> {
    let mut found = Vec::new();
    file.rewind()?;
    file.take(BUFFER_BYTES as u64).read_to_end(&mut found)?;
    Ok(first_line(book).starts_with(&found))
}

fn foreign(path: &Path) -> TransferError {
    let cause = Box::new(TransferError::NotAnExport("it is not one of ours".to_owned()));
    TransferError::Unusable { path: path.to_owned(), cause }
}

async fn check(db: &Db, path: &Path, kept: &Kept) -> Result<(), TransferError> {
    let LastGroup { stamp, hash } = kept.last;
    let found = hash_of(&db.read().await?, stamp.number).await?;
    if found == Some(hash) {
        return Ok(());
    }
    Err(TransferError::OtherFile { path: path.to_owned(), group: stamp.number })
}

/// A new name is on disk only once its directory is.
fn sync_parent(path: &Path) -> std::io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match File::open(parent) {
        Ok(directory) => directory.sync_all(),
        // A directory that can be written but not read cannot be opened for that.
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => Ok(()),
        Err(error) => Err(error),
    }
}
