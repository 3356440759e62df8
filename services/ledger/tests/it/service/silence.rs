//! PostgreSQL over a connection on which nothing gets through: every call ends at its deadline, with an error that a
//! caller can act on, and what was sent meanwhile happens once.

use std::pin::Pin;
use std::sync::Arc;

use kernel::{Clock, Ctx, Deadline, IdMaker, Principal, SystemClock};
use ledger::{LedgerConfig, LedgerService};
use ledger_api::{
    BalanceQuery, DeclareMetadataKey, FindTransaction, History, Ledger, LedgerError, RollUpQuery, Schedule, Search,
    Side, StatementQuery, Submit, TimeBasis, TransactionQuery, TrialBalanceQuery,
};
use platform::db::{Access, Db};
use platform::error::Failure;
use platform::feed::Pull;
use testkit::{Fault, FaultProxy, Toxic, on_postgres};

use crate::service::harness::{id, may_go_negative, opening, path, pay};

const WAIT_MS: u64 = 600;

fn ctx(millis: u64) -> Ctx {
    let deadline = Deadline::after_millis(&SystemClock, millis);
    Ctx { principal: Principal::operator(), deadline, request_id: "req-1".into(), idempotency_key: None }
}

/// A call's error, checked to come soon after its deadline.
async fn word<T>(call: impl Future<Output = Result<T, LedgerError>>) -> LedgerError {
    let start = SystemClock.monotonic();
    let said = call.await.err().expect("no answer can come");
    let ms = SystemClock.monotonic().micros_since(start) / 1_000;
    assert!(ms < WAIT_MS + 400, "{said} after {ms} ms");
    said
}

type Said<'a> = Pin<Box<dyn Future<Output = (&'static str, LedgerError)> + 'a>>;

fn question<'a, T>(what: &'static str, call: impl Future<Output = Result<T, LedgerError>> + 'a) -> Said<'a> {
    Box::pin(async move { (what, word(call).await) })
}

/// Every query of the trait.
fn questions<'a>(ledger: &'a LedgerService, at: &'a Ctx) -> Vec<Said<'a>> {
    let balance = BalanceQuery { path: path("ann"), at: None, by: TimeBasis::Record };
    let statement = StatementQuery {
        path: path("ann"),
        from: None,
        to: None,
        by: TimeBasis::Record,
        order: Default::default(),
        limit: None,
        holds: false,
        after: None,
    };
    let search = TransactionQuery { key: "order".to_owned(), value: "7".to_owned(), before: None, limit: None };
    vec![
        question("account", async { ledger.account(at, &path("ann")).await }),
        question("accounts", ledger.accounts(at, Default::default())),
        question("assets", ledger.assets(at)),
        question("transaction", ledger.transaction(at, FindTransaction::Id(id(1)))),
        question("status", ledger.status(at)),
        question(
            "events_after",
            Ledger::events_after(ledger, at, Pull { after: 0, max: 9, wait_ms: 0, consumer: None }),
        ),
        question("balance", ledger.balance(at, balance)),
        question("roll_up", ledger.roll_up(at, RollUpQuery::now(path("ann")))),
        question("trial_balance", ledger.trial_balance(at, TrialBalanceQuery::default())),
        question("statement", ledger.statement(at, statement)),
        question("scheduled", ledger.scheduled(at, Default::default())),
        question("metadata_keys", ledger.metadata_keys(at)),
        question("transactions", ledger.transactions(at, search)),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_outlives_its_deadline_with_a_silent_store() {
    on_postgres(async |store| {
        let (proxy, url) = FaultProxy::postgres(store.url()).await;
        let db = Db::open(store.target_through(&url), Access::ReadWrite, 24).await.unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let ids = IdMaker::new(Arc::clone(&clock));
        let ledger = LedgerService::start(db, LedgerConfig::default(), clock, ids).await.unwrap();
        for name in ["ann", "bob"] {
            ledger.open_account(&ctx(5_000), opening(name, Side::Credit, may_go_negative())).await.unwrap();
        }
        proxy.set(&[Fault::both(Toxic::Timeout)]);
        let at = ctx(WAIT_MS);
        let submit = Submit { operation: pay(1, "ann", "bob", 5), dry_run: false };
        let key = DeclareMetadataKey { key: "order".to_owned() };
        let writes = tokio::join!(
            word(ledger.submit(&at, submit.clone())),
            word(ledger.declare_metadata_key(&at, key)),
            word(ledger.remove_metadata_key(&at, "order")),
        );
        assert_eq!(writes.0, LedgerError::Failed(Failure::OutcomeUnknown));
        // Outside of the lane, where it is known that no commit was sent.
        assert_eq!(writes.1, LedgerError::Failed(Failure::DeadlineExceeded));
        assert_eq!(writes.2, LedgerError::Failed(Failure::DeadlineExceeded));
        for (what, said) in futures_util::future::join_all(questions(&ledger, &ctx(WAIT_MS))).await {
            assert_eq!(said, LedgerError::Failed(Failure::DeadlineExceeded), "{what}");
        }
        proxy.clear();
        let done = ledger.submit(&ctx(10_000), submit).await.unwrap();
        assert_eq!(done.id, id(1));
        let ann = ledger.account(&ctx(5_000), &path("ann")).await.unwrap();
        assert_eq!((ann.balances.posted.minor(), ann.balances.version), (-5, 1));
        ledger.close().await.unwrap();
    })
    .await;
}
