//! The load: callers in a closed loop, a warm-up, a measured time, and the check that what they were told is in the books.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use hdrhistogram::Histogram;
use kernel::{Clock, Currency, IdMaker};
use ledger::{LedgerConfig, LedgerService};
use ledger_api::{AccountPath, Ledger, Limits, OpenAccount, RollUpQuery, Side};

use super::client::{Caller, FUNDS, InProcess, Maker, Transfer, WORLD, operator};
use super::store::Store;
use crate::failure::Failure;

#[derive(Debug, Clone)]
pub(super) struct Load {
    pub accounts: usize,
    pub hot: bool,
    pub random_ids: bool,
    /// Transfers in one request.
    pub batch: usize,
    pub in_flight: usize,
    pub warm_up_ms: u64,
    pub measure_ms: u64,
}

pub(super) struct Figures {
    pub transfers: u64,
    pub micros: u64,
    /// Microseconds from sending a request to its answer.
    pub latency: Histogram<u64>,
    pub groups: u64,
    pub rows: u64,
    pub row_bytes: usize,
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

pub(super) async fn in_process(store: &Store, load: &Load, clock: Arc<dyn Clock>) -> Result<Figures, Failure> {
    let config = LedgerConfig { rollup_accounts_max: load.accounts + 1, ..LedgerConfig::default() };
    let ids = IdMaker::new(Arc::clone(&clock));
    let service = Arc::new(LedgerService::start(store.open().await?, config, Arc::clone(&clock), ids).await?);
    let ledger: Arc<dyn Ledger> = service.clone();
    let currency = currency()?;
    let paths = paths(load.accounts)?;
    open_accounts(&ledger, &paths, currency, &clock).await?;
    let caller = || InProcess { ledger: Arc::clone(&ledger), clock: Arc::clone(&clock), currency };
    fund(caller(), &paths, &clock).await?;
    let before = ledger.status(&operator(&*clock)).await?;
    let callers = (0..load.in_flight).map(|_| caller()).collect();
    let run = run(callers, load, Arc::clone(&paths), Arc::clone(&clock)).await?;
    let after = ledger.status(&operator(&*clock)).await?;
    let total = ledger.roll_up(&operator(&*clock), RollUpQuery::now("bench".parse()?)).await?;
    let moved = total.currencies.first().map_or(0, |total| total.posted_debits.minor());
    check(&run, after.rows - before.rows, moved - FUNDS * paths.len() as i64)?;
    service.close().await?;
    let row_bytes = ledger::mean_row_bytes(&store.open().await?).await?;
    Ok(run.figures(after.groups - before.groups, after.rows - before.rows, row_bytes))
}

async fn open_accounts(
    ledger: &Arc<dyn Ledger>,
    paths: &Arc<[AccountPath]>,
    currency: Currency,
    clock: &Arc<dyn Clock>,
) -> Result<(), Failure> {
    let world = OpenAccount {
        path: WORLD.parse()?,
        currency,
        normal: Side::Debit,
        limits: Limits::default(),
        owner: None,
        reference: None,
        metadata: Default::default(),
    };
    ledger.open_account(&operator(&**clock), world.clone()).await?;
    const AT_ONCE: usize = 500;
    for chunk in paths.chunks(AT_ONCE) {
        let mut opening = tokio::task::JoinSet::new();
        for path in chunk {
            let (ledger, ctx) = (Arc::clone(ledger), operator(&**clock));
            let open = OpenAccount { path: path.clone(), normal: Side::Credit, ..world.clone() };
            opening.spawn(async move { ledger.open_account(&ctx, open).await });
        }
        while let Some(opened) = opening.join_next().await {
            opened??;
        }
    }
    Ok(())
}

pub(super) async fn fund(
    mut caller: impl Caller,
    paths: &Arc<[AccountPath]>,
    clock: &Arc<dyn Clock>,
) -> Result<(), Failure> {
    let ids = IdMaker::new(Arc::clone(clock));
    let world: AccountPath = WORLD.parse()?;
    for chunk in paths.chunks(1_000) {
        let transfer =
            |path: &AccountPath| Transfer { id: ids.make(), debit: world.clone(), credit: path.clone(), minor: FUNDS };
        let transfers: Vec<Transfer> = chunk.iter().map(transfer).collect();
        caller.send(&transfers).await?;
    }
    Ok(())
}

/// What the callers were told.
pub(super) struct Run {
    pub transfers: u64,
    pub micros: u64,
    pub latency: Histogram<u64>,
    /// Transfers and smallest units acknowledged in all, the warm-up included.
    pub acknowledged: u64,
    pub moved: i64,
}

impl Run {
    pub(super) fn figures(self, groups: u64, rows: u64, row_bytes: usize) -> Figures {
        Figures { transfers: self.transfers, micros: self.micros, latency: self.latency, groups, rows, row_bytes }
    }
}

#[derive(Default)]
struct Shared {
    measuring: AtomicBool,
    stopped: AtomicBool,
    acknowledged: AtomicU64,
    moved: AtomicI64,
}

pub(super) async fn run<C: Caller>(
    callers: Vec<C>,
    load: &Load,
    paths: Arc<[AccountPath]>,
    clock: Arc<dyn Clock>,
) -> Result<Run, Failure> {
    let shared = Arc::new(Shared::default());
    let mut loops = tokio::task::JoinSet::new();
    for (seed, caller) in callers.into_iter().enumerate() {
        let maker = Maker::new(seed as u64, Arc::clone(&paths), load.hot, load.random_ids, Arc::clone(&clock));
        loops.spawn(call(caller, maker, load.batch, Arc::clone(&shared), Arc::clone(&clock)));
    }
    tokio::time::sleep(Duration::from_millis(load.warm_up_ms)).await;
    shared.measuring.store(true, Ordering::Relaxed);
    let start = clock.monotonic();
    tokio::time::sleep(Duration::from_millis(load.measure_ms)).await;
    shared.measuring.store(false, Ordering::Relaxed);
    let micros = clock.monotonic().micros_since(start);
    shared.stopped.store(true, Ordering::Relaxed);
    let mut latency = Histogram::new(3).map_err(|error| Failure::new(error.to_string()))?;
    while let Some(ended) = loops.join_next().await {
        for micros in ended?? {
            latency.record(micros).map_err(|error| Failure::new(error.to_string()))?;
        }
    }
    let transfers = latency.len() * load.batch as u64;
    let (acknowledged, moved) = (shared.acknowledged.load(Ordering::Relaxed), shared.moved.load(Ordering::Relaxed));
    Ok(Run { transfers, micros, latency, acknowledged, moved })
}

async fn call<C: Caller>(
    mut caller: C,
    mut maker: Maker,
    batch: usize,
    shared: Arc<Shared>,
    clock: Arc<dyn Clock>,
) -> Result<Vec<u64>, Failure> {
    let mut latency = Vec::new();
    let mut transfers = Vec::with_capacity(batch);
    while !shared.stopped.load(Ordering::Relaxed) {
        transfers.clear();
        transfers.extend((0..batch).filter_map(|_| maker.next()));
        let start = clock.monotonic();
        caller.send(&transfers).await?;
        if shared.measuring.load(Ordering::Relaxed) {
            latency.push(clock.monotonic().micros_since(start));
        }
        shared.acknowledged.fetch_add(transfers.len() as u64, Ordering::Relaxed);
        shared.moved.fetch_add(transfers.iter().map(|transfer| transfer.minor).sum(), Ordering::Relaxed);
    }
    Ok(latency)
}

/// A figure counts only when the books hold exactly what was acknowledged.
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
