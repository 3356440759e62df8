//! The retry budget: a tenth of all calls, plus a few to begin with. Without it a slow service gets several times its
//! load at the moment when it can least bear it.

use std::sync::atomic::{AtomicU32, Ordering};

/// In tenths of a retry.
const COST: u32 = 10;
const EARNED: u32 = 1;

#[derive(Debug)]
pub struct Budget {
    tenths: AtomicU32,
    tenths_max: u32,
}

impl Budget {
    /// Full at first: `repeats_max` retries at once.
    pub fn new(repeats_max: u32) -> Budget {
        let tenths_max = repeats_max.saturating_mul(COST);
        Budget { tenths: AtomicU32::new(tenths_max), tenths_max }
    }

    /// A call was sent for the first time.
    pub(crate) fn earn(&self) {
        let more = |tenths: u32| (tenths < self.tenths_max).then(|| (tenths + EARNED).min(self.tenths_max));
        // Nothing to do when it is full.
        let _ = self.tenths.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
    }

    /// Whether a call may be retried.
    pub(crate) fn spend(&self) -> bool {
        self.tenths.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |tenths| tenths.checked_sub(COST)).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_calls_earn_one_retry_up_to_the_maximum() {
        let budget = Budget::new(2);
        assert!(budget.spend() && budget.spend() && !budget.spend());
        (0..9).for_each(|_| budget.earn());
        assert!(!budget.spend());
        budget.earn();
        assert!(budget.spend() && !budget.spend());
        (0..1_000).for_each(|_| budget.earn());
        assert!(budget.spend() && budget.spend() && !budget.spend());
    }
}
