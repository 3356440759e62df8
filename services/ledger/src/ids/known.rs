//! Which ids are in any run, in memory: a few filters, each twice as large as the previous one, so that a new id costs
//! a few look-ups however many runs there are.

use super::filter::{Filter, hash};

/// The capacity of the first filter; at most four megabytes are unused.
const FIRST_IDS: usize = 1 << 20;
const BITS_PER_ID: usize = 16;

#[derive(Debug, Default)]
pub(crate) struct Known {
    layers: Vec<Filter>,
    /// Remaining capacity of the newest layer.
    room: usize,
    /// The number of runs whose ids are included.
    pub(super) runs: u64,
}

impl Known {
    pub(crate) fn add_run(&mut self, ids: impl Iterator<Item = u128>) {
        for id in ids {
            if self.room == 0 {
                self.room = FIRST_IDS << self.layers.len().min(16);
                self.layers.push(Filter::empty(self.room * BITS_PER_ID));
            }
            if let Some(newest) = self.layers.last_mut() {
                newest.add(hash(id));
                self.room -= 1;
            }
        }
        self.runs += 1;
    }

    pub(crate) fn may_have(&self, id: u128) -> bool {
        if self.layers.is_empty() {
            return false;
        }
        let hash = hash(id);
        self.layers.iter().any(|layer| layer.may_have(hash))
    }
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    use super::*;

    #[test]
    fn the_filters_grow_and_forget_nothing() {
        let mut random = StdRng::seed_from_u64(12);
        let ids: Vec<u128> = (0..FIRST_IDS + 5_000).map(|_| random.random()).collect();
        let mut known = Known::default();
        assert!(!known.may_have(ids[0]));
        ids.chunks(10_000).for_each(|run| known.add_run(run.iter().copied()));
        assert_eq!((known.layers.len(), known.runs), (2, 106));
        assert!(ids.iter().all(|id| known.may_have(*id)));
        let wrong = (0..100_000).filter(|_| known.may_have(random.random())).count();
        assert!(wrong < 1_000, "{wrong} of 100,000");
    }
}
