//! Entities that changed since they were stored, the one that changed first in front.

use std::collections::{BTreeSet, HashMap};

use crate::features::EntityKey;

#[derive(Debug, Default)]
pub(super) struct Dirty {
    /// The step of the first change.
    since: HashMap<EntityKey, i64, foldhash::fast::FixedState>,
    by_step: BTreeSet<(i64, EntityKey)>,
}

impl Dirty {
    pub(super) fn mark(&mut self, key: EntityKey, seq: i64) {
        if let std::collections::hash_map::Entry::Vacant(new) = self.since.entry(key) {
            new.insert(seq);
            self.by_step.insert((seq, key));
        }
    }

    pub(super) fn pop(&mut self) -> Option<(EntityKey, i64)> {
        let (seq, key) = self.by_step.pop_first()?;
        self.since.remove(&key);
        Some((key, seq))
    }

    pub(super) fn forget(&mut self, key: EntityKey) {
        if let Some(seq) = self.since.remove(&key) {
            self.by_step.remove(&(seq, key));
        }
    }

    pub(super) fn first(&self) -> Option<i64> {
        self.by_step.first().map(|(seq, _)| *seq)
    }
}
