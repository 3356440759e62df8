//! The right edge of the tree, to which entries are added: the last tile of each level.

use std::collections::BTreeMap;

use super::tile::{TILE_WIDTH, TileAt, Tiles, levels_of, width_of};
use super::{Hash, Range, complete};

#[derive(Debug, Clone, Default)]
pub(crate) struct Tail {
    size: u64,
    /// Of each level the hashes of the tile that is not full.
    open: Vec<Vec<Hash>>,
    /// Tiles that were changed.
    changed: BTreeMap<TileAt, Vec<Hash>>,
}

impl Tail {
    /// The tiles that are not full in the tree of this size.
    pub(crate) fn needed(size: u64) -> Vec<TileAt> {
        let last = |level: u32| TileAt { level, number: (size >> (8 * level)) / TILE_WIDTH as u64 };
        levels_of(size).map(last).filter(|tile| width_of(*tile, size) > 0).collect()
    }

    /// With those tiles; nothing if one is missing or has not the width that the size demands.
    pub(crate) fn of(size: u64, tiles: &Tiles) -> Option<Tail> {
        let mut open = Vec::new();
        for tile in Tail::needed(size) {
            let hashes = tiles.0.get(&tile).filter(|hashes| hashes.len() == width_of(tile, size))?;
            let level = tile.level as usize;
            if open.len() <= level {
                open.resize(level + 1, Vec::new());
            }
            open.get_mut(level)?.clone_from(hashes);
        }
        Some(Tail { size, open, changed: BTreeMap::new() })
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf at the index `size`.
    pub(crate) fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for level in 0.. {
            if self.open.len() <= level {
                self.open.push(Vec::new());
            }
            let Some(open) = self.open.get_mut(level) else { break };
            open.push(hash);
            let at = TileAt { level: level as u32, number: (self.size >> (8 * level)) / TILE_WIDTH as u64 };
            if open.len() < TILE_WIDTH {
                self.changed.insert(at, Vec::new());
                break;
            }
            hash = complete(open);
            self.changed.insert(at, std::mem::take(open));
        }
        self.size += 1;
    }

    pub(crate) fn root(&self) -> Hash {
        let mut tiles = Tiles::default();
        for tile in Tail::needed(self.size) {
            let hashes = self.open.get(tile.level as usize).cloned().unwrap_or_default();
            tiles.0.insert(tile, hashes);
        }
        tiles.hash(Range::whole(self.size)).expect("the last tiles of a tree hold its right edge")
    }

    /// Every tile that was changed, as it is now.
    pub(crate) fn changed(&self) -> Vec<(TileAt, Vec<Hash>)> {
        let now = |(at, full): (&TileAt, &Vec<Hash>)| {
            let open = || self.open.get(at.level as usize).cloned().unwrap_or_default();
            (*at, if full.is_empty() { open() } else { full.clone() })
        };
        self.changed.iter().map(now).collect()
    }

    /// The changed tiles are stored.
    pub(crate) fn written(&mut self) {
        self.changed.clear();
    }
}
