//! Numbers about an entity at an instant, updated and read in one step.
//!
//! [`Features::observe`] takes one subject, counts it for each of its entities, and answers with every feature of the catalogue as
//! of that subject. Live decisions, imported history and training go through this one function, so that a model learns from the
//! numbers that it will see.
//!
//! What an entity keeps depends on which events it has seen, not on the order in which they arrived: its last 128 events by
//! their own time, and buckets for what is older ([`window`]). The exceptions are the first-time features, which say what was
//! known when the event arrived, and labels, which count from when they became known.
//!
//! Invariant: memory is bounded. An entity has a largest size ([`entity`]), there are at most `entities_max` of them, and the one
//! that was seen longest ago goes first.
//!
//! Start reading at [`Features::observe`], then `entity`.

pub(crate) mod catalogue;
mod codec;
mod entity;
mod event;
mod known;
mod lru;
mod shares;
mod subject;
mod window;

#[cfg(test)]
mod slow;
#[cfg(test)]
mod tests;

use risk_api::EntityKind;

pub(crate) use catalogue::{Row, feature_index};
pub(crate) use codec::{pack_row, unpack_row};
pub(crate) use entity::EntityState;
pub(crate) use subject::{EntityKey, Rates, Subject, content_hash};

use catalogue::{
    AMOUNT, FIRST_CATEGORY, FIRST_COUNTRY, FIRST_MERCHANT, HOUR, MERCHANT_SHARES, NIGHT, TERMINAL_SHARES, WEEKDAY,
    WEEKEND,
};
use lru::Lru;

/// Every entity that is known.
#[derive(Debug)]
pub(crate) struct Features {
    entities: Lru<Held>,
    label_delay_us: i64,
}

/// An entity, and where it stands beside the store.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) state: EntityState,
    /// The last step that it has seen.
    pub(crate) seq: i64,
    /// It has a row in the store.
    pub(crate) is_stored: bool,
}

/// The change by a label: into fraud, or out of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turned {
    IntoFraud,
    OutOfFraud,
}

impl Features {
    pub(crate) fn new(entities_max: usize, label_delay_days: u32) -> Features {
        Features { entities: Lru::new(entities_max), label_delay_us: i64::from(label_delay_days) * window::DAY_US }
    }

    /// Counts the subject in step `seq`, and answers with every feature as of it. A subject that was counted before is only read.
    pub(crate) fn observe(&mut self, subject: &Subject, seq: i64) -> Row {
        let mut row = Row::empty();
        self.moment(subject, &mut row);
        let (holder, label_delay_us) = (subject.holder(), self.label_delay_us);
        for (kind, key) in subject.entities() {
            let held = self.entities.touch(key, || Held::new(kind));
            held.seq = seq.max(held.seq);
            let entity = &mut held.state;
            let is_new = entity.observe(subject, label_delay_us, &mut row);
            match kind {
                EntityKind::Merchant => entity.shares(subject.at, label_delay_us, MERCHANT_SHARES, &mut row),
                EntityKind::Terminal => entity.shares(subject.at, label_delay_us, TERMINAL_SHARES, &mut row),
                _ => {}
            }
            if holder == Some(kind) && is_new {
                let first = entity.first_times(subject);
                row.set(FIRST_MERCHANT, first.merchant);
                row.set(FIRST_CATEGORY, first.category);
                row.set(FIRST_COUNTRY, first.country);
            } else if is_new {
                entity.first_times(subject);
            }
        }
        row
    }

    /// Step `seq` again, for the entities that had not seen it when they were stored. Whether there was one.
    pub(crate) fn replay(&mut self, subject: &Subject, seq: i64, is_decline: bool) -> bool {
        let (mut row, mut any) = (Row::empty(), false);
        for (kind, key) in subject.entities() {
            let held = self.entities.touch(key, || Held::new(kind));
            if held.seq >= seq {
                continue;
            }
            (held.seq, any) = (seq, true);
            if held.state.observe(subject, self.label_delay_us, &mut row) {
                held.state.first_times(subject);
            }
            if is_decline {
                held.state.declined(subject);
            }
        }
        any
    }

    /// The subject was declined: later ones of its entities see that.
    pub(crate) fn declined(&mut self, subject: &Subject) {
        for (_, key) in subject.entities() {
            if let Some(held) = self.entities.get_mut(key) {
                held.state.declined(subject);
            }
        }
    }

    /// In step `seq` a label became known of the subject; entities that saw the step before they were stored know it.
    pub(crate) fn labelled(&mut self, subject: &Subject, turned: Turned, seq: i64) {
        for (_, key) in subject.judged() {
            if let Some(held) = self.entities.get_mut(key).filter(|held| held.seq < seq) {
                held.state.labelled(subject.at, turned);
                held.seq = seq;
            }
        }
    }

    pub(crate) fn entity(&self, key: EntityKey) -> Option<&EntityState> {
        self.entities.get(key).map(|held| &held.state)
    }

    pub(crate) fn held(&mut self, key: EntityKey) -> Option<&mut Held> {
        self.entities.get_mut(key)
    }

    /// Puts back an entity as it was stored, unless it is here already.
    pub(crate) fn restore(&mut self, key: EntityKey, state: EntityState, seq: i64) {
        self.entities.insert_oldest(key, Held { state, seq, is_stored: true });
    }

    pub(crate) fn knows(&self, key: EntityKey) -> bool {
        self.entities.get(key).is_some()
    }

    /// Orders entities by their newest event, so that the oldest is evicted first.
    pub(crate) fn order_by_age(&mut self) {
        self.entities.order_by(|held| held.state.newest());
    }

    /// Entities that had to go since this was last asked.
    pub(crate) fn take_evicted(&mut self) -> Vec<EntityKey> {
        self.entities.take_evicted()
    }

    pub(crate) fn len(&self) -> usize {
        self.entities.len()
    }

    /// Bytes of all entities, about.
    pub(crate) fn bytes(&self) -> usize {
        self.entities.iter().map(|(_, held)| held.state.bytes()).sum::<usize>() + self.entities.bytes()
    }

    fn moment(&self, subject: &Subject, row: &mut Row) {
        row.set(AMOUNT, subject.amount());
        row.set(HOUR, f64::from(subject.hour));
        row.set(WEEKDAY, f64::from(subject.weekday));
        row.set(NIGHT, f64::from(u8::from(subject.hour < 6)));
        row.set(WEEKEND, f64::from(u8::from(subject.weekday >= 5)));
    }
}

impl Held {
    fn new(kind: EntityKind) -> Held {
        Held { state: EntityState::new(kind), seq: 0, is_stored: false }
    }
}
