//! Random histories with everything that a log can hold.

use kernel::Ctx;
use ledger::LedgerConfig;
use ledger_api::{Batch, ChangeAccount, DeclareAsset, OpenAccount, Operation, Submit};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use testkit::TestStore;

use crate::service::harness::Desk;

/// Kinds of rows, by their byte.
const KINDS: [u8; 13] = [1, 2, 3, 4, 5, 6, 16, 17, 18, 19, 20, 21, 22];
const PEOPLE: [&str; 4] = ["world", "ann", "bob", "cap"];

pub(crate) struct History {
    pub(crate) desk: Desk,
    random: StdRng,
    made: u64,
    /// Ids of created transactions, whatever happened to them.
    ids: Vec<String>,
}

fn usd(minor: i64) -> Value {
    json!({"amount": format!("{}.{:02}", minor / 100, minor % 100), "currency": "USD"})
}

impl History {
    /// A book after `steps` random commands.
    pub(crate) async fn of(store: &TestStore, seed: u64, steps: usize) -> History {
        History::with(store, seed, steps, LedgerConfig::default()).await
    }

    /// The same with deferred account rows.
    pub(crate) async fn behind(store: &TestStore, seed: u64, steps: usize) -> History {
        let config = LedgerConfig { write_behind_accounts: 0, ..LedgerConfig::default() };
        History::with(store, seed, steps, config).await
    }

    async fn with(store: &TestStore, seed: u64, steps: usize, config: LedgerConfig) -> History {
        let desk = Desk::open_at(store, Default::default(), config).await;
        let mut history = History { desk, random: StdRng::seed_from_u64(seed), made: 0, ids: Vec::new() };
        Box::pin(history.begin()).await;
        history.go_on(steps).await;
        history
    }

    pub(crate) async fn go_on(&mut self, steps: usize) {
        for _ in 0..steps {
            Box::pin(self.step()).await;
        }
    }

    async fn begin(&mut self) {
        let asset = DeclareAsset { code: "POINTS".to_owned(), scale: 0 };
        let ctx = self.ctx();
        self.desk.ledger.declare_asset(&ctx, asset).await.unwrap();
        for name in PEOPLE {
            let limits = match name {
                "world" => json!({"may_go_negative": true}),
                "cap" => json!({"ceiling": usd(90_000)}),
                _ => json!({}),
            };
            let open = json!({
                "path": name, "currency": "USD", "normal": "credit", "limits": limits, "owner": name,
                "reference": format!("ref-{name}"), "metadata": {"city": "Bern", "name": name}
            });
            self.open(open).await;
        }
        for name in ["issued", "points"] {
            let limits = json!({"may_go_negative": true});
            self.open(json!({"path": name, "currency": "POINTS/0", "normal": "debit", "limits": limits})).await;
        }
        self.create(json!({"postings": [self.posting("world", "ann", 50_000)]})).await;
    }

    fn ctx(&mut self) -> Ctx {
        self.made += 1;
        if self.made.is_multiple_of(3) { self.desk.keyed(&format!("key-{}", self.made)) } else { self.desk.ctx.clone() }
    }

    async fn open(&mut self, open: Value) {
        let open: OpenAccount = serde_json::from_value(open).unwrap();
        let ctx = self.ctx();
        self.desk.ledger.open_account(&ctx, open).await.unwrap();
    }

    async fn change(&mut self, path: &str, change: Value) {
        let change: ChangeAccount = serde_json::from_value(json!({"path": path, "change": change})).unwrap();
        let ctx = self.ctx();
        let _ = self.desk.ledger.change_account(&ctx, change).await;
    }

    fn posting(&self, from: &str, to: &str, minor: i64) -> Value {
        json!({"debit": from, "credit": to, "amount": usd(minor)})
    }

    fn any_posting(&mut self) -> Value {
        let from = self.random.random_range(0..PEOPLE.len());
        let to = (from + self.random.random_range(1..PEOPLE.len())) % PEOPLE.len();
        let minor = self.random.random_range(1..20_000);
        self.posting(PEOPLE[from], PEOPLE[to], minor)
    }

    fn id(&mut self) -> String {
        self.made += 1;
        let random = self.random.random::<u64>();
        let id = crate::service::harness::id((u128::from(random) << 64) | u128::from(self.made)).to_string();
        self.ids.push(id.clone());
        id
    }

    fn with_extras(&mut self, mut create: Value) -> Value {
        let id = self.id();
        let members = create.as_object_mut().unwrap();
        members.insert("id".to_owned(), json!(id));
        if self.random.random_range(0..3) == 0 {
            members.insert("metadata".to_owned(), json!({"order": format!("{}", self.made), "why": "\"ü\" \\"}));
        }
        if self.random.random_range(0..4) == 0 {
            members.insert("reference".to_owned(), json!(format!("t-{}", self.made)));
        }
        create
    }

    async fn create(&mut self, create: Value) {
        let create = self.with_extras(create);
        self.submit(json!({"create": create})).await;
    }

    async fn submit(&mut self, operation: Value) {
        let operation: Operation = serde_json::from_value(operation).unwrap();
        let ctx = self.ctx();
        let _ = self.desk.ledger.submit(&ctx, Submit { operation, dry_run: false }).await;
    }

    async fn step(&mut self) {
        self.desk.clock.advance_millis(self.random.random_range(1..1_000));
        match self.random.random_range(0..18) {
            0 => self.account().await,
            1..=2 => {
                let postings = vec![self.any_posting(), self.any_posting()];
                self.create(json!({"postings": postings})).await;
            }
            3..=5 => {
                let postings = vec![self.any_posting(), self.any_posting()];
                let mut hold = json!({"status": "pending", "postings": postings});
                if self.random.random() {
                    let soon = kernel::Clock::now(&self.desk.clock).plus_seconds(60).to_string();
                    hold["expires_at"] = json!(soon);
                }
                self.create(hold).await;
            }
            6..=10 => self.settle().await,
            11 => {
                let split = json!({"debit": "world", "amount": usd(1_001), "split": [
                    {"account": "bob", "percent": "33.3"}, {"account": "cap", "percent": "66.7"}]});
                self.create(json!({"postings": [split]})).await;
            }
            12 => {
                let mut posting = self.posting("ann", "bob", 90_000_000);
                posting["override"] = json!("floor");
                let points =
                    json!({"debit": "issued", "credit": "points", "amount": {"amount": "7", "currency": "POINTS"}});
                let postings = if self.random.random() { points } else { posting };
                self.create(json!({"postings": [postings]})).await;
            }
            13 => {
                let soon = self.random.random_range(1..5_000);
                let due = kernel::Clock::now(&self.desk.clock).plus_seconds(soon).to_string();
                let postings = vec![self.any_posting()];
                let status = if self.random.random() { "posted" } else { "pending" };
                self.create(json!({"postings": postings, "status": status, "scheduled": true, "effective_at": due}))
                    .await;
            }
            14 => {
                let past =
                    kernel::Clock::now(&self.desk.clock).plus_seconds(-self.random.random_range(0..2)).to_string();
                let postings = vec![self.any_posting()];
                self.create(json!({"postings": postings, "effective_at": past})).await;
            }
            15 => self.desk.clock.advance_millis(self.random.random_range(1..86_400_000)),
            _ => self.batch().await,
        }
    }

    async fn account(&mut self) {
        let (name, number) = (PEOPLE[self.random.random_range(0..PEOPLE.len())], self.made);
        match self.random.random_range(0..6) {
            0 => self.change(name, json!("freeze")).await,
            1 => self.change(name, json!("unfreeze")).await,
            2 => self.change(name, json!({"set_metadata": {"n": format!("{number}"), "city": "Basel"}})).await,
            3 => self.change(name, json!({"set_metadata": {}})).await,
            4 => self.change("bob", json!({"set_limits": {"floor": usd(0), "ceiling": usd(50_000_000)}})).await,
            _ => {
                let path = format!("short:{number}");
                let metadata = json!({"a": "1"});
                self.open(json!({"path": path, "currency": "USD", "normal": "debit", "metadata": metadata})).await;
                self.change(&path, json!("close")).await;
            }
        }
        if self.random.random() {
            self.change(name, json!("unfreeze")).await;
        }
    }

    async fn settle(&mut self) {
        // The newer a transaction, the more likely something remains of it.
        let back = self.random.random_range(1..=self.ids.len().min(12));
        let target = self.ids[self.ids.len() - back].clone();
        let (amount, id) = (self.random.random_range(1..3_000), self.id());
        let amounts = json!([usd(amount), usd(amount / 2)]);
        let operation = match self.random.random_range(0..9) {
            0 => json!({"post": {"transaction": target, "id": id, "amounts": amounts, "final": false}}),
            1 => json!({"post": {"transaction": target, "id": id, "amounts": amounts}}),
            2 => json!({"post": {"transaction": target, "id": id, "metadata": {"order": "p"}}}),
            3 => json!({"void": {"transaction": target, "id": id, "amounts": amounts}}),
            4 => json!({"void": {"transaction": target, "id": id}}),
            5 => json!({"increase": {"transaction": target, "id": id, "amounts": amounts}}),
            6 => json!({"cancel": {"transaction": target, "id": id, "metadata": {"order": "c"}}}),
            _ => json!({"reverse": {"transaction": target, "id": id}}),
        };
        self.submit(operation).await;
    }

    async fn batch(&mut self) {
        let mut lines = Vec::new();
        for _ in 0..self.random.random_range(2..7) {
            let postings = vec![self.any_posting()];
            let create = self.with_extras(json!({"postings": postings}));
            lines.push(json!({"create": create}));
        }
        let (lines, atomic) = (serde_json::from_value(json!(lines)).unwrap(), self.random.random());
        let ctx = self.ctx();
        let _ = self.desk.ledger.submit_batch(&ctx, Batch { atomic, dry_run: false, lines }).await;
    }
}

/// A history that lacks a kind of row would prove nothing about it.
pub(crate) async fn has_every_kind(store: &TestStore) {
    let rows = store.open().await.read().await.unwrap().query("select body from log", &[]).await.unwrap();
    let kinds: std::collections::BTreeSet<u8> = rows.iter().map(|row| row.bytes(0).unwrap()[1]).collect();
    assert_eq!(kinds, KINDS.into_iter().collect());
}
