//! `florin bench ledger`: drives the real ledger, durable, in a store of its own that is removed afterwards, and prints the
//! raw limit of the same run beside each figure. A figure whose work was not really done is not printed: the run fails.

mod client;
mod disk;
mod http;
mod load;
mod report;
mod store;

use std::path::Path;
use std::sync::Arc;

use kernel::SystemClock;
use platform::db::Engine;

use crate::cli::{Bench, BenchLedger, Over};
use crate::commands::load_config;
use crate::failure::Failure;

use load::{Figures, Load};
use report::{Line, Report};
use store::Store;

pub(crate) fn run(file: Option<&Path>, options: &Bench) -> Result<(), Failure> {
    let config = load_config(file)?;
    let Bench::Ledger(options) = options;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(ledger(&config, options))
}

async fn ledger(config: &platform::config::Config, options: &BenchLedger) -> Result<(), Failure> {
    let sync = disk::sync_times(&options.dir)?;
    let mut report = Report::new(options, sync);
    report.open();
    for in_flight in &options.in_flight {
        let line = one(config, options, *in_flight).await?;
        report.line(line);
    }
    report.close();
    Ok(())
}

/// One figure: a fresh store, accounts with money in them, the load, the check, and the raw limit of the same shape.
async fn one(config: &platform::config::Config, options: &BenchLedger, in_flight: usize) -> Result<Line, Failure> {
    let clock = Arc::new(SystemClock);
    let load = Load {
        accounts: options.accounts,
        hot: options.hot,
        random_ids: options.random_ids,
        batch: options.batch,
        in_flight,
        warm_up_ms: options.warm_up_seconds * 1_000,
        measure_ms: options.seconds * 1_000,
    };
    let store = Store::create(config, &options.dir).await?;
    let engine = store.engine();
    let figures = match options.over {
        Over::Process => load::in_process(&store, &load, clock.clone()).await,
        Over::Http => http::over_http(&store, &load, clock.clone()).await,
    };
    let bytes = store.bytes();
    store.remove().await?;
    let figures: Figures = figures?;
    let raw = raw(config, options, &figures, clock).await?;
    Ok(Line { engine: name(engine), load, figures, raw, bytes })
}

fn name(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "sqlite",
        Engine::Postgres => "postgres",
    }
}

async fn raw(
    config: &platform::config::Config,
    options: &BenchLedger,
    figures: &Figures,
    clock: Arc<SystemClock>,
) -> Result<f64, Failure> {
    let store = Store::create(config, &options.dir).await?;
    let plan = ledger::RawPlan {
        accounts: options.accounts as u64,
        group_rows: figures.rows_per_group().max(1),
        row_bytes: figures.row_bytes.max(1),
        micros: options.raw_seconds * 1_000_000,
    };
    let db = store.open().await?;
    let handle = tokio::runtime::Handle::current();
    // On a thread of its own, as the ledger's lane is.
    let raw = tokio::task::spawn_blocking(move || handle.block_on(ledger::raw_writes(&db, plan, clock))).await;
    store.remove().await?;
    let raw = raw.map_err(|error| Failure::new(format!("the raw run ended early: {error}")))??;
    Ok(raw.rows as f64 * 1e6 / raw.micros.max(1) as f64)
}
