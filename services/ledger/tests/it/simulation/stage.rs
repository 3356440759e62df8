//! State shared by the parts of one simulated world, and what they report.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use ledger_api::TransactionId;
use platform::rpc::Credential;

use crate::simulation::plan::Plan;
use crate::simulation::time::SimClock;

pub(crate) const READERS: usize = 2;
pub(crate) const CLIENTS: usize = 3;
pub(crate) const ACCOUNTS: [&str; 4] = ["bank", "ann", "bob", "cat"];

pub(crate) struct Stage {
    pub(crate) seed: u64,
    pub(crate) plan: Plan,
    pub(crate) dir: PathBuf,
    pub(crate) credential: Credential,
    /// The ledger's clock error.
    pub(crate) skew_us: Arc<AtomicI64>,
    pub(crate) starts: AtomicU64,
    pub(crate) clients_done: AtomicUsize,
    /// How far each reader is known to be.
    pub(crate) reached: [AtomicU64; READERS],
    pub(crate) intents: Mutex<Vec<Intent>>,
    pub(crate) findings: Mutex<Vec<String>>,
    pub(crate) met: Mutex<Met>,
    trace: Mutex<DefaultHasher>,
}

/// A client's transfer, and the replies about it. No two have the same amount.
#[derive(Debug, Clone)]
pub(crate) struct Intent {
    pub(crate) id: TransactionId,
    pub(crate) debit: &'static str,
    pub(crate) credit: &'static str,
    pub(crate) minor: i64,
    pub(crate) posted: bool,
}

/// What went wrong in a world, to be recovered from.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Met {
    pub(crate) crashes: u64,
    pub(crate) cut_off: u64,
    pub(crate) held: u64,
    pub(crate) broken: u64,
    pub(crate) clocks: u64,
    pub(crate) tried_again: u64,
    pub(crate) replayed: u64,
    pub(crate) refused: u64,
    pub(crate) parked: u64,
}

impl Met {
    fn all(self) -> [u64; 9] {
        let Met { crashes, cut_off, held, broken, clocks, tried_again, replayed, refused, parked } = self;
        [crashes, cut_off, held, broken, clocks, tried_again, replayed, refused, parked]
    }

    pub(crate) fn and(self, other: Met) -> Met {
        Met {
            crashes: self.crashes + other.crashes,
            cut_off: self.cut_off + other.cut_off,
            held: self.held + other.held,
            broken: self.broken + other.broken,
            clocks: self.clocks + other.clocks,
            tried_again: self.tried_again + other.tried_again,
            replayed: self.replayed + other.replayed,
            refused: self.refused + other.refused,
            parked: self.parked + other.parked,
        }
    }

    pub(crate) fn is_plenty(self) -> bool {
        self.all().iter().all(|times| *times >= 5)
    }
}

impl Stage {
    pub(crate) fn new(seed: u64, dir: PathBuf, credential: Credential) -> Arc<Stage> {
        Arc::new(Stage {
            seed,
            plan: Plan::of(seed),
            dir,
            credential,
            skew_us: Arc::default(),
            starts: AtomicU64::new(0),
            clients_done: AtomicUsize::new(0),
            reached: Default::default(),
            intents: Mutex::default(),
            findings: Mutex::default(),
            met: Mutex::default(),
            trace: Mutex::new(DefaultHasher::new()),
        })
    }

    /// A clock that nobody sets.
    pub(crate) fn clock(&self) -> Arc<SimClock> {
        Arc::new(SimClock::new(Arc::default()))
    }

    pub(crate) fn ledger_clock(&self) -> Arc<SimClock> {
        Arc::new(SimClock::new(Arc::clone(&self.skew_us)))
    }

    /// Something happened, now.
    pub(crate) fn told(&self, what: &str, of: u64) {
        let now = turmoil::sim_elapsed().unwrap_or_default();
        (what, of, now).hash(&mut *self.trace.lock().unwrap());
        if std::env::var_os("FLORIN_SIM_TELL").is_some() {
            println!("{:>8} us  {what} {of}", now.as_micros());
        }
    }

    pub(crate) fn trace(&self) -> u64 {
        self.trace.lock().unwrap().finish()
    }

    pub(crate) fn found(&self, finding: String) {
        self.findings.lock().unwrap().push(finding);
    }

    pub(crate) fn meet(&self, what: impl FnOnce(&mut Met)) {
        what(&mut self.met.lock().unwrap());
    }

    /// Whether all transfers are settled and everybody has read up to there.
    pub(crate) fn is_over(&self, end: u64) -> bool {
        let clients = self.clients_done.load(Ordering::Relaxed) == CLIENTS;
        clients && self.reached.iter().all(|reached| reached.load(Ordering::Relaxed) >= end)
    }
}
