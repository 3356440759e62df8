//! Many seeds on two threads, each in its own world.

use std::fmt;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use tempfile::TempDir;

use crate::simulation::stage::Met;
use crate::simulation::{ledger_host, world};

const THREADS: usize = 2;
const STACK_BYTES: usize = 8 << 20;
/// Failing seeds that are reported; after this many a run ends early.
const FAILURES_MAX: usize = 5;

/// A ledger with its accounts opened, to be copied for each seed.
pub(crate) struct Template {
    dir: TempDir,
}

impl Template {
    pub(crate) fn make() -> Template {
        let template = Template { dir: room() };
        world::alone(ledger_host::open_accounts(template.file()));
        template
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.dir.path().join("ledger.db")
    }
}

/// In memory if the machine has a directory for that: a crash here is that of a process, and thousands of disk syncs
/// would only test the disk.
pub(crate) fn room() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("make a temporary directory")
}

#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) seed: u64,
    pub(crate) findings: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seed = self.seed;
        writeln!(f, "seed {seed} failed; once more:")?;
        writeln!(
            f,
            "    FLORIN_SIM_SEED={seed} FLORIN_SIM_SEEDS=1 cargo test -p ledger --test it simulation::every_seed"
        )?;
        for finding in &self.findings {
            writeln!(f, "    {finding}")?;
        }
        Ok(())
    }
}

/// The outcome of many seeds.
#[derive(Debug, Default)]
pub(crate) struct Run {
    /// Lowest seed first.
    pub(crate) failed: Vec<Failure>,
    pub(crate) met: Met,
}

pub(crate) fn run(template: &Template, seeds: Range<u64>) -> Run {
    run_while(template, seeds, FAILURES_MAX, || ())
}

/// Runs until this many failed. `prepare` is called once on each thread.
pub(crate) fn run_while(template: &Template, seeds: Range<u64>, max: usize, prepare: impl Fn() + Sync) -> Run {
    let next = AtomicU64::new(seeds.start);
    let run = Mutex::new(Run::default());
    let work = || {
        prepare();
        while run.lock().unwrap().failed.len() < max {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                break;
            }
            let (findings, met) = live(template, seed);
            let mut run = run.lock().unwrap();
            run.met = run.met.and(met);
            if !findings.is_empty() {
                run.failed.push(Failure { seed, findings });
            }
        }
    };
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let builder = std::thread::Builder::new().name(format!("seeds-{thread}")).stack_size(STACK_BYTES);
            builder.spawn_scoped(scope, work).expect("start a thread");
        }
    });
    let mut run = run.into_inner().unwrap();
    run.failed.sort_by_key(|failure| failure.seed);
    run
}

fn live(template: &Template, seed: u64) -> (Vec<String>, Met) {
    match catch_unwind(AssertUnwindSafe(|| world::run(template, seed))) {
        Ok(ended) => (ended.findings, ended.met),
        Err(panic) => {
            let said = panic.downcast_ref::<String>().map(String::as_str);
            let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a word");
            (vec![format!("panicked: {said}")], Met::default())
        }
    }
}
