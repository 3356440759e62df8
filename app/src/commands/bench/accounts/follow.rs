//! `florin bench transactions`: how fast the index of movements follows the ledger, and pages while it does.

use std::time::Duration;

use accounts_api::MovementQuery;
use hdrhistogram::Histogram;
use kernel::Clock;
use ledger_api::{AccountPath, Ledger, Metadata};
use rand::RngExt;
use serde_json::json;

use super::Desk;
use crate::cli::BenchTransactions;
use crate::commands::bench::disk::sync_times;
use crate::commands::bench::goals::Goals;
use crate::commands::bench::memory::Memory;
use crate::commands::bench::report::Report;
use crate::commands::bench::store::Stores;
use crate::commands::bench::table;
use crate::failure::Failure;

const DAY: &str = "2027-01-15";
const PAGES: usize = 2_000;
const PAGE: usize = 50;
/// More movements arrive while pages are read.
const WHILE_READ: usize = 200_000;

pub(in crate::commands::bench) async fn transactions(
    stores: &Stores<'_>,
    options: &BenchTransactions,
) -> Result<(), Failure> {
    let mut report = Report::open(&options.output, stores.engine(), stores.dir())?;
    let mut goals = Goals::default();
    let syncs = sync_times(stores.dir())?;
    report.say(&format!("one sync of this disk: {} (p50)", table::millis(syncs.value_at_quantile(0.5))));
    let desk = Desk::open(stores, DAY, options.accounts).await?;
    let paths = desk.add_accounts(options.accounts).await?;
    let texts = [("kind", "card"), ("mcc", "5411"), ("name", "Corner Shop"), ("text", "thank you")];
    let metadata: Metadata = texts.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let batches = desk.pay_in(&paths, options.movements, &metadata).await?;
    report.say(&format!("the ledger's batches in this run: {} a second", table::grouped(batches as u64)));
    let consumer = desk.opened.consumers.first().ok_or_else(|| Failure::new("the room follows nothing"))?;
    let started = desk.clock.monotonic();
    let following = consumer.start();
    caught_up(&desk).await?;
    let seconds = desk.clock.monotonic().micros_since(started) as f64 / 1e6;
    let rate = options.movements as f64 / seconds;
    report.say(&format!(
        "{} movements indexed in {seconds:.1} s, {} a second",
        table::grouped(options.movements as u64),
        table::grouped(rate as u64)
    ));
    let (pages, _) =
        tokio::try_join!(pages(&desk, &paths), desk.pay_in(&paths, WHILE_READ.min(options.movements), &metadata))?;
    let (p50, p99) = (pages.value_at_quantile(0.5), pages.value_at_quantile(0.99));
    report.say(&format!(
        "a page of 50 of an account while it follows: {} (p50), {} (p99)",
        table::millis(p50),
        table::millis(p99)
    ));
    caught_up(&desk).await?;
    following.close().await;
    let memory = Memory::of_this_process();
    memory.iter().for_each(|memory| report.say(&format!("memory of the process: {}", memory.sentence())));
    report.insert("movements", json!(options.movements));
    report.insert("sync_us", json!(syncs.value_at_quantile(0.5)));
    report.insert("ledger_batches_per_second", json!(batches));
    report.insert("indexed_per_second", json!(rate));
    report.insert("page_us", json!({ "p50": p50, "p99": p99 }));
    goals.at_least("movements a second", options.index_at_least, Some(rate));
    goals.at_most("p99 of a page in ms", options.page_p99_at_most, Some(p99 as f64 / 1e3));
    desk.close().await?;
    report.close(&goals, None)?;
    goals.verdict()
}

/// Until the index has everything that the ledger has.
async fn caught_up(desk: &Desk) -> Result<(), Failure> {
    let rows = desk.ledger.status(&desk.ctx()).await?.rows;
    loop {
        let query = MovementQuery { limit: 1, ..MovementQuery::default() };
        if desk.opened.face.movements(&desk.ctx(), query).await?.indexed_to_seq >= rows {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn pages(desk: &Desk, paths: &[AccountPath]) -> Result<Histogram<u64>, Failure> {
    let mut times = Histogram::new(3)?;
    for _ in 0..PAGES {
        let path = paths.get(rand::rng().random_range(0..paths.len())).ok_or_else(|| Failure::new("no account"))?;
        let account = path.as_str().trim_start_matches("customers:").parse()?;
        let query = MovementQuery { account: Some(account), limit: PAGE, ..MovementQuery::default() };
        let started = desk.clock.monotonic();
        let page = desk.opened.face.movements(&desk.ctx(), query).await?;
        times.record(desk.clock.monotonic().micros_since(started))?;
        if page.items.is_empty() {
            return Err(Failure::new("a page has no movements"));
        }
    }
    Ok(times)
}
