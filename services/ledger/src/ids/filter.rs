//! A blocked bloom filter: each id has a few bits within one block of the size of a cache line, so that a look-up costs
//! one memory access. About one absent id in two hundred looks present.

use sha2::{Digest, Sha256};

const BLOCK_BYTES: usize = 64;
const BITS_PER_ID: usize = 12;
const BITS_SET: u32 = 6;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filter(Vec<u8>);

/// Filters are stored, so this never changes. A cryptographic hash, so that nobody can choose colliding ids.
pub(crate) fn hash(id: u128) -> u64 {
    let digest: [u8; 32] = Sha256::digest(id.to_be_bytes()).into();
    digest.first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
}

impl Filter {
    pub(crate) fn of(ids: impl ExactSizeIterator<Item = u128>) -> Filter {
        let mut filter = Filter::empty(ids.len() * BITS_PER_ID);
        ids.for_each(|id| filter.add(hash(id)));
        filter
    }

    pub(super) fn empty(bits: usize) -> Filter {
        Filter(vec![0; bits.div_ceil(BLOCK_BYTES * 8).max(1) * BLOCK_BYTES])
    }

    pub(super) fn add(&mut self, hash: u64) {
        let start = self.block(hash);
        for (byte, bit) in bits(hash) {
            if let Some(byte) = self.0.get_mut(start + byte) {
                *byte |= bit;
            }
        }
    }

    pub(crate) fn may_have(&self, hash: u64) -> bool {
        let start = self.block(hash);
        bits(hash).all(|(byte, bit)| self.0.get(start + byte).is_some_and(|byte| byte & bit != 0))
    }

    /// The upper half of the hash chooses the block.
    fn block(&self, hash: u64) -> usize {
        let blocks = (self.0.len() / BLOCK_BYTES) as u64;
        (((hash >> 32) * blocks) >> 32) as usize * BLOCK_BYTES
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Filter> {
        (!bytes.is_empty() && bytes.len().is_multiple_of(BLOCK_BYTES)).then(|| Filter(bytes.to_vec()))
    }
}

/// Bytes and bits within the block, from the lower half of the hash: two odd steps through its 512 bits.
fn bits(hash: u64) -> impl Iterator<Item = (usize, u8)> {
    let (start, step) = ((hash & 0xffff) as u32, ((hash >> 16) & 0xffff) as u32 | 1);
    (0..BITS_SET).map(move |turn| {
        let bit = (start + turn * step) % 512;
        ((bit / 8) as usize, 1 << (bit % 8))
    })
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    use super::*;

    #[test]
    fn a_filter_finds_its_ids_and_few_others() {
        let mut random = StdRng::seed_from_u64(9);
        let ids: Vec<u128> = (0..30_000).map(|_| random.random()).collect();
        let filter = Filter::of(ids.iter().copied());
        assert!(ids.iter().all(|id| filter.may_have(hash(*id))));
        let wrong = (0..100_000).filter(|_| filter.may_have(hash(random.random()))).count();
        assert!(wrong < 1_500, "{wrong} of 100,000");
        assert_eq!(Filter::from_bytes(filter.bytes()), Some(filter));
        assert_eq!(Filter::from_bytes(&[0; 63]), None);
    }
}
