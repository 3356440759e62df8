//! Writes the signed part of the log into a folder, while others add to it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use platform::db::{Db, DbError, Tx};

use super::CHECKPOINT;
use crate::bundle;
use crate::prove::{entries_of, hashes_of};
use crate::store::head;
use crate::tree::{TILE_WIDTH, TileAt, levels_of, width_of};

#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error("nothing of the log is signed yet; a server signs it within seconds of its start")]
    NothingSigned,
    #[error("{path} cannot be written: {cause}")]
    File { path: PathBuf, cause: io::Error },
    #[error("the log cannot be read")]
    Store(#[from] DbError),
}

/// What an export wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    pub entries: u64,
    pub checkpoint: String,
}

/// Everything below the newest signed head. Files of an earlier export that did not change are written again as they are.
///
/// # Errors
/// The store's or the folder's.
pub async fn export(db: &Db, folder: &Path) -> Result<Exported, ExportError> {
    let tx = db.read().await?;
    let head = head::last(&tx).await?.ok_or(ExportError::NothingSigned)?;
    for level in levels_of(head.size) {
        for number in 0.. {
            let at = TileAt { level, number };
            let width = width_of(at, head.size);
            if width == 0 {
                break;
            }
            write(folder, &at.path(width), &hashes_of(&tx, at, width).await?.concat())?;
            if level == 0 {
                write_entries(&tx, folder, (at, width)).await?;
            }
            if width < TILE_WIDTH {
                break;
            }
        }
    }
    // Last: a folder with a checkpoint has everything below it.
    write(folder, CHECKPOINT, head.note.as_bytes())?;
    Ok(Exported { entries: head.size, checkpoint: head.note })
}

async fn write_entries(tx: &Tx, folder: &Path, (at, width): (TileAt, usize)) -> Result<(), ExportError> {
    let bundle = bundle::write(&entries_of(tx, at, width).await?);
    write(folder, &at.entries_path(width), &bundle)
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), ExportError> {
    let path = folder.join(name);
    let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, bytes));
    written.map_err(|cause| ExportError::File { path, cause })
}
