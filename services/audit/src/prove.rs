//! Heads, proofs and tiles. All of them are made from the tiles of the tree, at any size up to that of the newest signed
//! head: what is not signed yet is not proven.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kernel::Ctx;
use platform::db::{DbError, Tx};

use crate::bundle;
use crate::face::*;
use crate::service::{AuditService, may_read};
use crate::store::{self, Log, entry, head, tile};
use crate::tree::{self, Hash, Part, Range, TILE_WIDTH, TileAt, Tiles};

impl AuditService {
    pub(crate) async fn signed_head(&self, ctx: &Ctx, size: Option<u64>) -> Result<SignedHead, AuditError> {
        may_read(ctx)?;
        let tx = self.db.read().await?;
        let (log, signed) = signed(&tx).await?;
        let size = within(size, signed)?;
        let root = hash(&tx, Range::whole(size)).await?;
        let checkpoint = self.note(&tx, &log, size, root).await?;
        // A head of before the log had to go on under another name keeps its own.
        let origin = checkpoint.lines().next().unwrap_or_default().to_owned();
        Ok(SignedHead { origin, size, root: STANDARD.encode(root), checkpoint })
    }

    async fn note(&self, tx: &Tx, log: &Log, size: u64, root: Hash) -> Result<String, DbError> {
        match head::find(tx, size).await? {
            Some(head) => Ok(head.note),
            None => self.heads.note(tx, log, size, root).await,
        }
    }

    pub(crate) async fn prove(&self, ctx: &Ctx, query: ProofQuery) -> Result<Proof, AuditError> {
        self.reads(ctx, "proof").await?;
        let (index, tx) = (query.index, self.db.read().await?);
        let (log, signed) = signed(&tx).await?;
        let size = within(query.size, signed)?;
        let found = entry::find(&tx, index).await?.filter(|_| index < size);
        let (_, bytes) = found.ok_or(Refusal::EntryUnknown { index, size })?;
        let leaf = hash(&tx, Range { from: index, to: index + 1 }).await?;
        let hashes = hashes(&tx, &tree::inclusion(index, size)).await?;
        let root = hash(&tx, Range::whole(size)).await?;
        let checkpoint = self.note(&tx, &log, size, root).await?;
        let hashes: Vec<String> = hashes.iter().map(|hash| STANDARD.encode(hash)).collect();
        let lines: String = hashes.iter().map(|hash| format!("{hash}\n")).collect();
        let text = format!("c2sp.org/tlog-proof@v1\nindex {index}\n{lines}\n{checkpoint}");
        let (entry, leaf) = (bytes.map(|bytes| STANDARD.encode(bytes)), STANDARD.encode(leaf));
        Ok(Proof { index, size, entry, leaf, hashes, checkpoint, text })
    }

    pub(crate) async fn compare(&self, ctx: &Ctx, query: ConsistencyQuery) -> Result<Consistency, AuditError> {
        may_read(ctx)?;
        let ConsistencyQuery { from, to } = query;
        let tx = self.db.read().await?;
        within(Some(to), signed(&tx).await?.1)?;
        if from == 0 || from > to {
            return Err(Refusal::TreeInvalid { from, to }.into());
        }
        let hashes = hashes(&tx, &tree::consistency(from, to)).await?;
        Ok(Consistency { from, to, hashes: hashes.iter().map(|hash| STANDARD.encode(hash)).collect() })
    }

    pub(crate) async fn tile_bytes(&self, ctx: &Ctx, path: String) -> Result<TileBytes, AuditError> {
        self.reads(ctx, "tile").await?;
        let tx = self.db.read().await?;
        let (_, signed) = signed(&tx).await?;
        let unknown = || Refusal::TileUnknown { path: path.clone() };
        let (part, width) = tree::parsed(&path).ok_or_else(unknown)?;
        let (Part::Hashes(at) | Part::Entries(at)) = part;
        if tree::width_of(at, signed) < width {
            return Err(unknown().into());
        }
        let bytes = match part {
            Part::Hashes(at) => hashes_of(&tx, at, width).await?.concat(),
            Part::Entries(at) => bundle::write(&entries_of(&tx, at, width).await?),
        };
        Ok(TileBytes { bytes: STANDARD.encode(bytes) })
    }

    pub(crate) async fn log_keys(&self, ctx: &Ctx) -> Result<KeyList, AuditError> {
        may_read(ctx)?;
        let tx = self.db.read().await?;
        let log = store::log(&tx).await?.ok_or_else(|| DbError::shape("the log was not begun"))?;
        let keys = self.heads.keys.verifying(&tx, &log.name()).await?;
        let items = keys.into_iter().map(|(key, signs)| LogKey { key: key.text(), signs }).collect();
        Ok(KeyList { items })
    }
}

/// The log, and the size of its newest signed head.
pub(crate) async fn signed(tx: &Tx) -> Result<(Log, u64), DbError> {
    let log = store::log(tx).await?.ok_or_else(|| DbError::shape("the log was not begun"))?;
    let signed = head::last(tx).await?.map_or(0, |head| head.size);
    Ok((log, signed))
}

fn within(size: Option<u64>, signed: u64) -> Result<u64, Refusal> {
    let size = size.unwrap_or(signed);
    if (1..=signed).contains(&size) { Ok(size) } else { Err(Refusal::HeadUnknown { size, signed }) }
}

async fn hash(tx: &Tx, range: Range) -> Result<Hash, DbError> {
    let hashes = hashes(tx, &[range]).await?;
    hashes.first().copied().ok_or_else(missing)
}

async fn hashes(tx: &Tx, ranges: &[Range]) -> Result<Vec<Hash>, DbError> {
    let wanted: Vec<TileAt> = Tiles::needed(ranges).into_iter().collect();
    let tiles = tile::read(tx, &wanted).await?;
    ranges.iter().map(|range| tiles.hash(*range)).collect::<Option<_>>().ok_or_else(missing)
}

pub(crate) async fn hashes_of(tx: &Tx, at: TileAt, width: usize) -> Result<Vec<Hash>, DbError> {
    let tiles = tile::read(tx, &[at]).await?;
    tiles.0.get(&at).and_then(|hashes| hashes.get(..width)).map(<[Hash]>::to_vec).ok_or_else(missing)
}

pub(crate) async fn entries_of(tx: &Tx, at: TileAt, width: usize) -> Result<Vec<Option<Vec<u8>>>, DbError> {
    let from = at.number * TILE_WIDTH as u64;
    let found = entry::range(tx, from, from + width as u64).await?;
    let whole = found.len() == width;
    if whole { Ok(found.into_iter().map(|(_, bytes)| bytes).collect()) } else { Err(missing()) }
}

fn missing() -> DbError {
    DbError::shape("the log does not have all of its tree or of its entries")
}
