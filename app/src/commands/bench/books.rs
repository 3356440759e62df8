//! A ledger on a benchmark's store, in this process or in a separate one: created, filled, measured any number of
//! times, and closed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kernel::{Clock, Currency, IdMaker, SystemClock};
use ledger::{LedgerConfig, LedgerService};
use ledger_api::{AccountPath, Ledger, LedgerStatus, Limits, OpenAccount, RollUpQuery, Side};
use serde_json::{Value, json};

use super::client::{Caller, FUNDS, InProcess, Transfer, WORLD, Whom};
use super::load::{self, Figures, Load};
use super::memory::Memory;
use super::process::LedgerProcess;
use super::store::Store;
use super::{commits, fill};
use crate::failure::Failure;
use crate::progress::Progress;

/// Commands that open accounts at the same time: two full groups, so that one fills while the other is written.
const OPENING: usize = 2_000;
/// No more than its connections can carry at once.
const OPENING_THERE: usize = 500;

const TOLD_EACH: Duration = Duration::from_millis(500);

pub(super) struct Books {
    store: Store,
    place: Place,
    pub(super) ledger: Arc<dyn Ledger>,
    pub(super) whom: Whom,
    pub(super) paths: Arc<[AccountPath]>,
    currency: Currency,
    /// Transfers in the store, and the amount they moved.
    pub(super) transfers: u64,
    pub(super) moved: i64,
}

/// Where the ledger runs.
enum Place {
    Here(Arc<LedgerService>),
    There(Box<LedgerProcess>),
}

/// A store's state when it was closed.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    /// The size of all its files; unknown for a database.
    pub bytes: Option<u64>,
    /// All transfers in it, including those that funded the accounts and the stored ones.
    pub transfers: u64,
    /// Mean of the newest rows of the log.
    pub row_bytes: usize,
}

impl End {
    pub(super) fn bytes_a_transfer(self) -> Option<f64> {
        Some(self.bytes? as f64 / self.transfers.max(1) as f64)
    }

    pub(super) fn value(self) -> Value {
        json!({ "file_bytes": self.bytes, "transfers": self.transfers, "bytes_a_transfer": self.bytes_a_transfer() })
    }
}

impl Books {
    /// Funded accounts, and nothing else.
    pub(super) async fn open(store: Store, accounts: usize) -> Result<Books, Failure> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let config = LedgerConfig { rollup_accounts_max: accounts + 1, ..LedgerConfig::default() };
        let ids = IdMaker::new(Arc::clone(&clock));
        let service = Arc::new(LedgerService::start(store.open().await?, config, Arc::clone(&clock), ids).await?);
        let ledger: Arc<dyn Ledger> = service.clone();
        Books::of(store, Place::Here(service), ledger, Whom::operator(&clock), accounts).await
    }

    /// The same in another process, called over `connections`.
    pub(super) async fn open_there(store: Store, accounts: usize, connections: usize) -> Result<Books, Failure> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let process = LedgerProcess::start(&store, accounts, connections, &clock).await?;
        let (ledger, whom) = (process.ledger(), process.whom());
        Books::of(store, Place::There(Box::new(process)), ledger, whom, accounts).await
    }

    async fn of(
        store: Store,
        place: Place,
        ledger: Arc<dyn Ledger>,
        whom: Whom,
        accounts: usize,
    ) -> Result<Books, Failure> {
        let (currency, paths) = (load::currency()?, load::paths(accounts)?);
        let mut books = Books { store, place, ledger, whom, paths, currency, transfers: 0, moved: 0 };
        books.open_accounts().await?;
        fund(books.caller(), &books.paths, &books.whom.clock).await?;
        books.transfers = accounts as u64;
        books.moved = FUNDS * accounts as i64;
        Ok(books)
    }

    /// The same with what the load needs.
    pub(super) async fn prepare(store: Store, load: &Load) -> Result<Books, Failure> {
        let mut books = Books::open(store, load.accounts).await?;
        fill::fill(&mut books, load).await?;
        Ok(books)
    }

    pub(super) fn caller(&self) -> InProcess {
        InProcess { ledger: Arc::clone(&self.ledger), whom: self.whom.clone(), currency: self.currency }
    }

    pub(super) async fn measure(&mut self, load: &Load) -> Result<Figures, Failure> {
        let before = self.status().await?;
        let callers = (0..load.in_flight).map(|_| self.caller()).collect();
        let run = load::run(callers, load, &self.paths, &self.whom.clock).await?;
        let longest_commit = matches!(self.place, Place::Here(_)).then(commits::longest);
        let after = self.status().await?;
        let rows = after.rows - before.rows;
        load::check(&run, rows, self.moved_in_books().await? - self.moved)?;
        self.transfers += run.acknowledged;
        self.moved += run.moved;
        Ok(run.figures(after.groups - before.groups, rows, longest_commit))
    }

    pub(super) async fn status(&self) -> Result<LedgerStatus, Failure> {
        Ok(self.ledger.status(&self.whom.ctx()).await?)
    }

    pub(super) async fn moved_in_books(&self) -> Result<i64, Failure> {
        let total = self.ledger.roll_up(&self.whom.ctx(), RollUpQuery::now("bench".parse()?)).await?;
        Ok(total.currencies.first().map_or(0, |total| total.posted_debits.minor()))
    }

    /// Of a separate process.
    pub(super) fn memory(&self) -> Option<Memory> {
        match &self.place {
            Place::Here(_) => None,
            Place::There(process) => process.memory(),
        }
    }

    /// Removes the store and keeps only what is known about it.
    pub(super) async fn close(self) -> Result<End, Failure> {
        drop(self.ledger);
        match self.place {
            Place::Here(service) => {
                service.close().await?;
            }
            Place::There(process) => process.stop().await?,
        }
        let bytes = self.store.bytes();
        let row_bytes = ledger::mean_row_bytes(&self.store.open().await?).await?;
        self.store.remove().await?;
        Ok(End { bytes, transfers: self.transfers, row_bytes })
    }

    async fn open_accounts(&self) -> Result<(), Failure> {
        let world = OpenAccount {
            path: WORLD.parse()?,
            currency: self.currency,
            normal: Side::Debit,
            limits: Limits::default(),
            owner: None,
            reference: None,
            metadata: Default::default(),
        };
        self.ledger.open_account(&self.whom.ctx(), world.clone()).await?;
        let next = Arc::new(AtomicUsize::new(0));
        let mut opening = tokio::task::JoinSet::new();
        let at_once = if matches!(self.place, Place::Here(_)) { OPENING } else { OPENING_THERE };
        for _ in 0..at_once.min(self.paths.len()) {
            opening.spawn(open_some(self.caller(), Arc::clone(&self.paths), Arc::clone(&next), world.clone()));
        }
        let mut progress = Progress::new("opening accounts", "accounts");
        // All of them finish together, so the progress only shows on the way.
        loop {
            match tokio::time::timeout(TOLD_EACH, opening.join_next()).await {
                Ok(None) => break,
                Ok(Some(opened)) => opened??,
                Err(_) => progress.at(next.load(Ordering::Relaxed) as u64, self.paths.len() as u64),
            }
        }
        progress.finish();
        Ok(())
    }
}

/// Takes the next path, until there are none left.
async fn open_some(
    caller: InProcess,
    paths: Arc<[AccountPath]>,
    next: Arc<AtomicUsize>,
    like: OpenAccount,
) -> Result<(), Failure> {
    while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
        let open = OpenAccount { path: path.clone(), normal: Side::Credit, ..like.clone() };
        caller.ledger.open_account(&caller.whom.ctx(), open).await?;
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
