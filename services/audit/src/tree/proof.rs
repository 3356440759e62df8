//! Proofs: which subtrees they consist of, and what they lead to (RFC 9162, sections 2.1.3 and 2.1.4).

use super::Range;
#[cfg(test)]
use super::{Hash, node_hash};

/// The largest power of two that is smaller than `size`, which is at least 2.
fn split(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

/// The subtrees beside the way from leaf `index` to the root of the tree of `size`, from the leaf's neighbour up.
pub(crate) fn inclusion(index: u64, size: u64) -> Vec<Range> {
    let (mut from, mut to) = (0, size);
    let mut path = Vec::new();
    while to - from > 1 {
        let middle = from + split(to - from);
        if index < middle {
            path.push(Range { from: middle, to });
            to = middle;
        } else {
            path.push(Range { from, to: middle });
            from = middle;
        }
    }
    path.reverse();
    path
}

/// The subtrees that prove that the tree of size `old` is the beginning of that of size `new`; 0 < `old` <= `new`.
pub(crate) fn consistency(old: u64, new: u64) -> Vec<Range> {
    let (mut from, mut to) = (0, new);
    let mut path = Vec::new();
    // The subtree that ends at `old`; it is known to whoever has the old root, if it is all of the old tree.
    while to != old {
        let middle = from + split(to - from);
        if old <= middle {
            path.push(Range { from: middle, to });
            to = middle;
        } else {
            path.push(Range { from, to: middle });
            from = middle;
        }
    }
    if from > 0 {
        path.push(Range { from, to });
    }
    path.reverse();
    path
}

/// The root that a proof of inclusion leads to, as a reader of one computes it; nothing if it has not the right length.
#[cfg(test)]
pub(crate) fn leads_to(leaf: &Hash, index: u64, size: u64, proof: &[Hash]) -> Option<Hash> {
    if index >= size {
        return None;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, *leaf);
    for beside in proof {
        if last == 0 {
            return None;
        }
        if at & 1 == 1 || at == last {
            hash = node_hash(beside, &hash);
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            hash = node_hash(&hash, beside);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    (last == 0).then_some(hash)
}

/// Whether a proof shows that the tree of the second size and root begins with that of the first.
#[cfg(test)]
pub(crate) fn stays_true((old, old_root): (u64, &Hash), (new, new_root): (u64, &Hash), proof: &[Hash]) -> bool {
    if old == new {
        return proof.is_empty() && old_root == new_root;
    }
    if old == 0 || old > new {
        return false;
    }
    let mut proof = proof.to_vec();
    if old.is_power_of_two() {
        proof.insert(0, *old_root);
    }
    let Some((first, rest)) = proof.split_first() else { return false };
    let zeros = (old - 1).trailing_ones();
    let (mut at, mut last) = ((old - 1) >> zeros, (new - 1) >> zeros);
    let (mut of_old, mut of_new) = (*first, *first);
    for beside in rest {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            (of_old, of_new) = (node_hash(beside, &of_old), node_hash(beside, &of_new));
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            of_new = node_hash(&of_new, beside);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && of_old == *old_root && of_new == *new_root
}
