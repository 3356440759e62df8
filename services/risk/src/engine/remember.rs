//! Recent decisions, so that a repeat gets the first one without reading the store.
//!
//! Memory reaches back to a horizon in the subjects' own time. A subject that happened before it may have been decided about:
//! there the store has to be asked.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, OnceLock};

use risk_api::{Assess, Assessment, SubjectId};

/// An answer that is there, or will be in a moment.
#[derive(Debug, Default)]
pub(crate) struct Answer(OnceLock<Option<Assessment>>);

impl Answer {
    /// Waits for the caller that works it out, less than a millisecond. `None` if that one failed.
    pub(super) fn wait(&self) -> Option<Assessment> {
        self.0.wait().clone()
    }
}

/// Held by the caller that works an answer out. If it is dropped without one, waiting callers are released.
#[derive(Debug)]
pub(crate) struct Turn(Arc<Answer>);

impl Turn {
    pub(super) fn set(&self, assessment: Assessment) {
        // The first one stays.
        let _ = self.0.0.set(Some(assessment));
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let _ = self.0.0.set(None);
    }
}

#[derive(Debug)]
pub(crate) enum Looked {
    New,
    Answered(Arc<Answer>),
    OtherInputs,
}

#[derive(Debug)]
pub(super) struct Remembered {
    answers: HashMap<SubjectId, (i64, Arc<Answer>)>,
    /// By arrival, with the subject's own time.
    order: VecDeque<(SubjectId, i64)>,
    max: usize,
    /// Everything that happened then or later is known.
    horizon: i64,
}

impl Remembered {
    /// Knows nothing until it is told how far back it reaches.
    pub(super) fn new(max: usize) -> Remembered {
        Remembered { answers: HashMap::new(), order: VecDeque::new(), max: max.max(1), horizon: i64::MAX }
    }

    pub(super) fn look(&self, id: &SubjectId, content: i64) -> Looked {
        match self.answers.get(id) {
            None => Looked::New,
            Some((known, answer)) if *known == content => Looked::Answered(Arc::clone(answer)),
            Some(_) => Looked::OtherInputs,
        }
    }

    pub(super) fn knows(&self, id: &SubjectId) -> bool {
        self.answers.contains_key(id)
    }

    pub(super) fn is_doubtful(&self, assess: &Assess) -> bool {
        assess.at.micros() < self.horizon && !self.answers.contains_key(&assess.id)
    }

    pub(super) fn begin(&mut self, assess: &Assess, content: i64) -> Turn {
        let answer = Arc::new(Answer::default());
        self.add(&assess.id, assess.at.micros(), content, Arc::clone(&answer));
        Turn(answer)
    }

    /// Drops a decision that failed.
    pub(super) fn forget(&mut self, id: &SubjectId) {
        self.answers.remove(id);
    }

    pub(super) fn put_back(&mut self, id: &SubjectId, at: i64, content: i64, answer: Option<Assessment>) {
        let known = Answer::default();
        let _ = known.0.set(answer);
        self.add(id, at, content, Arc::new(known));
    }

    pub(super) fn reaches(&mut self, horizon: i64) {
        self.horizon = horizon;
    }

    fn add(&mut self, id: &SubjectId, at: i64, content: i64, answer: Arc<Answer>) {
        if self.answers.insert(id.clone(), (content, answer)).is_none() {
            self.order.push_back((id.clone(), at));
        }
        while self.order.len() > self.max {
            if let Some((oldest, at)) = self.order.pop_front() {
                self.answers.remove(&oldest);
                self.horizon = if self.horizon == i64::MAX { i64::MAX } else { self.horizon.max(at + 1) };
            }
        }
    }
}
