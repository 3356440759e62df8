//! The ledger's process: the real service on a real file, behind the real routes. A restart opens the same file again.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use kernel::{Clock, Ctx, Deadline, IdMaker, Principal};
use ledger::{LedgerConfig, LedgerService};
use ledger_api::{Book, BookName, Books, CreateBook, Ledger, LedgerError, Limits, OpenAccount, Refusal, Side};
use platform::db::{Access, Db, Target};
use platform::error::Failure;
use platform::lane::Runner;
use platform::rpc::{Served, routes};

use crate::simulation::network;
use crate::simulation::plan::dice;
use crate::simulation::stage::{ACCOUNTS, Stage};
use crate::simulation::time::SimPace;

const CACHE_MB: u32 = 1;
const READERS: usize = 2;

pub(crate) async fn run(stage: Arc<Stage>) -> turmoil::Result {
    let start = stage.starts.fetch_add(1, Ordering::Relaxed);
    stage.told("the ledger starts", start);
    let clock: Arc<dyn Clock> = stage.ledger_clock();
    let db = open(stage.dir.join("ledger.db")).await;
    let (slow, ms_max) = (stage.plan.slow_statements, stage.plan.slow_ms_max);
    db.keep_pace(SimPace::new(dice(stage.seed, 100 + start), slow, ms_max));
    let ledger: Arc<dyn Ledger> = Arc::new(service(db, Arc::clone(&clock), stage.seed ^ start << 32).await?);
    let methods = ledger_api::methods(ledger_api::SERVICE, Arc::new(OneBook(ledger)));
    let served = Served::new([methods], Arc::new(testkit::AsSaid), clock).unwrap();
    network::serve(routes(served, stage.credential.clone())).await
}

pub(crate) async fn open(file: PathBuf) -> Db {
    Db::open(Target::Sqlite { file, cache_mb: CACHE_MB }, Access::ReadWrite, READERS).await.expect("open a store")
}

pub(crate) async fn service(db: Db, clock: Arc<dyn Clock>, seed: u64) -> Result<LedgerService, platform::db::DbError> {
    let config = LedgerConfig { runner: Runner::LocalTask, batch_max: 5, ..LedgerConfig::default() };
    LedgerService::start(db, config, Arc::clone(&clock), IdMaker::seeded(clock, seed)).await
}

/// For the store that each world gets a copy of.
pub(crate) async fn open_accounts(file: PathBuf) {
    let clock: Arc<dyn Clock> = Arc::new(testkit::FakeClock::default());
    let ledger = service(open(file).await, Arc::clone(&clock), 0).await.expect("start a ledger");
    for name in ACCOUNTS {
        let bank = name == "bank";
        let open = OpenAccount {
            path: name.parse().unwrap(),
            currency: "USD".parse().unwrap(),
            normal: if bank { Side::Debit } else { Side::Credit },
            limits: Limits { may_go_negative: bank, ..Limits::default() },
            owner: None,
            reference: None,
            metadata: Default::default(),
        };
        ledger.open_account(&ctx(&*clock, 10_000), open).await.expect("open an account");
    }
    ledger.close().await.expect("close a ledger");
}

pub(crate) fn ctx(clock: &dyn Clock, millis: u64) -> Ctx {
    let deadline = Deadline::after_millis(clock, millis);
    Ctx { principal: Principal::operator(), deadline, request_id: "sim".into(), idempotency_key: None }
}

/// The one book of these worlds.
struct OneBook(Arc<dyn Ledger>);

#[async_trait]
impl Books for OneBook {
    async fn create_book(&self, _: &Ctx, _: CreateBook) -> Result<Book, LedgerError> {
        Err(LedgerError::Failed(Failure::Forbidden))
    }

    async fn books(&self, _: &Ctx) -> Result<Vec<Book>, LedgerError> {
        Err(LedgerError::Failed(Failure::Forbidden))
    }

    async fn book(&self, name: &BookName) -> Result<Arc<dyn Ledger>, LedgerError> {
        if name.is_main() {
            return Ok(Arc::clone(&self.0));
        }
        Err(Refusal::NotFound { what: "book".to_owned(), name: name.to_string() }.into())
    }
}
