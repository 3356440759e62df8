//! A store with some of everything, written by the real service.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use kernel::{Ctx, Deadline, IdMaker, Principal};
use ledger_api::{
    Batch, ChangeAccount, DeclareAsset, DeclareMetadataKey, Ledger, Operation, Refusal, Search, Submit, Transaction,
    TransactionId,
};
use serde_json::{Value, json};
use testkit::{FakeClock, TestStore};

use crate::{LedgerConfig, LedgerService};

pub(super) struct Books {
    service: LedgerService,
    clock: FakeClock,
    has_accounts: bool,
}

/// No two commands of a test share an idempotency key.
static KEYS: AtomicU32 = AtomicU32::new(0);

fn usd(amount: &str) -> Value {
    json!({"amount": amount, "currency": "USD"})
}

fn posting(from: &str, to: &str, amount: &str) -> Value {
    // Users are liabilities: a debit takes from them.
    json!({"debit": path(from), "credit": path(to), "amount": usd(amount)})
}

fn path(name: &str) -> String {
    format!("users:{name}")
}

impl Books {
    pub(super) async fn open(store: &TestStore) -> Books {
        let clock = FakeClock::default();
        let clocked = Arc::new(clock.clone());
        let ids = IdMaker::new(clocked.clone());
        let service = LedgerService::start(store.open().await, LedgerConfig::default(), clocked, ids).await.unwrap();
        Books { service, clock, has_accounts: false }
    }

    fn ctx(&self) -> Ctx {
        let key = format!("key-{}", KEYS.fetch_add(1, Ordering::Relaxed));
        Ctx {
            principal: Principal::operator(),
            deadline: Deadline::after_millis(&self.clock, 10_000),
            request_id: "req_1".into(),
            idempotency_key: key.parse().ok(),
        }
    }

    pub(super) async fn head(&self) -> String {
        self.service.status(&self.ctx()).await.unwrap().head
    }

    pub(super) async fn declare(&self, key: &str) {
        let command = DeclareMetadataKey { key: key.to_owned() };
        self.service.declare_metadata_key(&self.ctx(), command).await.unwrap();
    }

    /// Whether all declared keys are indexed to the end of the log.
    pub(super) async fn indexed(&self) -> bool {
        let rows = self.service.status(&self.ctx()).await.unwrap().rows;
        let keys = self.service.metadata_keys(&self.ctx()).await.unwrap();
        keys.iter().all(|key| key.indexed_to_seq == rows)
    }

    pub(super) async fn close(&self) -> String {
        self.service.close().await.unwrap()
    }

    async fn account(&self, name: &str, extra: Value) {
        let mut open = json!({"path": path(name), "currency": "USD", "normal": "credit"});
        open.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        self.service.open_account(&self.ctx(), serde_json::from_value(open).unwrap()).await.unwrap();
    }

    async fn change(&self, name: &str, change: Value) {
        let change: ChangeAccount = serde_json::from_value(json!({"path": path(name), "change": change})).unwrap();
        self.service.change_account(&self.ctx(), change).await.unwrap();
        self.clock.advance_millis(1);
    }

    async fn submit(&self, operation: Value) -> Result<Transaction, ledger_api::LedgerError> {
        self.clock.advance_millis(1);
        let operation: Operation = serde_json::from_value(operation).unwrap();
        self.service.submit(&self.ctx(), Submit { operation, dry_run: false }).await
    }

    async fn done(&self, operation: Value) -> String {
        self.submit(operation).await.unwrap().id.to_string()
    }

    async fn refused(&self, operation: Value) -> Refusal {
        match self.submit(operation).await {
            Err(ledger_api::LedgerError::Refused { refusal, .. }) => refusal,
            other => panic!("{other:?}"),
        }
    }

    async fn ensure_accounts(&self) {
        let negative = json!({"limits": {"may_go_negative": true}, "normal": "debit"});
        self.account("world", negative).await;
        for name in ["ann", "bob"] {
            self.account(
                name,
                json!({"metadata": {"city": "Bern"}, "owner": name, "reference": format!("ref-{name}")}),
            )
            .await;
        }
    }

    pub(super) async fn pay(&mut self, from: &str, to: &str, amount: &str) {
        if !std::mem::replace(&mut self.has_accounts, true) {
            self.ensure_accounts().await;
        }
        self.done(json!({"create": {"postings": [posting(from, to, amount)], "metadata": {"why": "rent"}}})).await;
    }

    pub(super) async fn everything(&mut self) {
        self.pay("world", "ann", "1000.00").await;
        self.accounts().await;
        self.transactions().await;
        self.holds().await;
        self.refusals().await;
        let planned = self.scheduled().await;
        self.clock.advance_millis(8 * 86_400_000);
        self.done(json!({"create": {"postings": [posting("world", "bob", "1.00")]}})).await;
        self.done(json!({"reverse": {"transaction": planned}})).await;
        let rest =
            json!({"status": "pending", "postings": [posting("ann", "bob", "4.00"), posting("ann", "fees", "1.00")]});
        let rest = self.done(json!({"create": rest})).await;
        self.done(json!({"post": {"transaction": rest, "amounts": [usd("1.00"), usd("1.00")], "final": false}})).await;
        // The second posting has nothing remaining and is held again, which counts as another hold of its accounts.
        self.done(json!({"increase": {"transaction": rest, "amounts": [usd("0.00"), usd("0.25")]}})).await;
    }

    /// Transfers with unordered ids, each sent twice; the last one is reversed.
    pub(super) async fn scattered(&mut self, count: u64) {
        let id = |place: u64| TransactionId::from_bits(u128::from(place.wrapping_mul(0x9e37_79b9_7f4a_7c15)) << 64 | 5);
        for place in 1..=count {
            let pay = json!({"create": {"id": id(place), "postings": [posting("world", "ann", "0.01")]}});
            let first = self.submit(pay.clone()).await.unwrap();
            let again = self.submit(pay).await.unwrap();
            assert_eq!((first.replayed, again.replayed, again.id), (false, true, first.id));
        }
        for place in [1, count / 2] {
            self.done(json!({"reverse": {"transaction": id(place)}})).await;
        }
    }

    async fn accounts(&self) {
        self.account("fees", json!({"limits": {"ceiling": usd("500.00")}})).await;
        self.account("gone", json!({"metadata": {"a": "1", "b": "2"}})).await;
        self.account("tight", json!({})).await;
        let asset = DeclareAsset { code: "POINTS".to_owned(), scale: 0 };
        self.service.declare_asset(&self.ctx(), asset).await.unwrap();
        for (name, normal) in [("issued", "debit"), ("points", "credit")] {
            let extra = json!({"currency": "POINTS/0", "normal": normal, "limits": {"may_go_negative": true}});
            self.account(name, extra).await;
        }
        self.change("bob", json!("freeze")).await;
        self.change("bob", json!("unfreeze")).await;
        self.change("bob", json!({"set_limits": {"floor": usd("-5.00"), "ceiling": usd("9000.00")}})).await;
        self.change("bob", json!({"set_metadata": {"city": "Basel", "tier": "gold"}})).await;
        self.change("gone", json!({"set_metadata": {}})).await;
        self.change("gone", json!("close")).await;
    }

    async fn transactions(&self) {
        let points =
            json!({"debit": path("issued"), "credit": path("points"), "amount": {"amount": "7", "currency": "POINTS"}});
        self.done(json!({"create": {"postings": [points], "reference": "points-1"}})).await;
        let thirds = json!({"debit": path("ann"), "amount": usd("1.00"), "split": [
            {"account": path("bob"), "percent": "33.34"}, {"account": path("fees"), "percent": "66.66"}]});
        self.done(json!({"create": {"postings": [thirds, posting("ann", "bob", "2.00")]}})).await;
        let mut all = posting("bob", "ann", "999.00");
        all["up_to_available"] = json!(true);
        let swept = self.done(json!({"create": {"postings": [all]}})).await;
        self.done(json!({"reverse": {"transaction": swept, "reference": "back"}})).await;
        let mut forced = posting("tight", "fees", "3.00");
        forced["override"] = json!("floor");
        self.done(json!({"create": {"postings": [forced]}})).await;
        self.done(json!({"create": {"postings": [posting("world", "tight", "1.00")]}})).await;
        let back_dated = kernel::Clock::now(&self.clock).to_string();
        self.clock.advance_millis(5);
        self.done(json!({"create": {"postings": [posting("world", "ann", "1.00")], "effective_at": back_dated}})).await;
        let late = json!({"postings": [posting("world", "bob", "2.00"), posting("bob", "fees", "1.00")]});
        self.late(late, &back_dated).await;
        let held = json!({"status": "pending", "postings": [posting("world", "fees", "3.00")]});
        self.late(held, &back_dated).await;
    }

    async fn late(&self, mut create: Value, effective_at: &str) {
        create["effective_at"] = json!(effective_at);
        self.done(json!({"create": create})).await;
    }

    async fn holds(&self) {
        let pending =
            json!({"status": "pending", "postings": [posting("ann", "bob", "10.00"), posting("ann", "fees", "0.50")]});
        let hold = self.done(json!({"create": pending})).await;
        self.done(json!({"increase": {"transaction": hold, "amounts": [usd("5.00"), usd("0.00")]}})).await;
        self.done(json!({"post": {"transaction": hold, "amounts": [usd("4.00"), usd("0.50")], "final": false}})).await;
        // Its second posting has nothing remaining, and is held again.
        self.done(json!({"increase": {"transaction": hold, "amounts": [usd("0.00"), usd("0.25")]}})).await;
        self.done(json!({"void": {"transaction": hold, "amounts": [usd("1.00"), usd("0.00")]}})).await;
        let posted = self.done(json!({"post": {"transaction": hold, "amounts": [usd("3.00"), usd("0.00")]}})).await;
        self.done(json!({"reverse": {"transaction": posted}})).await;
        let voided = self.done(json!({"create": pending})).await;
        self.done(json!({"void": {"transaction": voided}})).await;
        self.done(json!({"create": pending})).await;
    }

    /// One that waits for months, one that is cancelled, and those that end within days: returns the id of one that
    /// moves.
    async fn scheduled(&self) -> String {
        let later = |days: i64| kernel::Clock::now(&self.clock).plus_seconds(days * 86_400).to_string();
        let plan = |days, extra: Value| {
            let mut create = json!({"scheduled": true, "effective_at": later(days), "metadata": {"why": "later"}});
            create.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            json!({ "create": create })
        };
        let plain = |name: &str| json!({"postings": [posting("world", "ann", "2.00")], "reference": name});
        self.done(plan(60, plain("in-two-months"))).await;
        let cancelled = self.done(plan(2, plain("never"))).await;
        self.done(json!({"cancel": {"transaction": cancelled, "reference": "no-more", "metadata": {"by": "ann"}}}))
            .await;
        self.done(plan(3, json!({"postings": [posting("tight", "bob", "900.00")]}))).await;
        let thirds = json!({"debit": path("ann"), "amount": usd("1.00"), "split": [
            {"account": path("bob"), "percent": "33.34"}, {"account": path("fees"), "percent": "66.66"}]});
        self.done(plan(2, json!({"postings": [thirds, posting("world", "ann", "1.00")]}))).await;
        let held = json!({"status": "pending", "postings": [posting("ann", "bob", "1.00")],
            "expires_at": kernel::Clock::now(&self.clock).plus_seconds(20 * 86_400).to_string()});
        self.done(plan(7, held)).await;
        let mut forced = posting("tight", "bob", "3.00");
        forced["override"] = json!("floor");
        self.done(plan(1, json!({"postings": [forced, posting("world", "ann", "3.00")]}))).await
    }

    async fn refusals(&self) {
        let too_much = json!({"create": {"postings": [posting("tight", "bob", "1000.00")]}});
        assert!(matches!(self.refused(too_much.clone()).await, Refusal::InsufficientFunds { .. }));
        let closed = json!({"create": {"postings": [posting("ann", "gone", "1.00")]}});
        assert!(matches!(self.refused(closed).await, Refusal::AccountClosed { .. }));
        let good = json!({"create": {"postings": [posting("ann", "bob", "1.00")]}});
        let lines = serde_json::from_value(json!([good, too_much])).unwrap();
        self.service.submit_batch(&self.ctx(), Batch { atomic: true, dry_run: false, lines }).await.unwrap();
    }
}
