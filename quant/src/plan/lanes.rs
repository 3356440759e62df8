//! Four paths side by side, so that a step uses vector instructions. Lanes never mix: a path has the same bits whatever
//! stands beside it.

pub(super) use wide::f64x4 as Four;

pub(super) const LANES: usize = 4;

/// In each lane all bits, or none.
pub(super) type Mask = Four;

pub(super) const ZERO: Four = Four::new([0.0; LANES]);
pub(super) const ONE: Four = Four::new([1.0; LANES]);

/// Four of a column's numbers; ones beyond its end.
#[inline(always)]
pub(super) fn four(column: &[f64], group: usize) -> Four {
    column.as_chunks::<LANES>().0.get(group).map_or(ONE, |lanes| Four::new(*lanes))
}

/// A mask of the lanes for which something holds.
pub(super) fn mask(lanes: [bool; LANES]) -> Mask {
    Four::new(lanes.map(|holds| f64::from_bits(if holds { u64::MAX } else { 0 })))
}

/// Whether each lane of a mask is set.
pub(super) fn lanes(mask: Mask) -> [bool; LANES] {
    mask.to_array().map(|lane| lane.to_bits() != 0)
}
