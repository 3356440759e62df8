//! The state under the engine's lock.

use std::collections::BTreeSet;

use risk_api::{Assess, SubjectId};

use super::dirty::Dirty;
use super::record::Record;
use super::remember::{Looked, Remembered, Turn};
use super::{EngineConfig, Stored};
use crate::features::{EntityKey, EntityState, Features, Row, Subject, Turned};

#[derive(Debug)]
pub(crate) struct Core {
    features: Features,
    remembered: Remembered,
    dirty: Dirty,
    /// Steps whose record is not in the queue yet.
    under_way: BTreeSet<i64>,
    queue: Vec<Record>,
    queue_max: usize,
    /// Labels that counters have learned of, and at which step.
    learned: Vec<(i64, i64)>,
    last_seq: i64,
    /// The last transaction that was taken.
    number: i64,
    /// Every stored entity is here; what is not, does not exist.
    is_warm: bool,
}

/// A subject that the counters have seen.
#[derive(Debug)]
pub(crate) struct Begun {
    pub(crate) seq: i64,
    pub(crate) row: Row,
    pub(crate) turn: Turn,
}

/// One entity as it is to be stored.
#[derive(Debug)]
pub(crate) struct FlushedEntity {
    pub(crate) key: EntityKey,
    pub(crate) seq: i64,
    pub(crate) state: Vec<u8>,
    /// It has a row already.
    pub(crate) is_stored: bool,
}

/// The contents of one transaction.
#[derive(Debug, Default)]
pub(crate) struct Flush {
    pub(crate) records: Vec<Record>,
    pub(crate) entities: Vec<FlushedEntity>,
    pub(crate) evicted: Vec<EntityKey>,
    pub(crate) learned: Vec<(i64, i64)>,
    /// With this transaction every entity is stored as of this step, or later.
    pub(crate) stored_seq: i64,
    /// Records up to this step are in here or were written before.
    settled: i64,
    /// Counts transactions, so that one without an answer is known again.
    pub(crate) number: i64,
    pub(crate) last_seq: i64,
}

impl Flush {
    /// A process at rest writes nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.records.is_empty() && self.entities.is_empty() && self.evicted.is_empty() && self.learned.is_empty()
    }
}

impl Core {
    pub(super) fn new(config: &EngineConfig) -> Core {
        Core {
            features: Features::new(config.entities_max, config.label_delay_days),
            remembered: Remembered::new(config.remembered_max),
            dirty: Dirty::default(),
            under_way: BTreeSet::new(),
            queue: Vec::new(),
            queue_max: config.queue_max,
            learned: Vec::new(),
            last_seq: 0,
            number: 0,
            is_warm: false,
        }
    }

    pub(super) fn look(&self, id: &SubjectId, content: i64) -> Looked {
        self.remembered.look(id, content)
    }

    pub(super) fn is_full(&self) -> bool {
        self.queue.len() + self.under_way.len() >= self.queue_max
    }

    /// The counters see the subject, in one step with being read.
    pub(super) fn begin(&mut self, assess: &Assess, subject: &Subject, content: i64) -> Begun {
        let seq = self.step();
        let row = self.features.observe(subject, seq);
        self.touched(subject, seq);
        self.under_way.insert(seq);
        let turn = self.remembered.begin(assess, content);
        Begun { seq, row, turn }
    }

    /// It could not be worked out.
    pub(super) fn abandon(&mut self, seq: i64, id: &SubjectId) {
        self.under_way.remove(&seq);
        self.remembered.forget(id);
    }

    pub(super) fn declined(&mut self, subject: &Subject) {
        self.features.declined(subject);
    }

    pub(super) fn end(&mut self, record: Record) {
        self.under_way.remove(&record.seq);
        self.queue.push(record);
    }

    fn step(&mut self) -> i64 {
        self.last_seq += 1;
        self.last_seq
    }

    fn touched(&mut self, subject: &Subject, seq: i64) {
        for (_, key) in subject.entities() {
            self.dirty.mark(key, seq);
        }
    }

    /// The counters learn of a label, whose number in the store is given.
    pub(crate) fn learn(&mut self, number: i64, subject: &Subject, turned: Option<Turned>) {
        let seq = self.step();
        if let Some(turned) = turned {
            self.features.labelled(subject, turned, seq);
            self.touched(subject, seq);
        }
        self.learned.push((number, seq));
    }

    /// Learned, and not yet written.
    pub(crate) fn has_learned(&self, number: i64) -> bool {
        self.learned.iter().any(|(learned, _)| *learned == number)
    }

    pub(super) fn missing<'a>(&self, subjects: impl Iterator<Item = &'a Subject>) -> Vec<EntityKey> {
        if self.is_warm {
            return Vec::new();
        }
        let keys = subjects.flat_map(|subject| subject.keys.iter().flatten().copied());
        let mut keys: Vec<EntityKey> = keys.filter(|key| !self.features.knows(*key)).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    pub(crate) fn missing_of(&self, subject: &Subject) -> Vec<EntityKey> {
        self.missing(std::iter::once(subject))
    }

    pub(crate) fn remembers(&self, id: &SubjectId) -> bool {
        self.remembered.knows(id)
    }

    pub(super) fn is_doubtful(&self, assess: &Assess) -> bool {
        self.remembered.is_doubtful(assess)
    }

    /// An answer of the store, for a subject that memory had forgotten.
    pub(crate) fn remember(&mut self, id: &SubjectId, at: i64, content: i64, answer: Option<risk_api::Assessment>) {
        self.remembered.put_back(id, at, content, answer);
    }

    /// Every subject of `horizon` or later is in memory from now on.
    pub(crate) fn remembers_from(&mut self, horizon: i64) {
        self.remembered.reaches(horizon);
    }

    pub(crate) fn restore(&mut self, key: EntityKey, seq: i64, state: EntityState) {
        self.features.restore(key, state, seq);
    }

    pub(crate) fn warmed(&mut self) {
        self.features.order_by_age();
        self.is_warm = true;
    }

    pub(crate) fn is_warm(&self) -> bool {
        self.is_warm
    }

    /// Continues from the store's last step.
    pub(crate) fn resume(&mut self, last_seq: i64, number: i64) {
        (self.last_seq, self.number) = (last_seq, number);
    }

    pub(crate) fn replayed(&mut self, seq: i64) {
        self.last_seq = self.last_seq.max(seq);
    }

    /// A stored decision, for the entities that had not seen it when they were stored.
    pub(crate) fn replay(&mut self, stored: &Stored) {
        if self.features.replay(&stored.subject, stored.seq, stored.is_decline) {
            self.touched(&stored.subject, stored.seq);
        }
        self.replayed(stored.seq);
    }

    /// The same for a label that counters had learned of.
    pub(crate) fn replay_label(&mut self, subject: &Subject, turned: Turned, seq: i64) {
        self.features.labelled(subject, turned, seq);
        self.touched(subject, seq);
        self.replayed(seq);
    }

    pub(crate) fn entity(&self, key: EntityKey) -> Option<&EntityState> {
        self.features.entity(key)
    }

    pub(crate) fn entities(&self) -> usize {
        self.features.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.features.bytes()
    }

    /// No entity has changed since it was stored.
    pub(crate) fn is_stored(&self) -> bool {
        self.dirty.first().is_none()
    }

    pub(crate) fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Everything that waits but entities.
    pub(crate) fn take(&mut self) -> Flush {
        let records = std::mem::take(&mut self.queue);
        let (evicted, learned) = (self.features.take_evicted(), std::mem::take(&mut self.learned));
        for key in evicted.iter().filter(|key| !self.features.knows(**key)) {
            self.dirty.forget(*key);
        }
        let settled = self.under_way.first().map_or(self.last_seq, |first| first - 1);
        self.number += 1;
        let (last_seq, number) = (self.last_seq, self.number);
        Flush { records, evicted, learned, last_seq, settled, number, ..Flush::default() }
    }

    /// Takes some of the entities that changed longest ago. One that has seen a step whose record is not being written is left for later.
    pub(crate) fn take_entities(&mut self, flush: &mut Flush, max: usize) {
        let settled = flush.settled;
        let mut later = Vec::new();
        for _ in 0..max {
            let Some((key, first)) = self.dirty.pop() else { break };
            match self.features.held(key) {
                Some(held) if held.seq <= settled => {
                    flush.entities.push(FlushedEntity {
                        key,
                        seq: held.seq,
                        state: held.state.pack(),
                        is_stored: held.is_stored,
                    });
                    held.is_stored = true;
                }
                Some(_) => later.push((key, first)),
                None => {}
            }
        }
        for (key, first) in later {
            self.dirty.mark(key, first);
        }
        flush.stored_seq = self.dirty.first().map_or(settled, |first| first - 1).min(settled);
    }
}
