//! Checks a folder against its signed head, and against an earlier one.
//!
//! Every hash is computed again from the entries; the tiles are compared with that, so that a finding names the first
//! entry that disagrees and not only the tree.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::CHECKPOINT;
use crate::bundle;
use crate::entry::Body;
use crate::face::SERVICE;
use crate::note::{Checkpoint, NoteError, VerifyingKey};
use crate::retention::APPLIED;
use crate::tree::{HASH_BYTES, Hash, Range, TILE_WIDTH, Tail, TileAt, Tiles, leaf_hash, width_of};

/// What is checked: a folder, the log's keys, and the note of a head that was kept.
#[derive(Debug, Clone)]
pub struct Evidence<'a> {
    pub folder: &'a Path,
    pub keys: &'a [VerifyingKey],
    pub since: Option<&'a str>,
}

/// What a check found in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    pub checkpoint: Checkpoint,
    /// Entries whose bytes were removed after the time for which they are kept.
    pub gone: u64,
    /// The size of the earlier head.
    pub since: Option<u64>,
}

/// What disagrees. The log, or this copy of it, is not what was signed.
#[derive(Debug, thiserror::Error)]
pub enum Finding {
    #[error("the checkpoint: {0}")]
    Note(NoteError),
    #[error("the earlier checkpoint: {0}")]
    EarlierNote(NoteError),
    #[error("{path} is missing: entries from {index} on are not there")]
    Missing { path: PathBuf, index: u64 },
    #[error("{path} is not a tile of {width}: entries from {index} on cannot be checked")]
    Malformed { path: PathBuf, width: usize, index: u64 },
    #[error("entry {index} is not the one that was signed: its hash is not that of the tree")]
    Entry { index: u64 },
    #[error("entry {index} says that it is entry {says}")]
    Place { index: u64, says: u64 },
    #[error("entry {index} is not an entry: {cause}")]
    Form { index: u64, cause: serde_json::Error },
    #[error("the tree of level {level} does not follow from the entries, from entry {index} on")]
    Tile { level: u32, index: u64 },
    #[error("the {size} entries have the root {found}, and the checkpoint says {signed}")]
    Root { size: u64, found: String, signed: String },
    #[error("the log has {size} entries, and an earlier checkpoint {earlier}: some were removed")]
    Shorter { size: u64, earlier: u64 },
    #[error(
        "the first {earlier} entries are not those of the earlier checkpoint: it has the root {signed}, they have {found}"
    )]
    Rewritten { earlier: u64, found: String, signed: String },
    #[error("the earlier checkpoint is of the log {earlier}, this one of {found}")]
    OtherLog { earlier: String, found: String },
    #[error("entry {index} is gone, and no entry says that it was removed after the time for which it is kept")]
    Unexplained { index: u64 },
    #[error("{path} cannot be read: {cause}")]
    File { path: PathBuf, cause: io::Error },
}

impl Finding {
    /// The check could not be made, which says nothing about the log.
    pub fn could_not_run(&self) -> bool {
        matches!(self, Finding::File { .. })
    }
}

/// # Errors
/// The first finding.
pub fn verify(evidence: &Evidence<'_>) -> Result<Verified, Finding> {
    let note = read(&evidence.folder.join(CHECKPOINT))?
        .ok_or_else(|| Finding::Missing { path: evidence.folder.join(CHECKPOINT), index: 0 })?;
    let note = String::from_utf8(note).map_err(|_| Finding::Note(NoteError::Malformed("it is not text")))?;
    let checkpoint = Checkpoint::opened(&note, evidence.keys).map_err(Finding::Note)?;
    let earlier = evidence.since.map(|since| Checkpoint::opened(since, evidence.keys).map_err(Finding::EarlierNote));
    let earlier = earlier.transpose()?;
    if let Some(earlier) = &earlier {
        fits(earlier, &checkpoint)?;
    }
    let mut grown = Grown::default();
    while grown.tail.size() < checkpoint.size {
        grown.bundle(evidence.folder, checkpoint.size)?;
    }
    grown.upper_levels(evidence.folder, checkpoint.size)?;
    if let Some(index) = grown.last_gone.filter(|index| *index >= grown.removed_before) {
        return Err(Finding::Unexplained { index });
    }
    let size = checkpoint.size;
    agree(&grown.tiles, &checkpoint, |found, signed| Finding::Root { size, found, signed })?;
    if let Some(earlier) = &earlier {
        let size = earlier.size;
        agree(&grown.tiles, earlier, |found, signed| Finding::Rewritten { earlier: size, found, signed })?;
    }
    Ok(Verified { checkpoint, gone: grown.gone, since: earlier.map(|earlier| earlier.size) })
}

fn fits(earlier: &Checkpoint, now: &Checkpoint) -> Result<(), Finding> {
    if earlier.origin != now.origin {
        let (earlier, found) = (earlier.origin.clone(), now.origin.clone());
        return Err(Finding::OtherLog { earlier, found });
    }
    if earlier.size > now.size {
        return Err(Finding::Shorter { size: now.size, earlier: earlier.size });
    }
    Ok(())
}

fn agree(tiles: &Tiles, signed: &Checkpoint, finding: impl FnOnce(String, String) -> Finding) -> Result<(), Finding> {
    let found = tiles.hash(Range::whole(signed.size));
    if found == Some(signed.root) {
        return Ok(());
    }
    let text = |hash: &Hash| STANDARD.encode(hash);
    Err(finding(found.as_ref().map_or_else(String::new, text), text(&signed.root)))
}

/// The tree as it follows from the entries.
#[derive(Default)]
struct Grown {
    tail: Tail,
    tiles: Tiles,
    gone: u64,
    last_gone: Option<u64>,
    /// Entries before it were removed after their time, as an entry says.
    removed_before: u64,
}

impl Grown {
    /// The entries below the next tile, and that tile.
    fn bundle(&mut self, folder: &Path, size: u64) -> Result<(), Finding> {
        let index = self.tail.size();
        let at = TileAt { level: 0, number: index / TILE_WIDTH as u64 };
        let width = width_of(at, size);
        let hashes = tile(folder, at, width, index)?;
        let path = folder.join(at.entries_path(width));
        let bytes = read(&path)?.ok_or_else(|| Finding::Missing { path: path.clone(), index })?;
        let entries = bundle::read(&bytes).filter(|entries| entries.len() == width);
        let entries = entries.ok_or(Finding::Malformed { path, width, index })?;
        for ((index, entry), hash) in (index..).zip(entries).zip(hashes) {
            self.entry(index, entry, hash)?;
        }
        self.tiles.0.extend(self.tail.changed());
        self.tail.written();
        Ok(())
    }

    fn entry(&mut self, index: u64, entry: &[u8], hash: Hash) -> Result<(), Finding> {
        if entry.is_empty() {
            self.gone += 1;
            self.last_gone = Some(index);
        } else if leaf_hash(entry) != hash {
            return Err(Finding::Entry { index });
        } else {
            let body = Body::read(entry).map_err(|cause| Finding::Form { index, cause })?;
            if body.index != index {
                return Err(Finding::Place { index, says: body.index });
            }
            self.removed_before = self.removed_before.max(removed_before(&body));
        }
        self.tail.push(hash);
        Ok(())
    }

    /// The tiles above the lowest ones are those that follow.
    fn upper_levels(&self, folder: &Path, size: u64) -> Result<(), Finding> {
        for (at, expected) in self.tiles.0.iter().filter(|(at, _)| at.level > 0) {
            let below = 1_u64 << (8 * at.level);
            let first = at.number * TILE_WIDTH as u64 * below;
            let found = tile(folder, *at, width_of(*at, size), first)?;
            if let Some(place) = expected.iter().zip(&found).position(|(one, other)| one != other) {
                return Err(Finding::Tile { level: at.level, index: first + place as u64 * below });
            }
        }
        Ok(())
    }
}

fn removed_before(body: &Body) -> u64 {
    let last = || body.data.as_ref()?.get("last")?.as_u64();
    if body.kind == APPLIED && body.source == SERVICE { last().map_or(0, |last| last + 1) } else { 0 }
}

fn tile(folder: &Path, at: TileAt, width: usize, index: u64) -> Result<Vec<Hash>, Finding> {
    let path = folder.join(at.path(width));
    let bytes = read(&path)?.ok_or_else(|| Finding::Missing { path: path.clone(), index })?;
    let (hashes, rest) = bytes.as_chunks::<HASH_BYTES>();
    if hashes.len() != width || !rest.is_empty() {
        return Err(Finding::Malformed { path, width, index });
    }
    Ok(hashes.to_vec())
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, Finding> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(Finding::File { path: path.to_owned(), cause }),
    }
}
