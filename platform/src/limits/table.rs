//! The counts of all subjects, in memory of a fixed size.
//!
//! A table of sets with eight places each: a subject's hash names its set, and a new subject takes the place of the one
//! that asked least. Nothing is allocated per subject, so a flood of addresses costs no memory.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::answer::Standing;
use super::count::{Count, Totals};
use super::rules::{Policy, Window};

const PLACES: usize = 8;

pub(super) struct Table {
    sets: Box<[Mutex<[Place; PLACES]>]>,
}

/// One subject's counts.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    /// 0: empty.
    hash: u64,
    counts: [Count; 3],
}

/// A request that was counted, or had no room.
pub(super) struct Taken {
    pub(super) standing: Standing,
    /// What was counted in each window before this request.
    pub(super) known: [u32; 3],
    /// The numbers of the windows.
    pub(super) indexes: [u32; 3],
}

impl Table {
    pub(super) fn new(subjects_max: usize) -> Table {
        let sets = subjects_max.div_ceil(PLACES).next_power_of_two();
        Table { sets: (0..sets).map(|_| Mutex::default()).collect() }
    }

    /// Counts a request if every window has room for it.
    pub(super) fn take(&self, hash: u64, policy: &Policy, now_ms: u64) -> Taken {
        let mut set = self.set(hash);
        let place = place_of(&mut set, hash, now_ms);
        let known = place.counts.map(Count::now);
        let standing = standing(&place.counts, policy, now_ms);
        if standing.is_refused() {
            return Taken { standing, known, indexes: place.counts.map(Count::index) };
        }
        place.counts.iter_mut().for_each(Count::add);
        let standing = standing.after_one();
        Taken { standing, known, indexes: place.counts.map(Count::index) }
    }

    /// The standing of a subject, without counting a request.
    pub(super) fn look(&self, hash: u64, policy: &Policy, now_ms: u64) -> Standing {
        let set = self.set(hash);
        let counts =
            set.iter().find(|place| place.hash == named(hash)).map_or_else(Default::default, |place| place.counts);
        standing(&moved(counts, now_ms), policy, now_ms)
    }

    /// Undoes the count of one request.
    pub(super) fn give_back(&self, hash: u64, indexes: [u32; 3]) {
        let mut set = self.set(hash);
        if let Some(place) = set.iter_mut().find(|place| place.hash == named(hash)) {
            place.counts.iter_mut().zip(indexes).for_each(|(count, index)| count.take_back(index));
        }
    }

    /// Takes over what everybody has counted, this request last, and judges the request by it.
    pub(super) fn adopt(
        &self,
        hash: u64,
        policy: &Policy,
        indexes: [u32; 3],
        totals: &[Totals; 3],
        now_ms: u64,
    ) -> Standing {
        let mut set = self.set(hash);
        let place = place_of(&mut set, hash, now_ms);
        let mut mine = [Count::default(); 3];
        for (((count, index), totals), mine) in place.counts.iter_mut().zip(indexes).zip(totals).zip(&mut mine) {
            count.adopt(index, *totals);
            *mine = Count::of(index, *totals);
        }
        judged(&mine, policy, now_ms)
    }

    #[cfg(test)]
    pub(super) fn places(&self) -> usize {
        self.sets.len() * PLACES
    }

    fn set(&self, hash: u64) -> MutexGuard<'_, [Place; PLACES]> {
        let which = usize::try_from(hash >> 32).unwrap_or_default() & (self.sets.len() - 1);
        // The number of sets is a power of two, so the mask leads to one of them.
        self.sets.get(which).expect("a set").lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A hash that marks a place as used.
fn named(hash: u64) -> u64 {
    hash | 1
}

fn place_of(set: &mut [Place; PLACES], hash: u64, now_ms: u64) -> &mut Place {
    let hash = named(hash);
    let known = set.iter().position(|place| place.hash == hash);
    let place = known.unwrap_or_else(|| {
        let least = set.iter().enumerate().min_by_key(|(_, place)| place.asked(now_ms)).map_or(0, |(place, _)| place);
        if set.get(least).is_some_and(|place| place.hash != 0) {
            metrics::counter!("limits_forgotten_total").increment(1);
        }
        least
    });
    // A set has as many places as are counted above.
    let found = set.get_mut(place).expect("a place of the set");
    if found.hash != hash {
        *found = Place { hash, ..Place::default() };
    }
    found.counts = moved(found.counts, now_ms);
    found
}

impl Place {
    /// How much its subject has asked for lately; an empty one comes first.
    fn asked(&self, now_ms: u64) -> u64 {
        if self.hash == 0 {
            return 0;
        }
        1 + moved(self.counts, now_ms).iter().map(|count| u64::from(count.now())).sum::<u64>()
    }
}

fn moved(counts: [Count; 3], now_ms: u64) -> [Count; 3] {
    let mut moved = counts;
    moved.iter_mut().zip(Window::ALL).for_each(|(count, window)| *count = count.at(now_ms, window));
    moved
}

/// By the window with the least room, before a request is counted.
fn standing(counts: &[Count; 3], policy: &Policy, now_ms: u64) -> Standing {
    let each = counts.iter().zip(policy.quotas).zip(Window::ALL).map(|((count, quota), window)| {
        let has_room = count.has_room(quota, now_ms, window);
        Standing::of(*count, quota, window, now_ms, has_room)
    });
    each.min_by_key(Standing::rank).unwrap_or_default()
}

/// The same for counts that include the request.
fn judged(counts: &[Count; 3], policy: &Policy, now_ms: u64) -> Standing {
    let each = counts.iter().zip(policy.quotas).zip(Window::ALL).map(|((count, quota), window)| {
        let has_room = count.without_one().has_room(quota, now_ms, window);
        Standing::of(*count, quota, window, now_ms, has_room)
    });
    each.min_by_key(Standing::rank).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::limits::rules::{ClassId, Rules};

    const NOON_MS: u64 = 1_769_860_800_000;

    fn rules(minute: u32) -> Rules {
        let mut config = Config::defaults().unwrap().limits;
        config.minute = minute;
        Rules::of(&config).unwrap()
    }

    #[test]
    fn the_request_after_the_last_is_refused() {
        let (table, rules) = (Table::new(64), rules(3));
        let policy = rules.policy(ClassId::DEFAULT);
        let remaining: Vec<_> = (0..4).map(|_| table.take(7 << 32, policy, NOON_MS).standing).collect();
        assert_eq!(remaining.iter().map(|one| one.remaining).collect::<Vec<_>>(), [2, 1, 0, 0]);
        assert_eq!(remaining.iter().map(|one| one.is_refused()).collect::<Vec<_>>(), [false, false, false, true]);
        assert!(!table.take(8 << 32, policy, NOON_MS).standing.is_refused(), "another subject");
        assert!(!table.take(7 << 32, policy, NOON_MS + 120_000).standing.is_refused(), "two minutes later");
    }

    #[test]
    fn a_request_that_is_given_back_does_not_count() {
        let (table, rules) = (Table::new(64), rules(1));
        let policy = rules.policy(ClassId::DEFAULT);
        let taken = table.take(7 << 32, policy, NOON_MS);
        assert!(table.take(7 << 32, policy, NOON_MS).standing.is_refused());
        table.give_back(7 << 32, taken.indexes);
        assert!(!table.take(7 << 32, policy, NOON_MS).standing.is_refused());
    }

    #[test]
    fn the_counts_of_others_are_adopted() {
        let (table, rules) = (Table::new(64), rules(10));
        let policy = rules.policy(ClassId::DEFAULT);
        let taken = table.take(7 << 32, policy, NOON_MS);
        let all = |now| [Totals { now, before: 0 }; 3];
        assert_eq!(table.adopt(7 << 32, policy, taken.indexes, &all(10), NOON_MS).remaining, 0);
        assert!(table.take(7 << 32, policy, NOON_MS).standing.is_refused(), "known here from now on");
        assert!(table.adopt(7 << 32, policy, taken.indexes, &all(11), NOON_MS).is_refused());
        // A store that was emptied gives nobody a new quota.
        table.adopt(7 << 32, policy, taken.indexes, &all(1), NOON_MS);
        assert!(table.take(7 << 32, policy, NOON_MS).standing.is_refused());
    }

    #[test]
    fn a_million_subjects_need_no_more_memory_and_spare_the_busy() {
        let (table, rules) = (Table::new(10_000), rules(1_000));
        let policy = rules.policy(ClassId::DEFAULT);
        let busy = 0x1234_5678_9abc_def0_u64;
        for _ in 0..500 {
            table.take(busy, policy, NOON_MS);
        }
        let mut hash = 1_u64;
        for _ in 0..1_000_000 {
            hash = hash.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            table.take(hash, policy, NOON_MS);
        }
        assert_eq!(table.places(), 16_384);
        assert!(std::mem::size_of::<Place>() <= 48);
        assert_eq!(table.look(busy, policy, NOON_MS).remaining, 500);
    }
}
