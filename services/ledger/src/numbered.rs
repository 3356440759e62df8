//! A map keyed by account numbers: counted from 1, without large gaps. A look-up touches one place in memory, which
//! matters with millions of accounts.

const PAGE: usize = 1_024;

#[derive(Debug, Clone)]
pub(crate) struct Numbered<T> {
    pages: Vec<Option<Box<[Option<T>]>>>,
    len: usize,
}

impl<T> Default for Numbered<T> {
    fn default() -> Numbered<T> {
        Numbered { pages: Vec::new(), len: 0 }
    }
}

fn place(no: u64) -> (usize, usize) {
    // A number that does not fit into memory does not exist.
    let no = usize::try_from(no).unwrap_or(usize::MAX);
    (no / PAGE, no % PAGE)
}

impl<T> Numbered<T> {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn get(&self, no: &u64) -> Option<&T> {
        let (page, slot) = place(*no);
        self.pages.get(page)?.as_ref()?.get(slot)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, no: &u64) -> Option<&mut T> {
        let (page, slot) = place(*no);
        self.pages.get_mut(page)?.as_mut()?.get_mut(slot)?.as_mut()
    }

    pub(crate) fn contains_key(&self, no: &u64) -> bool {
        self.get(no).is_some()
    }

    pub(crate) fn insert(&mut self, no: u64, value: T) {
        let (page, slot) = place(no);
        if page >= self.pages.len() {
            self.pages.resize_with(page + 1, || None);
        }
        let Some(page) = self.pages.get_mut(page) else { return };
        let page = page.get_or_insert_with(|| std::iter::repeat_with(|| None).take(PAGE).collect());
        if let Some(slot) = page.get_mut(slot)
            && slot.replace(value).is_none()
        {
            self.len += 1;
        }
    }

    pub(crate) fn remove(&mut self, no: &u64) -> Option<T> {
        let (page, slot) = place(*no);
        let removed = self.pages.get_mut(page)?.as_mut()?.get_mut(slot)?.take();
        self.len -= usize::from(removed.is_some());
        removed
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, &T)> {
        let pages = self.pages.iter().enumerate().filter_map(|(page, slots)| Some((page, slots.as_deref()?)));
        pages.flat_map(|(page, slots)| {
            let numbered = slots.iter().enumerate();
            numbered.filter_map(move |(slot, value)| Some(((page * PAGE + slot) as u64, value.as_ref()?)))
        })
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.iter().map(|(_, value)| value)
    }

    /// Keeps the entries for which `kept` is true; empty pages are freed.
    pub(crate) fn retain(&mut self, mut kept: impl FnMut(u64, &T) -> bool) {
        self.len = 0;
        for (page, slots) in self.pages.iter_mut().enumerate() {
            let Some(some) = slots else { continue };
            let mut left = 0;
            for (slot, value) in some.iter_mut().enumerate() {
                if value.as_ref().is_some_and(|value| !kept((page * PAGE + slot) as u64, value)) {
                    *value = None;
                }
                left += usize::from(value.is_some());
            }
            self.len += left;
            if left == 0 {
                *slots = None;
            }
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = Numbered::default();
    }
}

impl<T> Extend<(u64, T)> for Numbered<T> {
    fn extend<I: IntoIterator<Item = (u64, T)>>(&mut self, items: I) {
        items.into_iter().for_each(|(no, value)| self.insert(no, value));
    }
}

impl<T> FromIterator<(u64, T)> for Numbered<T> {
    fn from_iter<I: IntoIterator<Item = (u64, T)>>(items: I) -> Numbered<T> {
        let mut map = Numbered::default();
        map.extend(items);
        map
    }
}

/// A set of account numbers, one bit each: a million of them fit into the processor's cache.
#[derive(Debug, Clone, Default)]
pub(crate) struct NumberSet {
    words: Vec<u64>,
    len: usize,
}

fn bit(no: u64) -> (usize, u64) {
    (usize::try_from(no / 64).unwrap_or(usize::MAX), 1 << (no % 64))
}

impl NumberSet {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) fn contains(&self, no: u64) -> bool {
        let (word, bit) = bit(no);
        self.words.get(word).is_some_and(|word| word & bit != 0)
    }

    pub(crate) fn insert(&mut self, no: u64) {
        let (word, bit) = bit(no);
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        if let Some(word) = self.words.get_mut(word).filter(|word| **word & bit == 0) {
            *word |= bit;
            self.len += 1;
        }
    }

    pub(crate) fn remove(&mut self, no: u64) {
        let (word, bit) = bit(no);
        if let Some(word) = self.words.get_mut(word).filter(|word| **word & bit != 0) {
            *word &= !bit;
            self.len -= 1;
        }
    }

    /// The numbers from `first` on, in order.
    pub(crate) fn from(&self, first: u64) -> impl Iterator<Item = u64> {
        let (word, _) = bit(first);
        let words = self.words.iter().copied().enumerate().skip(word);
        let bits = words.flat_map(|(place, word)| {
            let next = |rest: &u64| Some(rest & (rest - 1)).filter(|rest| *rest != 0);
            let ones = std::iter::successors(Some(word).filter(|word| *word != 0), next);
            ones.map(move |rest| place as u64 * 64 + u64::from(rest.trailing_zeros()))
        });
        bits.skip_while(move |no| *no < first)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    use super::*;

    #[test]
    fn it_behaves_like_a_map() {
        let mut random = StdRng::seed_from_u64(5);
        let (mut map, mut model) = (Numbered::default(), BTreeMap::new());
        for step in 0..20_000_u64 {
            let no = random.random_range(1..5_000);
            match random.random_range(0..3) {
                0 => assert_eq!(map.remove(&no), model.remove(&no)),
                1 => {
                    map.insert(no, step);
                    model.insert(no, step);
                }
                _ => assert_eq!(map.get(&no), model.get(&no)),
            }
            assert_eq!(map.len(), model.len());
        }
        assert!(map.iter().eq(model.iter().map(|(no, value)| (*no, value))));
        map.retain(|no, _| no % 7 == 0);
        model.retain(|no, _| no % 7 == 0);
        assert!(map.values().eq(model.values()) && map.len() == model.len());
        assert_eq!(map.get(&u64::MAX), None);
    }

    #[test]
    fn it_behaves_like_a_set() {
        let mut random = StdRng::seed_from_u64(6);
        let (mut set, mut model) = (NumberSet::default(), BTreeSet::new());
        for _ in 0..20_000 {
            let no = random.random_range(0..3_000);
            match random.random() {
                true => {
                    set.remove(no);
                    model.remove(&no);
                }
                false => {
                    set.insert(no);
                    model.insert(no);
                }
            }
            assert_eq!((set.len(), set.contains(no)), (model.len(), model.contains(&no)));
        }
        for first in [0, 1, 63, 64, 65, 1_000, 2_999, 3_000, 1 << 40] {
            assert!(set.from(first).eq(model.range(first..).copied()), "from {first}");
        }
    }
}
