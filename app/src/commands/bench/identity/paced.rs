//! Transfers at a fixed rate, whatever else happens: the duration of each, counted from when it was due.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hdrhistogram::Histogram;
use kernel::{Clock, Monotonic};
use ledger_api::AccountPath;

use crate::commands::bench::client::{Caller, Maker, Transfer};
use crate::commands::bench::http::OverHttp;
use crate::failure::Failure;

/// What was acknowledged, and how fast.
pub(super) struct Paced {
    /// Microseconds; the measured part.
    pub latency: Histogram<u64>,
    /// Including the warm-up.
    pub acknowledged: u64,
    pub moved: i64,
}

pub(super) struct Pace {
    pub per_second: u64,
    pub in_flight: usize,
    pub warm_up: Duration,
    pub measured: Duration,
}

struct One {
    caller: OverHttp,
    maker: Maker,
    first: Monotonic,
    period_us: u64,
}

/// The callers take turns, so that no two of them are due at the same time.
pub(super) async fn run(
    callers: Vec<OverHttp>,
    pace: &Pace,
    paths: &Arc<[AccountPath]>,
    clock: &Arc<dyn Clock>,
) -> Result<Paced, Failure> {
    let (measuring, stopped) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (start, turn_us) = (clock.monotonic(), 1_000_000 / pace.per_second.max(1));
    let period_us = turn_us * callers.len() as u64;
    let mut loops = tokio::task::JoinSet::new();
    for (number, caller) in callers.into_iter().enumerate() {
        let maker = Maker::new(Arc::clone(paths), false, false, Arc::clone(clock));
        let first = later(start, turn_us * number as u64);
        let one = One { caller, maker, first, period_us };
        loops.spawn(keep_pace(one, Arc::clone(&measuring), Arc::clone(&stopped), Arc::clone(clock)));
    }
    tokio::time::sleep(pace.warm_up).await;
    measuring.store(true, Ordering::Relaxed);
    tokio::time::sleep(pace.measured).await;
    measuring.store(false, Ordering::Relaxed);
    stopped.store(true, Ordering::Relaxed);
    let mut all = Paced { latency: Histogram::new(3)?, acknowledged: 0, moved: 0 };
    while let Some(ended) = loops.join_next().await {
        let one: Paced = ended??;
        all.latency.add(&one.latency)?;
        all.acknowledged += one.acknowledged;
        all.moved += one.moved;
    }
    if all.latency.is_empty() {
        return Err(Failure::new("no transfer was done in the measured time"));
    }
    Ok(all)
}

fn later(than: Monotonic, micros: u64) -> Monotonic {
    Monotonic::from_micros(than.micros() + micros)
}

async fn keep_pace(
    mut one: One,
    measuring: Arc<AtomicBool>,
    stopped: Arc<AtomicBool>,
    clock: Arc<dyn Clock>,
) -> Result<Paced, Failure> {
    let mut done = Paced { latency: Histogram::new(3)?, acknowledged: 0, moved: 0 };
    let mut due = one.first;
    while !stopped.load(Ordering::Relaxed) {
        // A caller delayed by a reply counts from its turn; one that slept counts from waking up.
        let begin = match due.micros_since(clock.monotonic()) {
            0 => due,
            early => {
                tokio::time::sleep(Duration::from_micros(early)).await;
                clock.monotonic()
            }
        };
        let transfers: Vec<Transfer> = one.maker.next().into_iter().collect();
        one.caller.send(&transfers).await?;
        if measuring.load(Ordering::Relaxed) {
            done.latency.record(clock.monotonic().micros_since(begin))?;
        }
        done.acknowledged += transfers.len() as u64;
        done.moved += transfers.iter().map(|transfer| transfer.minor).sum::<i64>();
        due = later(due, one.period_us);
    }
    Ok(done)
}
