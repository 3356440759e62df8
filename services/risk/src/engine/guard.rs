//! A model that is slow or fails must not stop a decision: it is left out, and for a moment not even asked.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kernel::Clock;
use risk_api::Degraded;

use crate::features::Row;
use crate::model::{Scored, Scorer};

/// Not asked again for so long after it was slow or failed.
const REST_US: u64 = 1_000_000;

#[derive(Debug, Clone)]
pub(crate) struct Guarded {
    scorer: Arc<dyn Scorer>,
    max_us: u64,
    rests: Arc<Rests>,
}

#[derive(Debug, Default)]
struct Rests {
    until: AtomicU64,
    /// Why: 1 slow, 2 failed.
    why: AtomicU64,
}

impl Guarded {
    pub(crate) fn new(scorer: Arc<dyn Scorer>, max_us: u64) -> Guarded {
        Guarded { scorer, max_us, rests: Arc::default() }
    }

    /// The model's score, if it arrives in time and is a number.
    pub(crate) fn score(&self, row: &Row, clock: &dyn Clock) -> Result<Scored, Degraded> {
        let started = clock.monotonic();
        if started.micros() < self.rests.until.load(Ordering::Relaxed) {
            return Err(if self.rests.why.load(Ordering::Relaxed) == 1 {
                Degraded::ModelSlow
            } else {
                Degraded::ModelFailed
            });
        }
        let scored = std::panic::catch_unwind(AssertUnwindSafe(|| self.scorer.score(row)));
        let took = clock.monotonic().micros_since(started);
        match scored {
            Ok(scored) if scored.probability.is_finite() && took <= self.max_us => Ok(scored),
            Ok(scored) if scored.probability.is_finite() => {
                Err(self.rest(started.micros() + took, Degraded::ModelSlow, 1))
            }
            Ok(_) | Err(_) => Err(self.rest(started.micros() + took, Degraded::ModelFailed, 2)),
        }
    }

    fn rest(&self, now: u64, why: Degraded, number: u64) -> Degraded {
        self.rests.why.store(number, Ordering::Relaxed);
        self.rests.until.store(now + REST_US, Ordering::Relaxed);
        tracing::warn!(why = why.name(), "the model is left out for a moment");
        why
    }
}
