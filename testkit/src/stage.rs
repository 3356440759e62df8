//! What a test opens a room with.

use std::sync::Arc;

use kernel::{Clock, IdMaker};

use crate::{FakeClock, TestStore};

const SEED: u64 = 7;

/// A store for this test, a clock that only the test moves, and ids that are the same in every run.
#[derive(Debug)]
pub struct Stage<'a> {
    pub store: &'a TestStore,
    pub time: FakeClock,
    pub ids: IdMaker,
}

impl<'a> Stage<'a> {
    pub fn new(store: &'a TestStore) -> Stage<'a> {
        let time = FakeClock::default();
        let ids = IdMaker::seeded(Arc::new(time.clone()), SEED);
        Stage { store, time, ids }
    }

    /// As services take it.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(self.time.clone())
    }
}
