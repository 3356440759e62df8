//! Clocks. Code that needs the time is given a [`Clock`], so that tests and simulations control it.

use std::fmt::Debug;

use crate::Timestamp;

/// A reading of a monotonic clock; only differences are meaningful.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Monotonic(u64);

impl Monotonic {
    pub fn from_micros(micros: u64) -> Monotonic {
        Monotonic(micros)
    }

    pub fn micros(self) -> u64 {
        self.0
    }

    pub fn plus_millis(self, millis: u64) -> Monotonic {
        Monotonic(self.0.saturating_add(millis.saturating_mul(1_000)))
    }

    /// Microseconds from `earlier` to `self`; zero if `earlier` is the later one.
    pub fn micros_since(self, earlier: Monotonic) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

pub trait Clock: Send + Sync + Debug + 'static {
    /// The time of day. An operator or a time daemon may set it back.
    fn now(&self) -> Timestamp;

    /// Time since some fixed moment; never goes back.
    fn monotonic(&self) -> Monotonic;
}

/// The machine's own clocks.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[expect(clippy::disallowed_types, reason = "the one place that reads the machine's clocks")]
mod machine {
    use std::sync::OnceLock;
    use std::time::{Instant, SystemTime, UNIX_EPOCH};

    pub(super) fn unix_micros() -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
    }

    pub(super) fn process_micros() -> u64 {
        static START: OnceLock<Instant> = OnceLock::new();
        let passed = START.get_or_init(Instant::now).elapsed();
        u64::try_from(passed.as_micros()).unwrap_or(u64::MAX)
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(machine::unix_micros())
    }

    fn monotonic(&self) -> Monotonic {
        Monotonic(machine::process_micros())
    }
}
