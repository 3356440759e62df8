//! `florin bench interest`: the end of a day with every account, first one that only accrues, then one that posts too.

use accounts_api::{DayPhase, DayRun};
use jiff::civil::Date;
use kernel::Clock;
use ledger_api::Metadata;
use serde_json::json;

use super::Desk;
use crate::cli::BenchInterest;
use crate::commands::bench::disk::sync_times;
use crate::commands::bench::goals::Goals;
use crate::commands::bench::memory::Memory;
use crate::commands::bench::report::Report;
use crate::commands::bench::store::Stores;
use crate::commands::bench::table;
use crate::failure::Failure;

/// The day before a period's last one, so that it only accrues.
const FIRST: Date = Date::constant(2027, 1, 30);

pub(in crate::commands::bench) async fn interest(stores: &Stores<'_>, options: &BenchInterest) -> Result<(), Failure> {
    let mut report = Report::open(&options.output, stores.engine(), stores.dir())?;
    let mut goals = Goals::default();
    let syncs = sync_times(stores.dir())?;
    report.say(&format!("one sync of this disk: {} (p50)", table::millis(syncs.value_at_quantile(0.5))));
    let desk = Desk::open(stores, &FIRST.to_string(), options.accounts).await?;
    let paths = desk.add_accounts(options.accounts).await?;
    let batches = desk.pay_in(&paths, options.accounts, &Metadata::new()).await?;
    report.say(&format!("the ledger's batches in this run: {} a second", table::grouped(batches as u64)));
    desk.clock.next_day();
    let (accrual, run) = closed(&desk, FIRST).await?;
    check(&run, options.accounts, false)?;
    desk.clock.next_day();
    let (posting, run) = closed(&desk, FIRST.tomorrow()?).await?;
    check(&run, options.accounts, true)?;
    let accounts = table::grouped(options.accounts as u64);
    report.say(&format!("{accounts} accounts, accrual alone: {accrual:.1} s"));
    report.say(&format!("{accounts} accounts, accrual and a posting to each: {posting:.1} s"));
    let memory = Memory::of_this_process();
    memory.iter().for_each(|memory| report.say(&format!("memory of the process: {}", memory.sentence())));
    report.insert("accounts", json!(options.accounts));
    report.insert("sync_us", json!(syncs.value_at_quantile(0.5)));
    report.insert("ledger_batches_per_second", json!(batches));
    report.insert("accrual_seconds", json!(accrual));
    report.insert("accrual_and_posting_seconds", json!(posting));
    report.insert("memory", json!(memory.map(Memory::value)));
    goals.at_most("seconds of the accrual", options.accrual_at_most, Some(accrual));
    goals.at_most("seconds of accrual and posting", options.posting_at_most, Some(posting));
    let peak_mb = memory.map(|memory| memory.peak_kb as f64 / 1_024.0);
    goals.at_most("MB of memory", options.memory_mb_at_most, peak_mb);
    desk.close().await?;
    report.close(&goals, None)?;
    goals.verdict()
}

async fn closed(desk: &Desk, day: Date) -> Result<(f64, DayRun), Failure> {
    let started = desk.clock.monotonic();
    let run = desk.opened.face.close_day(&desk.ctx(), day).await?;
    Ok((desk.clock.monotonic().micros_since(started) as f64 / 1e6, run))
}

/// Every account was looked at, and paid if the period ended.
fn check(run: &DayRun, accounts: usize, posts: bool) -> Result<(), Failure> {
    let paid = run.totals.iter().any(|total| total.paid.minor() > 0);
    let whole = run.phase == DayPhase::Done && run.accounts == accounts as u64 && run.left_out.is_empty();
    if whole && paid == posts { Ok(()) } else { Err(Failure::new(format!("the day was not closed: {run:?}"))) }
}
