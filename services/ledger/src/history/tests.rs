//! Both engines accept every history query, and the cost of a page does not grow with the account.

use std::sync::Arc;

use kernel::{Clock, Ctx, Deadline, IdMaker, Monotonic, Principal, SystemClock, Timestamp};
use ledger_api::{BalanceQuery, Batch, History, Ledger, Operation, Search, Statement, StatementQuery};
use serde_json::{Value, json};
use testkit::{FakeClock, for_each_engine};

use super::rows::Cost;
use super::{facts_of, sql, statement};
use crate::store::sql::MIGRATIONS;
use crate::{LedgerConfig, LedgerService};

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_can_be_prepared() {
    for_each_engine(async |store| {
        let db = store.open().await;
        db.migrate(MIGRATIONS).await.unwrap();
        let tx = db.read().await.unwrap();
        for statement in sql::STATEMENTS {
            tx.prepare(statement).await.unwrap_or_else(|error| panic!("{statement}: {error} {:?}", error.source));
        }
    })
    .await;
}

#[test]
fn every_statement_is_on_its_list() {
    assert_eq!(include_str!("sql.rs").matches(": &str = \"").count(), sql::STATEMENTS.len());
}

const ENTRIES: u64 = 3_200;

struct Hot {
    service: LedgerService,
    clock: FakeClock,
    ctx: Ctx,
}

impl Hot {
    /// An account with many entries, of which one transaction in twenty is late by up to an hour.
    async fn open(store: &testkit::TestStore, entries: usize) -> Hot {
        let clock = FakeClock::default();
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let ids = IdMaker::seeded(shared.clone(), 7);
        let service = LedgerService::start(store.open().await, LedgerConfig::default(), shared, ids).await.unwrap();
        let deadline = Deadline::after_millis(&clock, 1_000_000_000_000);
        let ctx = Ctx { principal: Principal::operator(), deadline, request_id: "req-1".into(), idempotency_key: None };
        let hot = Hot { service, clock, ctx };
        for name in ["world", "hot"] {
            let open =
                json!({"path": name, "currency": "USD", "normal": "credit", "limits": {"may_go_negative": true}});
            hot.service.open_account(&hot.ctx, serde_json::from_value(open).unwrap()).await.unwrap();
        }
        hot.clock.advance_millis(3_600_000);
        for number in 0..entries / 64 / 10 {
            let lines = (0..10).map(|line| hot.line(number * 10 + line)).collect();
            hot.clock.advance_millis(700);
            let reply =
                hot.service.submit_batch(&hot.ctx, Batch { atomic: true, dry_run: false, lines }).await.unwrap();
            assert!(reply.lines.iter().all(|line| matches!(line, ledger_api::LineOutcome::Done(_))));
        }
        hot
    }

    fn line(&self, number: usize) -> Operation {
        let posting = json!({"debit": "world", "credit": "hot", "amount": {"amount": "1.00", "currency": "USD"}});
        let late = self.clock.now().plus_micros(-(number as i64 * 7_919_337 % 3_600_000_000));
        let effective_at = if number % 20 == 7 { json!(late) } else { Value::Null };
        let id = ledger_api::TransactionId::from_bits(number as u128 + 1);
        let create = json!({"create": {"id": id, "postings": vec![posting; 64], "effective_at": effective_at}});
        serde_json::from_value(create).unwrap()
    }

    async fn page(&self, query: &StatementQuery) -> (Statement, Cost) {
        let snapshot = self.service.books.snapshot().await.unwrap();
        let facts = facts_of(&snapshot, &query.path).await.unwrap().unwrap();
        statement::statement(&snapshot, &facts, query, 50).await.unwrap()
    }

    async fn balance(&self, at: Timestamp, by: &str) -> i64 {
        let query: BalanceQuery = serde_json::from_value(json!({"path": "hot", "at": at, "by": by})).unwrap();
        self.service.balance(&self.ctx, query).await.unwrap().posted.minor()
    }
}

fn micros(started: Monotonic) -> u64 {
    SystemClock.monotonic().micros_since(started)
}

/// `FLORIN_TEST_HOT_ENTRIES` sets the number of entries; figures are printed.
#[tokio::test(flavor = "multi_thread")]
async fn the_cost_of_a_page_does_not_grow_with_the_account() {
    let entries = testkit::size("FLORIN_TEST_HOT_ENTRIES", ENTRIES) as usize;
    let log2 = (usize::BITS - entries.leading_zeros()) as usize;
    for_each_engine(async |store| {
        let hot = Hot::open(store, entries).await;
        let end = hot.clock.now();
        for by in ["record", "event"] {
            let started = SystemClock.monotonic();
            for place in 1..=20 {
                let at = end.plus_micros(-(entries as i64 * 1_093 * place / 21));
                hot.balance(at, by).await;
            }
            println!("{:?} {by}: a balance in {} us", store.engine(), micros(started) / 20);
            let (mut most, started) = (Cost { rounds: 0, rows: 0 }, SystemClock.monotonic());
            for place in 1..=20 {
                let from = end.plus_micros(-(entries as i64 * 1_093 * place / 21));
                let query = json!({"path": "hot", "by": by, "from": from});
                let (page, cost) = hot.page(&serde_json::from_value(query).unwrap()).await;
                most = Cost { rounds: most.rounds.max(cost.rounds), rows: most.rows.max(cost.rows) };
                assert_eq!(page.movements.len(), 50);
            }
            println!("{:?} {by}: a page in {} us, {most:?} at most", store.engine(), micros(started) / 20);
            // Two consecutive searches, each with a round or two per doubling.
            assert!(most.rounds <= 4 * log2 + 4, "{most:?}");
            assert!(most.rows <= 64 + 64 + 50 + 12 * log2, "{most:?}");
        }
        hot.service.close().await.unwrap();
    })
    .await;
}

/// Also of accounts that moved since the instant, and of those with late rows.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_balances_says_what_each_balance_says() {
    for_each_engine(async |store| {
        let hot = Hot::open(store, 1_280).await;
        for name in ["many", "many:a", "many:b"] {
            let open = json!({"path": name, "currency": "USD", "normal": "credit"});
            hot.service.open_account(&hot.ctx, serde_json::from_value(open).unwrap()).await.unwrap();
        }
        let page = async |query: Value| hot.service.balances(&hot.ctx, serde_json::from_value(query).unwrap()).await;
        for back in [0, 350_000, 700_000, 1_400_000, 1_800_000_000] {
            let at = hot.clock.now().plus_micros(-back);
            for by in ["record", "event"] {
                let query = json!({"prefix": "hot", "at": at, "by": by, "limit": 10});
                let items = page(query).await.unwrap().items;
                assert_eq!(items[0].posted.minor(), hot.balance(at, by).await, "{back} {by}");
            }
        }
        let first = page(json!({"prefix": "many", "limit": 2})).await.unwrap();
        let paths =
            |page: &ledger_api::BalancesPage| page.items.iter().map(|item| item.path.to_string()).collect::<Vec<_>>();
        assert_eq!(paths(&first), ["many", "many:a"]);
        let rest = page(json!({"prefix": "many", "after": first.next, "limit": 2})).await.unwrap();
        assert_eq!((paths(&rest), rest.next), (vec!["many:b".to_owned()], None));
        assert!(page(json!({"prefix": "many", "limit": 10_001})).await.is_err());
        hot.service.close().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_are_looked_up_by_their_ids_together() {
    for_each_engine(async |store| {
        let hot = Hot::open(store, 640).await;
        let id = ledger_api::TransactionId::from_bits;
        let found = hot.service.transactions_of(&hot.ctx, vec![id(3), id(1), id(9_999), id(3)]).await.unwrap();
        assert_eq!(found.iter().map(|one| one.id).collect::<Vec<_>>(), [id(1), id(3)]);
        assert!(hot.service.transactions_of(&hot.ctx, vec![id(1); 501]).await.is_err());
        hot.service.close().await.unwrap();
    })
    .await;
}
