//! Lists in memory: denied, allowed and watched entities, looked up in well under a microsecond.
//!
//! The store has reason and author; what every decision asks for is here.

use std::collections::HashMap;

use kernel::Timestamp;
use risk_api::{Assess, EntityKind, ListName};
use strum::VariantArray;

const KINDS: usize = EntityKind::VARIANTS.len();
const LISTS: usize = ListName::VARIANTS.len();

/// An entry without an end.
const FOR_GOOD: i64 = i64::MAX;
/// Not on the list.
const NOT: i64 = i64::MIN;

#[derive(Debug, Default)]
pub(crate) struct Lists {
    /// When each of the lists ends, by kind and name.
    kinds: [HashMap<Box<str>, [i64; LISTS], foldhash::fast::RandomState>; KINDS],
    entries: usize,
}

/// The lists that name a subject's entities.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) denied: Vec<EntityKind>,
    pub(crate) allowed: Vec<EntityKind>,
    pub(crate) watched: Vec<EntityKind>,
}

impl Lists {
    /// True if it was not on the list before.
    pub(crate) fn put(&mut self, list: ListName, kind: EntityKind, id: &str, expires_at: Option<Timestamp>) -> bool {
        let end = expires_at.map_or(FOR_GOOD, Timestamp::micros);
        let Some(ids) = self.kinds.get_mut(kind as usize) else { return false };
        if !ids.contains_key(id) {
            ids.insert(id.into(), [NOT; LISTS]);
        }
        let Some(slot) = ids.get_mut(id).and_then(|ends| ends.get_mut(list as usize)) else { return false };
        let is_new = *slot == NOT;
        *slot = end;
        self.entries += usize::from(is_new);
        is_new
    }

    /// True if it was on the list.
    pub(crate) fn remove(&mut self, list: ListName, kind: EntityKind, id: &str) -> bool {
        let Some(ids) = self.kinds.get_mut(kind as usize) else { return false };
        let Some(ends) = ids.get_mut(id) else { return false };
        let Some(slot) = ends.get_mut(list as usize) else { return false };
        let was = *slot != NOT;
        *slot = NOT;
        if ends.iter().all(|end| *end == NOT) {
            ids.remove(id);
        }
        self.entries -= usize::from(was);
        was
    }

    pub(crate) fn is_on(&self, list: ListName, kind: EntityKind, id: &str, now: Timestamp) -> bool {
        let ends = self.kinds.get(kind as usize).and_then(|ids| ids.get(id));
        ends.and_then(|ends| ends.get(list as usize)).is_some_and(|end| *end > now.micros())
    }

    /// Every list that names one of the subject's entities.
    pub(crate) fn of(&self, assess: &Assess, now: Timestamp) -> Listed {
        let mut listed = Listed::default();
        if self.entries == 0 {
            return listed;
        }
        for kind in EntityKind::VARIANTS {
            let Some(id) = assess.entity(*kind) else { continue };
            let on = |list| self.is_on(list, *kind, id.as_str(), now);
            for (list, kinds) in [
                (ListName::Deny, &mut listed.denied),
                (ListName::Allow, &mut listed.allowed),
                (ListName::Watch, &mut listed.watched),
            ] {
                if on(list) {
                    kinds.push(*kind);
                }
            }
        }
        listed
    }

    /// As if there were so many entries.
    #[cfg(test)]
    pub(crate) fn count_as(&mut self, entries: usize) {
        self.entries = entries;
    }

    /// Number of entries in all lists, expired ones included.
    pub(crate) fn len(&self) -> usize {
        self.entries
    }
}

#[cfg(test)]
mod tests {
    use risk_api::SubjectKind;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::EPOCH.plus_seconds(second)
    }

    #[test]
    fn an_entry_ends_when_it_expires() {
        let mut lists = Lists::default();
        assert!(lists.put(ListName::Deny, EntityKind::Card, "c", Some(at(10))));
        let is_on = |lists: &Lists, second| lists.is_on(ListName::Deny, EntityKind::Card, "c", at(second));
        assert!(is_on(&lists, 9) && !is_on(&lists, 10));
        assert!(!lists.put(ListName::Deny, EntityKind::Card, "c", None));
        assert!(is_on(&lists, 1_000_000_000));
    }

    #[test]
    fn lists_and_kinds_do_not_mix() {
        let mut lists = Lists::default();
        lists.put(ListName::Watch, EntityKind::Merchant, "x", None);
        lists.put(ListName::Allow, EntityKind::Card, "x", None);
        let mut assess = Assess::new("s".parse().unwrap(), SubjectKind::Payment, at(5));
        assess.card = Some("x".parse().unwrap());
        assess.merchant = Some("x".parse().unwrap());
        let expected =
            Listed { allowed: vec![EntityKind::Card], watched: vec![EntityKind::Merchant], ..Listed::default() };
        assert_eq!(lists.of(&assess, at(5)), expected);
        assert!(lists.remove(ListName::Allow, EntityKind::Card, "x"));
        assert!(!lists.remove(ListName::Allow, EntityKind::Card, "x"));
        assert_eq!((lists.of(&assess, at(5)).allowed, lists.len()), (vec![], 1));
    }
}
