//! A clock that only a test moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use kernel::{Clock, Monotonic, Timestamp};

/// Clones show the same time. Setting the time of day back does not change the monotonic reading, as on a real machine.
#[derive(Debug, Clone)]
pub struct FakeClock {
    time: Arc<Time>,
}

#[derive(Debug)]
struct Time {
    now_us: AtomicI64,
    monotonic_us: AtomicU64,
}

impl Default for FakeClock {
    /// Noon on 2026-01-31.
    fn default() -> FakeClock {
        FakeClock::at(Timestamp::from_micros(1_769_860_800_000_000))
    }
}

impl FakeClock {
    pub fn at(now: Timestamp) -> FakeClock {
        let time = Time { now_us: AtomicI64::new(now.micros()), monotonic_us: AtomicU64::new(0) };
        FakeClock { time: Arc::new(time) }
    }

    /// Time passes: both readings move.
    pub fn advance_millis(&self, millis: u64) {
        self.time.monotonic_us.fetch_add(millis * 1_000, Ordering::SeqCst);
        self.time.now_us.fetch_add(i64::try_from(millis).unwrap() * 1_000, Ordering::SeqCst);
    }

    /// The time of day is set back; no time passes.
    pub fn step_back_millis(&self, millis: u64) {
        self.time.now_us.fetch_sub(i64::try_from(millis).unwrap() * 1_000, Ordering::SeqCst);
    }

    /// The time of day is set; no time passes.
    pub fn set(&self, now: Timestamp) {
        self.time.now_us.store(now.micros(), Ordering::SeqCst);
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.time.now_us.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Monotonic {
        Monotonic::from_micros(self.time.monotonic_us.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_time_of_day_can_go_back() {
        let clock = FakeClock::default();
        clock.advance_millis(20);
        let (now, monotonic) = (clock.now(), clock.monotonic());
        clock.clone().step_back_millis(30);
        assert_eq!(now.micros_since(clock.now()), 30_000);
        assert_eq!(clock.monotonic(), monotonic);
        clock.set(Timestamp::EPOCH);
        assert_eq!((clock.now(), clock.monotonic()), (Timestamp::EPOCH, monotonic));
    }
}
