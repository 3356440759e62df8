//! A bounded map that forgets what was touched longest ago.

use std::collections::HashMap;

use super::subject::EntityKey;

/// No slot.
const NONE: u32 = u32::MAX;

#[derive(Debug)]
pub(super) struct Lru<T> {
    index: HashMap<EntityKey, u32, foldhash::fast::FixedState>,
    slots: Vec<Slot<T>>,
    /// Slots that hold nothing.
    free: Vec<u32>,
    newest: u32,
    oldest: u32,
    max: usize,
    evicted: Vec<EntityKey>,
}

#[derive(Debug)]
struct Slot<T> {
    key: EntityKey,
    value: Option<T>,
    /// Touched just after this one.
    newer: u32,
    older: u32,
}

impl<T> Lru<T> {
    pub(super) fn new(max: usize) -> Lru<T> {
        let index = HashMap::default();
        Lru {
            index,
            slots: Vec::new(),
            free: Vec::new(),
            newest: NONE,
            oldest: NONE,
            max: max.max(1),
            evicted: Vec::new(),
        }
    }

    /// The value of the key, made if there is none. It becomes the newest.
    pub(super) fn touch(&mut self, key: EntityKey, make: impl FnOnce() -> T) -> &mut T {
        let found = self.index.get(&key).copied();
        let slot = found.unwrap_or_else(|| self.occupy(key));
        self.unlink(slot);
        self.link_newest(slot);
        let value = self.slots.get_mut(slot as usize).map(|slot| &mut slot.value);
        value.expect("a key of the index has a slot").get_or_insert_with(make)
    }

    /// Puts something in as what goes first, unless there is something under the key or no room.
    pub(super) fn insert_oldest(&mut self, key: EntityKey, value: T) {
        if self.index.contains_key(&key) || self.index.len() >= self.max {
            return;
        }
        let slot = self.occupy(key);
        if let Some(held) = self.slots.get_mut(slot as usize) {
            (held.value, held.newer) = (Some(value), self.oldest);
        }
        match self.slots.get_mut(self.oldest as usize) {
            Some(oldest) => oldest.older = slot,
            None => self.newest = slot,
        }
        self.oldest = slot;
    }

    pub(super) fn get(&self, key: EntityKey) -> Option<&T> {
        let slot = *self.index.get(&key)?;
        self.slots.get(slot as usize)?.value.as_ref()
    }

    pub(super) fn get_mut(&mut self, key: EntityKey) -> Option<&mut T> {
        let slot = *self.index.get(&key)?;
        self.slots.get_mut(slot as usize)?.value.as_mut()
    }

    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (EntityKey, &T)> {
        self.slots.iter().filter_map(|slot| slot.value.as_ref().map(|value| (slot.key, value)))
    }

    /// Rebuilds the order: the lowest rank is evicted first.
    pub(super) fn order_by(&mut self, rank: impl Fn(&T) -> i64) {
        let ranked = (0_u32..).zip(&self.slots);
        let mut ranked: Vec<(i64, u32)> =
            ranked.filter_map(|(slot, held)| held.value.as_ref().map(|value| (rank(value), slot))).collect();
        ranked.sort_unstable();
        (self.newest, self.oldest) = (NONE, NONE);
        for (_, slot) in ranked {
            if let Some(held) = self.slots.get_mut(slot as usize) {
                (held.newer, held.older) = (NONE, NONE);
            }
            self.link_newest(slot);
        }
    }

    pub(super) fn take_evicted(&mut self) -> Vec<EntityKey> {
        std::mem::take(&mut self.evicted)
    }

    /// Memory of the map itself.
    pub(super) fn bytes(&self) -> usize {
        let unused = self.slots.capacity() - self.slots.len();
        let links = self.slots.len() * (size_of::<Slot<T>>() - size_of::<T>());
        unused * size_of::<Slot<T>>() + links + self.index.capacity() * (size_of::<(EntityKey, u32)>() + 1)
    }

    /// A slot for a new key, that of the oldest where there is no room.
    fn occupy(&mut self, key: EntityKey) -> u32 {
        if self.index.len() >= self.max {
            self.evict();
        }
        let empty = Slot { key, value: None, newer: NONE, older: NONE };
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                let slot = u32::try_from(self.slots.len()).unwrap_or(NONE);
                self.slots.push(Slot { key, value: None, newer: NONE, older: NONE });
                slot
            }
        };
        if let Some(held) = self.slots.get_mut(slot as usize) {
            *held = empty;
        }
        self.index.insert(key, slot);
        slot
    }

    fn evict(&mut self) {
        let oldest = self.oldest;
        let Some(slot) = self.slots.get_mut(oldest as usize) else { return };
        slot.value = None;
        let key = slot.key;
        self.unlink(oldest);
        self.index.remove(&key);
        self.free.push(oldest);
        self.evicted.push(key);
    }

    fn unlink(&mut self, slot: u32) {
        let Some(held) = self.slots.get_mut(slot as usize) else { return };
        let (newer, older) = (held.newer, held.older);
        (held.newer, held.older) = (NONE, NONE);
        match self.slots.get_mut(newer as usize) {
            Some(neighbour) => neighbour.older = older,
            None if self.newest == slot => self.newest = older,
            None => {}
        }
        match self.slots.get_mut(older as usize) {
            Some(neighbour) => neighbour.newer = newer,
            None if self.oldest == slot => self.oldest = newer,
            None => {}
        }
    }

    fn link_newest(&mut self, slot: u32) {
        let newest = self.newest;
        if let Some(held) = self.slots.get_mut(slot as usize) {
            held.older = newest;
        }
        match self.slots.get_mut(newest as usize) {
            Some(neighbour) => neighbour.newer = slot,
            None => self.oldest = slot,
        }
        self.newest = slot;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(lru: &mut Lru<u64>, key: u64) -> u64 {
        *lru.touch(EntityKey(key), || key)
    }

    #[test]
    fn what_was_touched_longest_ago_goes_first() {
        let mut lru = Lru::new(3);
        for key in [1, 2, 3, 1, 4] {
            touch(&mut lru, key);
        }
        assert_eq!(lru.take_evicted(), [EntityKey(2)]);
        lru.touch(EntityKey(5), || 5);
        assert_eq!(lru.take_evicted(), [EntityKey(3)]);
        assert_eq!((lru.len(), lru.get(EntityKey(1)), lru.get(EntityKey(2))), (3, Some(&1), None));
    }

    #[test]
    fn what_is_put_back_is_older_than_what_was_touched() {
        let mut lru = Lru::new(3);
        lru.insert_oldest(EntityKey(1), 1);
        lru.insert_oldest(EntityKey(2), 2);
        touch(&mut lru, 3);
        lru.insert_oldest(EntityKey(4), 4);
        touch(&mut lru, 5);
        touch(&mut lru, 6);
        assert_eq!(lru.take_evicted(), [EntityKey(2), EntityKey(1)]);
        lru.order_by(|value| -(*value as i64));
        touch(&mut lru, 7);
        assert_eq!(lru.take_evicted(), [EntityKey(6)]);
        let mut kept: Vec<_> = lru.iter().map(|(key, _)| key.0).collect();
        kept.sort_unstable();
        assert_eq!(kept, [3, 5, 7]);
    }
}
