//! The load: callers in a closed loop, a warm-up, a measured time, and the check that what was acknowledged is in the
//! books.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;
use kernel::{Clock, Currency};
use ledger_api::AccountPath;

use super::client::{Caller, Maker};
use super::series::{Series, Slices};
use crate::cli::{Against, BenchLedger};
use crate::failure::Failure;

#[derive(Debug, Clone)]
pub(super) struct Load {
    pub accounts: usize,
    pub hot: bool,
    pub random_ids: bool,
    /// Transfers of the same kind already in the store.
    pub stored: u64,
    /// Transfers per request.
    pub batch: usize,
    pub in_flight: usize,
    pub warm_up_ms: u64,
    pub measure_ms: u64,
}

impl Load {
    pub(super) fn new(options: &BenchLedger, in_flight: usize) -> Load {
        Load {
            accounts: options.accounts,
            hot: options.hot,
            random_ids: options.random_ids,
            stored: options.stored,
            batch: options.batch,
            in_flight,
            warm_up_ms: options.warm_up_seconds * 1_000,
            measure_ms: options.seconds * 1_000,
        }
    }

    /// The same except for one thing.
    pub(super) fn other(&self, against: Against) -> Load {
        match against {
            Against::Empty => Load { stored: 0, ..self.clone() },
            Against::Ordered => Load { random_ids: false, ..self.clone() },
            Against::Uniform => Load { hot: false, ..self.clone() },
            Against::Accounts(accounts) => Load { accounts, ..self.clone() },
        }
    }

    pub(super) fn shape(&self) -> &'static str {
        match (self.hot, self.random_ids) {
            (false, false) => "uniform",
            (true, false) => "hot",
            (false, true) => "random",
            (true, true) => "hot+rnd",
        }
    }
}

pub(super) struct Figures {
    pub transfers: u64,
    pub micros: u64,
    /// Microseconds from sending a request to its reply.
    pub latency: Histogram<u64>,
    pub slices: Slices,
    /// Microseconds; known in process only.
    pub longest_commit: Option<u64>,
    pub groups: u64,
    pub rows: u64,
}

impl Figures {
    pub(super) fn per_second(&self) -> f64 {
        self.transfers as f64 * 1e6 / self.micros.max(1) as f64
    }

    pub(super) fn rows_per_group(&self) -> u64 {
        self.rows.checked_div(self.groups).unwrap_or(0)
    }
}

pub(super) fn currency() -> Result<Currency, Failure> {
    Ok(Currency::iso("USD")?)
}

pub(super) fn paths(accounts: usize) -> Result<Arc<[AccountPath]>, Failure> {
    let path = |place| format!("bench:account:{place:07}").parse::<AccountPath>();
    Ok((0..accounts).map(path).collect::<Result<_, _>>()?)
}

/// What the callers were told.
pub(super) struct Run {
    transfers: u64,
    micros: u64,
    latency: Histogram<u64>,
    slices: Slices,
    /// Transfers and smallest units acknowledged in all, including the warm-up.
    pub acknowledged: u64,
    pub moved: i64,
}

impl Run {
    pub(super) fn figures(self, groups: u64, rows: u64, longest_commit: Option<u64>) -> Figures {
        let Run { transfers, micros, latency, slices, .. } = self;
        Figures { transfers, micros, latency, slices, longest_commit, groups, rows }
    }
}

/// Histograms that callers share: one per caller would take more memory than the ledger.
const HISTOGRAMS: usize = 16;

struct Shared {
    measuring: AtomicBool,
    stopped: AtomicBool,
    acknowledged: AtomicU64,
    moved: AtomicI64,
    series: Series,
    latencies: Vec<Mutex<Histogram<u64>>>,
}

impl Shared {
    fn new(load: &Load) -> Result<Shared, Failure> {
        let latencies = (0..HISTOGRAMS).map(|_| Histogram::new(3).map(Mutex::new)).collect::<Result<_, _>>()?;
        Ok(Shared {
            measuring: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
            acknowledged: AtomicU64::new(0),
            moved: AtomicI64::new(0),
            series: Series::new(load.measure_ms),
            latencies,
        })
    }

    fn record(&self, caller: usize, micros: u64) -> Result<(), Failure> {
        let Some(histogram) = self.latencies.get(caller % HISTOGRAMS) else { return Ok(()) };
        histogram.lock().unwrap_or_else(PoisonError::into_inner).record(micros)?;
        Ok(())
    }

    fn latency(&self) -> Result<Histogram<u64>, Failure> {
        let mut all = Histogram::new(3)?;
        for histogram in &self.latencies {
            all.add(&*histogram.lock().unwrap_or_else(PoisonError::into_inner))?;
        }
        Ok(all)
    }
}

pub(super) async fn run<C: Caller>(
    callers: Vec<C>,
    load: &Load,
    paths: &Arc<[AccountPath]>,
    clock: &Arc<dyn Clock>,
) -> Result<Run, Failure> {
    let shared = Arc::new(Shared::new(load)?);
    let mut loops = tokio::task::JoinSet::new();
    for (number, caller) in callers.into_iter().enumerate() {
        let maker = Maker::new(Arc::clone(paths), load.hot, load.random_ids, Arc::clone(clock));
        let one = One { number, caller, maker, batch: load.batch };
        loops.spawn(call(one, Arc::clone(&shared), Arc::clone(clock)));
    }
    tokio::time::sleep(Duration::from_millis(load.warm_up_ms)).await;
    super::commits::begin();
    let start = clock.monotonic();
    shared.series.begin(start);
    shared.measuring.store(true, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_millis(load.measure_ms)).await;
    shared.measuring.store(false, Ordering::Relaxed);
    let end = clock.monotonic();
    let slices = shared.series.end(end);
    shared.stopped.store(true, Ordering::Relaxed);
    while let Some(ended) = loops.join_next().await {
        ended??;
    }
    let latency = shared.latency()?;
    let transfers = latency.len() * load.batch as u64;
    let (acknowledged, moved) = (shared.acknowledged.load(Ordering::Relaxed), shared.moved.load(Ordering::Relaxed));
    Ok(Run { transfers, micros: end.micros_since(start), latency, slices, acknowledged, moved })
}

struct One<C> {
    number: usize,
    caller: C,
    maker: Maker,
    batch: usize,
}

async fn call<C: Caller>(mut one: One<C>, shared: Arc<Shared>, clock: Arc<dyn Clock>) -> Result<(), Failure> {
    let mut transfers = Vec::with_capacity(one.batch);
    while !shared.stopped.load(Ordering::Relaxed) {
        transfers.clear();
        transfers.extend((0..one.batch).filter_map(|_| one.maker.next()));
        let start = clock.monotonic();
        one.caller.send(&transfers).await?;
        let count = transfers.len() as u64;
        if shared.measuring.load(Ordering::Relaxed) {
            let now = clock.monotonic();
            shared.record(one.number, now.micros_since(start))?;
            shared.series.add(now, count);
        }
        shared.acknowledged.fetch_add(count, Ordering::Relaxed);
        shared.moved.fetch_add(transfers.iter().map(|transfer| transfer.minor).sum(), Ordering::Relaxed);
    }
    Ok(())
}

/// A figure only counts if the books hold exactly what was acknowledged.
pub(super) fn check(run: &Run, rows: u64, moved: i64) -> Result<(), Failure> {
    if run.transfers == 0 {
        return Err(Failure::new("nothing was done in the measured time"));
    }
    if rows != run.acknowledged || moved != run.moved {
        return Err(Failure::new(format!(
            "the work was not done: {} transfers of {} units were acknowledged, the books hold {rows} of {moved}",
            run.acknowledged, run.moved
        )));
    }
    Ok(())
}
