//! The Merkle tree of RFC 6962 and RFC 9162: hashes, and which parts of the tree a root or a proof consists of. Pure.
//!
//! A leaf is `SHA-256(0x00 || entry)`, a node `SHA-256(0x01 || left || right)`. The tree of a size is the left-filled one:
//! its left half is the largest complete tree that is smaller. [`Range`] names a subtree by its leaves, [`Node`] a
//! complete one; the hashes themselves are in tiles ([`tile`]).

mod proof;
mod tail;
mod tile;

use aws_lc_rs::digest::{Context, SHA256, digest};

pub(crate) use proof::{consistency, inclusion};
#[cfg(test)]
pub(crate) use proof::{leads_to, stays_true};
pub(crate) use tail::Tail;
pub(crate) use tile::{Part, TILE_WIDTH, TileAt, Tiles, levels_of, parsed, width_of};

pub type Hash = [u8; HASH_BYTES];

pub(crate) const HASH_BYTES: usize = 32;

/// The largest number of entries; no tree comes near it.
pub(crate) const SIZE_MAX: u64 = 1 << 40;

pub(crate) fn leaf_hash(entry: &[u8]) -> Hash {
    hashed(&[&[0], entry])
}

pub(crate) fn node_hash(left: &Hash, right: &Hash) -> Hash {
    hashed(&[&[1], left, right])
}

/// Of the tree without entries: the hash of nothing.
pub(crate) fn empty_root() -> Hash {
    hashed(&[])
}

pub(crate) fn sha256(bytes: &[u8]) -> Hash {
    of_digest(digest(&SHA256, bytes).as_ref())
}

fn hashed(parts: &[&[u8]]) -> Hash {
    let mut context = Context::new(&SHA256);
    parts.iter().for_each(|part| context.update(part));
    of_digest(context.finish().as_ref())
}

fn of_digest(bytes: &[u8]) -> Hash {
    bytes.try_into().expect("SHA-256 has 32 bytes")
}

/// A complete subtree: `2^level` leaves from `index * 2^level` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) level: u32,
    pub(crate) index: u64,
}

/// The leaves from `from` up to and without `to`, which are a subtree of some tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) from: u64,
    pub(crate) to: u64,
}

impl Range {
    pub(crate) fn whole(size: u64) -> Range {
        Range { from: 0, to: size }
    }

    /// Its complete subtrees, from left to right; each is smaller than the one before.
    pub(crate) fn nodes(self) -> Vec<Node> {
        let (mut at, mut nodes) = (self.from, Vec::new());
        while at < self.to {
            let fits = (self.to - at).ilog2();
            let level = if at == 0 { fits } else { fits.min(at.trailing_zeros()) };
            nodes.push(Node { level, index: at >> level });
            at += 1 << level;
        }
        nodes
    }
}

/// The hash of a subtree from those of its complete subtrees, left to right.
pub(crate) fn joined(hashes: &[Hash]) -> Hash {
    let Some((last, rest)) = hashes.split_last() else { return empty_root() };
    rest.iter().rev().fold(*last, |right, left| node_hash(left, &right))
}

/// The hash of a complete subtree from those of its leaves; their number is a power of two.
pub(crate) fn complete(hashes: &[Hash]) -> Hash {
    let mut level = hashes.to_vec();
    while level.len() > 1 {
        level = level.chunks(2).map(joined).collect();
    }
    level.first().copied().unwrap_or_else(empty_root)
}

#[cfg(test)]
mod tests;
