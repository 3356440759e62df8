//! The time of a simulated world, and the latency of a store in it.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use kernel::{Clock, Monotonic, Timestamp};
use platform::db::Pace;
use rand::RngExt;
use rand::rngs::StdRng;

/// Noon on 2026-01-31: every world begins then.
const BEGIN_US: i64 = 1_769_860_800_000_000;

#[derive(Debug)]
pub(crate) struct SimClock {
    skew_us: Arc<AtomicI64>,
}

impl SimClock {
    pub(crate) fn new(skew_us: Arc<AtomicI64>) -> SimClock {
        SimClock { skew_us }
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        let passed = i64::try_from(self.monotonic().micros()).unwrap();
        Timestamp::from_micros(BEGIN_US + passed + self.skew_us.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Monotonic {
        let passed = turmoil::sim_elapsed().unwrap_or_default();
        Monotonic::from_micros(u64::try_from(passed.as_micros()).unwrap())
    }
}

/// Some statements are slow, and anything that can happen to a process happens then.
pub(crate) struct SimPace {
    dice: Mutex<StdRng>,
    slow: u32,
    ms_max: u64,
}

impl SimPace {
    pub(crate) fn new(dice: StdRng, slow: u32, ms_max: u64) -> Arc<SimPace> {
        Arc::new(SimPace { dice: Mutex::new(dice), slow, ms_max })
    }

    fn next(&self) -> Option<Duration> {
        let mut dice = self.dice.lock().unwrap();
        let slow = dice.random_ratio(self.slow, 100);
        slow.then(|| Duration::from_millis(dice.random_range(1..=self.ms_max)))
    }
}

#[async_trait]
impl Pace for SimPace {
    async fn pause(&self) {
        if let Some(pause) = self.next() {
            tokio::time::sleep(pause).await;
        }
    }
}

impl fmt::Debug for SimPace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SimPace")
    }
}
