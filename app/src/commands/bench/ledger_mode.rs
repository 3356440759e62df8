//! `florin bench ledger`: several runs, each on its own store, or pairs of runs against another load.

use kernel::SystemClock;
use platform::db::Engine;
use std::sync::Arc;

use super::books::{Books, End};
use super::goals::Goals;
use super::load::{Figures, Load};
use super::pairs::{self, Pair, Paired};
use super::report::{Line, Report};
use super::store::Stores;
use super::{http, pictures};
use crate::cli::{Against, BenchLedger, Over};
use crate::failure::Failure;

const LISTED: [usize; 5] = [1, 16, 64, 256, 1_024];
const ALONE: usize = 1_024;

pub(super) async fn run(stores: &Stores<'_>, options: &BenchLedger) -> Result<(), Failure> {
    check(stores, options)?;
    let mut report = Report::open(&options.output, stores.engine(), stores.dir())?;
    let mut goals = Goals::default();
    let picture = match options.against {
        Some(against) => paired(stores, options, against, &mut report, &mut goals).await?,
        None => listed(stores, options, &mut report, &mut goals).await?,
    };
    report.close(&goals, picture.as_deref())?;
    goals.verdict()
}

/// Contradictory options are refused before anything is created.
fn check(stores: &Stores<'_>, options: &BenchLedger) -> Result<(), Failure> {
    let BenchLedger { over, stored, hot, random_ids, accounts, goals, .. } = options;
    let same = |what: &str| Err(Failure::new(format!("--against {what}, otherwise both sides are the same")));
    let http = *over == Over::Http;
    match options.against {
        Some(Against::Empty) if *stored == 0 => return same("empty needs --stored"),
        Some(Against::Ordered) if !random_ids => return same("ordered needs --random-ids"),
        Some(Against::Uniform) if !hot => return same("uniform needs --hot"),
        Some(Against::Accounts(others)) if others == *accounts => return same("accounts=N needs a different N"),
        Some(_) if in_flight(options).len() > 1 => {
            return Err(Failure::new("--against needs a single number for --in-flight"));
        }
        _ => {}
    }
    if http && (*stored > 0 || options.against.is_some() || goals.commit_at_most.is_some()) {
        return Err(Failure::new("--stored, --against and --commit-at-most can only be measured in process"));
    }
    if stores.engine() == Engine::Postgres && goals.bytes_at_most.is_some() {
        return Err(Failure::new("--bytes-at-most needs files, and a database's cannot be seen"));
    }
    Ok(())
}

fn in_flight(options: &BenchLedger) -> Vec<usize> {
    match &*options.in_flight {
        [] if options.against.is_some() || options.goals.steady.is_some() => vec![ALONE],
        [] => LISTED.to_vec(),
        wanted => wanted.to_vec(),
    }
}

async fn listed(
    stores: &Stores<'_>,
    options: &BenchLedger,
    report: &mut Report<'_>,
    goals: &mut Goals,
) -> Result<Option<String>, Failure> {
    let mut lines = Vec::new();
    for in_flight in in_flight(options) {
        let line = one(stores, options, Load::new(options, in_flight)).await?;
        set_line_goals(options, &line, goals);
        report.line(&line);
        lines.push(line);
    }
    if let [line] = &*lines {
        report.series(line, options.goals.steady.is_some());
    }
    Ok(pictures::of_lines(stores.engine(), &lines))
}

/// One figure: a fresh store, funded accounts, the load, the check, and the raw limit of the same shape.
async fn one(stores: &Stores<'_>, options: &BenchLedger, load: Load) -> Result<Line, Failure> {
    let store = stores.create().await?;
    let (figures, end, server) = match options.over {
        Over::Process => {
            let mut books = Books::prepare(store, &load).await?;
            (books.measure(&load).await?, books.close().await?, None)
        }
        Over::Http => {
            let measured = http::over_http(&store, &load).await?;
            store.remove().await?;
            measured
        }
    };
    let raw = raw(stores, options, &figures, end).await?;
    Ok(Line { over: options.over, load, figures, raw, end, server })
}

async fn raw(stores: &Stores<'_>, options: &BenchLedger, figures: &Figures, end: End) -> Result<f64, Failure> {
    let store = stores.create().await?;
    let plan = ledger::RawPlan {
        accounts: options.accounts as u64,
        group_rows: figures.rows_per_group().max(1),
        row_bytes: end.row_bytes.max(1),
        micros: options.raw_seconds * 1_000_000,
    };
    let db = store.open().await?;
    let handle = tokio::runtime::Handle::current();
    // On a separate thread, like the ledger's lane.
    let write = move || handle.block_on(ledger::raw_writes(&db, plan, Arc::new(SystemClock)));
    let raw = tokio::task::spawn_blocking(write).await;
    store.remove().await?;
    let raw = raw.map_err(|error| Failure::new(format!("the raw run ended early: {error}")))??;
    Ok(raw.rows as f64 * 1e6 / raw.micros.max(1) as f64)
}

async fn paired(
    stores: &Stores<'_>,
    options: &BenchLedger,
    against: Against,
    report: &mut Report<'_>,
    goals: &mut Goals,
) -> Result<Option<String>, Failure> {
    let load = Load::new(options, in_flight(options).first().copied().unwrap_or(ALONE));
    report.pairs_open(&load, against);
    let paired = pairs::measure(stores, load, against, options.pairs, |pair| report.pair(pair)).await?;
    report.pairs_close(&paired);
    set_pair_goals(options, &paired, goals);
    Ok(Some(pictures::of_pairs(stores.engine(), &paired)))
}

fn set_line_goals(options: &BenchLedger, line: &Line, goals: &mut Goals) {
    let (wanted, figures, in_flight) = (&options.goals, &line.figures, line.load.in_flight);
    goals.at_least(format!("transfers per second, {in_flight} in flight"), wanted.at_least, Some(figures.per_second()));
    let steady = Some(figures.slices.steadiness());
    goals.at_least("last third of the run in percent of the first", wanted.steady, steady);
    goals.at_most(longest_commit(in_flight), wanted.commit_at_most, commit_ms(figures));
    let bytes = line.end.bytes_a_transfer();
    goals.at_most(format!("bytes per transfer, {in_flight} in flight"), wanted.bytes_at_most, bytes);
}

fn set_pair_goals(options: &BenchLedger, paired: &Paired, goals: &mut Goals) {
    let wanted = &options.goals;
    goals.at_least("median ratio in percent", wanted.ratio_at_least, Some(paired.median()));
    let least = |pairs: &[Pair]| pairs.iter().map(|pair| pair.ours.per_second()).min_by(f64::total_cmp);
    goals.at_least("transfers per second in the slowest run", wanted.at_least, least(&paired.pairs));
    let commits = paired.pairs.iter().filter_map(|pair| commit_ms(&pair.ours)).max_by(f64::total_cmp);
    goals.at_most(longest_commit(paired.load.in_flight), wanted.commit_at_most, commits);
    goals.at_most("bytes a transfer", wanted.bytes_at_most, paired.end.bytes_a_transfer());
}

fn longest_commit(in_flight: usize) -> String {
    format!("longest commit in ms, {in_flight} in flight")
}

fn commit_ms(figures: &Figures) -> Option<f64> {
    Some(figures.longest_commit? as f64 / 1e3)
}
