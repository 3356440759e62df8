//! Measures how much time the machine withheld from this process: waits of a call that are not the ledger's fault.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kernel::{Clock, SystemClock};
use tokio::task::JoinHandle;

const BEAT: Duration = Duration::from_millis(10);

/// Beats until it is dropped.
pub(crate) struct Pulse {
    late_us: Arc<AtomicU64>,
    beating: JoinHandle<()>,
}

impl Pulse {
    pub(crate) fn start() -> Pulse {
        let late_us = Arc::new(AtomicU64::new(0));
        let beating = tokio::spawn(beat(Arc::clone(&late_us)));
        Pulse { late_us, beating }
    }

    /// The total lateness of all beats so far.
    pub(crate) fn late_ms(&self) -> u64 {
        self.late_us.load(Ordering::SeqCst) / 1_000
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        self.beating.abort();
    }
}

async fn beat(late_us: Arc<AtomicU64>) {
    loop {
        let start = SystemClock.monotonic();
        tokio::time::sleep(BEAT).await;
        let took = SystemClock.monotonic().micros_since(start);
        late_us.fetch_add(took.saturating_sub(BEAT.as_micros() as u64), Ordering::SeqCst);
    }
}
