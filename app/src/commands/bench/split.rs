//! `florin bench split`: the cost of a ledger in another process against one in the same process, alternating under the
//! same load.

use super::books::{Books, End};
use super::goals::Goals;
use super::load::{Figures, Load};
use super::memory::Memory;
use super::pictures;
use super::report::Report;
use super::store::Stores;
use crate::cli::BenchSplit;
use crate::failure::Failure;

/// Both sides, measured one after the other.
pub(super) struct Turn {
    pub in_flight: usize,
    pub here: Figures,
    pub there: Figures,
    pub here_first: bool,
}

impl Turn {
    /// In percent of the local ledger's throughput.
    pub(super) fn ratio(&self) -> f64 {
        self.there.per_second() * 100.0 / self.here.per_second().max(1.0)
    }
}

/// All turns with the same number of concurrent calls.
pub(super) struct Step {
    pub in_flight: usize,
    pub turns: Vec<Turn>,
}

impl Step {
    pub(super) fn median(&self) -> f64 {
        super::pairs::median(self.turns.iter().map(Turn::ratio))
    }
}

/// The two stores' state, and the memory of the other process.
pub(super) struct Left {
    pub here: End,
    pub there: End,
    pub memory: Option<Memory>,
}

pub(super) async fn run(stores: &Stores<'_>, options: &BenchSplit) -> Result<(), Failure> {
    let connections = options.connections.unwrap_or(stores.connections());
    let mut report = Report::open(&options.output, stores.engine(), stores.dir())?;
    let mut here = Books::open(stores.create().await?, options.accounts).await?;
    let mut there = Books::open_there(stores.create().await?, options.accounts, connections).await?;
    let described = report.split_open(&load(options, 1), connections);
    let mut steps = Vec::new();
    for in_flight in &options.in_flight {
        steps.push(step(&mut here, &mut there, &load(options, *in_flight), options.pairs, &mut report).await?);
    }
    let memory = there.memory();
    let left = Left { here: here.close().await?, there: there.close().await?, memory };
    report.split_close(&steps, &left);
    let goals = goals(options, &steps);
    report.close(&goals, Some(&pictures::of_split(described, &steps)))?;
    goals.verdict()
}

fn load(options: &BenchSplit, in_flight: usize) -> Load {
    Load {
        accounts: options.accounts,
        hot: false,
        random_ids: false,
        stored: 0,
        batch: options.batch,
        in_flight,
        warm_up_ms: options.warm_up_seconds * 1_000,
        measure_ms: options.seconds * 1_000,
    }
}

async fn step(
    here: &mut Books,
    there: &mut Books,
    load: &Load,
    pairs: u32,
    report: &mut Report<'_>,
) -> Result<Step, Failure> {
    let mut turns = Vec::new();
    for place in 0..pairs {
        let turn = turn(here, there, load, place % 2 == 0).await?;
        report.turn(&turn);
        turns.push(turn);
    }
    Ok(Step { in_flight: load.in_flight, turns })
}

async fn turn(here: &mut Books, there: &mut Books, load: &Load, here_first: bool) -> Result<Turn, Failure> {
    let in_flight = load.in_flight;
    if here_first {
        let here = here.measure(load).await?;
        return Ok(Turn { in_flight, here, there: there.measure(load).await?, here_first });
    }
    let there = there.measure(load).await?;
    Ok(Turn { in_flight, here: here.measure(load).await?, there, here_first })
}

fn goals(options: &BenchSplit, steps: &[Step]) -> Goals {
    let mut goals = Goals::default();
    for step in steps {
        let what = format!("median ratio in percent, {} in flight", step.in_flight);
        goals.at_least(what, options.ratio_at_least, Some(step.median()));
        let p99 = |turn: &Turn| turn.there.latency.value_at_quantile(0.99) as f64 / 1e3;
        let worst = step.turns.iter().map(p99).max_by(f64::total_cmp);
        goals.at_most(format!("p99 of a remote call in ms, {} in flight", step.in_flight), options.p99_at_most, worst);
    }
    goals
}
