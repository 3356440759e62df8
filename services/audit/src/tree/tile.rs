//! Tiles: up to 256 hashes of one level of the tree, as in tlog-tiles. Level `L` has the complete subtrees of `256^L`
//! leaves, in order; tile `N` of it the hashes from `256 N` on.

use std::collections::{BTreeMap, BTreeSet};

use super::{Hash, Node, Range, SIZE_MAX, complete, joined};

pub(crate) const TILE_WIDTH: usize = 256;
const BITS: u32 = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TileAt {
    pub(crate) level: u32,
    pub(crate) number: u64,
}

impl TileAt {
    /// Its place in a folder of tlog-tiles; a tile that is not full has its width in its name.
    pub(crate) fn path(self, width: usize) -> String {
        format!("tile/{}/{}", self.level, numbered(self.number, width))
    }

    /// The place of the entries below a tile of level 0.
    pub(crate) fn entries_path(self, width: usize) -> String {
        format!("tile/entries/{}", numbered(self.number, width))
    }
}

/// `x001/x234/067`, and `.p/12` after it for 12 of 256.
fn numbered(number: u64, width: usize) -> String {
    let mut text = format!("{:03}", number % 1_000);
    let mut rest = number / 1_000;
    while rest > 0 {
        text = format!("x{:03}/{text}", rest % 1_000);
        rest /= 1_000;
    }
    if width < TILE_WIDTH { format!("{text}.p/{width}") } else { text }
}

/// A tile of hashes, or the entries below a tile of level 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Hashes(TileAt),
    Entries(TileAt),
}

/// What a path below `tile/` names, and its width.
pub(crate) fn parsed(path: &str) -> Option<(Part, usize)> {
    let (level, rest) = path.split_once('/')?;
    let (number, width) = match rest.split_once(".p/") {
        Some((number, width)) => (number, width.parse().ok().filter(|width| (1..TILE_WIDTH).contains(width))?),
        None => (rest, TILE_WIDTH),
    };
    let digits: String = number.split('/').map(|part| part.trim_start_matches('x')).collect();
    let number: u64 = digits.parse().ok()?;
    let part = match level {
        "entries" => Part::Entries(TileAt { level: 0, number }),
        level => Part::Hashes(TileAt { level: level.parse().ok()?, number }),
    };
    let (Part::Hashes(at) | Part::Entries(at)) = part;
    let written = match part {
        Part::Hashes(at) => at.path(width),
        Part::Entries(at) => at.entries_path(width),
    };
    (written.strip_prefix("tile/") == Some(path) && at.level <= SIZE_MAX.ilog2() / BITS).then_some((part, width))
}

/// The tile of a complete subtree, and which of its hashes are below it.
fn place(node: Node) -> (TileAt, std::ops::Range<usize>) {
    let (level, within) = (node.level / BITS, node.level % BITS);
    let first = node.index << within;
    let offset = (first % TILE_WIDTH as u64) as usize;
    (TileAt { level, number: first / TILE_WIDTH as u64 }, offset..offset + (1 << within))
}

/// The number of hashes of a tile in the tree of this size.
pub(crate) fn width_of(tile: TileAt, size: u64) -> usize {
    let hashes = size.checked_shr(BITS * tile.level).unwrap_or(0);
    let before = tile.number.saturating_mul(TILE_WIDTH as u64);
    hashes.saturating_sub(before).min(TILE_WIDTH as u64) as usize
}

/// The levels of the tree of this size that have a hash, from the lowest.
pub(crate) fn levels_of(size: u64) -> impl Iterator<Item = u32> {
    (0..=SIZE_MAX.ilog2() / BITS).take_while(move |level| size >> (BITS * level) > 0)
}

/// Tiles that were read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tiles(pub(crate) BTreeMap<TileAt, Vec<Hash>>);

impl Tiles {
    /// Those that the hashes of these subtrees are made of.
    pub(crate) fn needed(ranges: &[Range]) -> BTreeSet<TileAt> {
        ranges.iter().flat_map(|range| range.nodes()).map(|node| place(node).0).collect()
    }

    /// The hash of a subtree; nothing if a tile is missing or too short.
    pub(crate) fn hash(&self, range: Range) -> Option<Hash> {
        let hashes = range.nodes().into_iter().map(|node| self.node(node)).collect::<Option<Vec<_>>>()?;
        Some(joined(&hashes))
    }

    fn node(&self, node: Node) -> Option<Hash> {
        let (tile, range) = place(node);
        self.0.get(&tile)?.get(range).map(complete)
    }
}
