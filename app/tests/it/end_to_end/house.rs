//! A running server with a client, and the helpers that the stories use.

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use hyper::{Method, StatusCode};
use kernel::{IdMaker, SystemClock};
use ledger_api::{TransactionId, TransactionTag};
use platform::rpc::Credential;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{Answer, Client, Server, ServerBuilder};

use crate::rooms::{elsewhere, names};

pub(crate) const ACCOUNTS: &str = "/v1/ledger/accounts";
pub(crate) const TRANSACTIONS: &str = "/v1/ledger/transactions";
pub(crate) const BATCHES: &str = "/v1/ledger/batches";

const CALLED: &str = "other processes call it on ";

/// What callers talk to, in one process or with the ledger in another one.
pub(crate) struct House {
    pub(crate) server: Server,
    pub(crate) client: Client,
    ledger: Option<Server>,
    dir: TempDir,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Topology {
    OneProcess,
    Split,
}

pub(crate) fn builder(data_dir: &Path) -> ServerBuilder {
    ServerBuilder::new(env!("CARGO_BIN_EXE_florin"), data_dir).env("FLORIN__TELEMETRY__LOG_LEVEL", "warn")
}

/// Runs the story in one process on SQLite, or with the rooms in another process on PostgreSQL: every other test each. With
/// more topologies, in both, and in each on each engine. `env` is added to the environment of every process.
pub(crate) async fn on_both_with(env: &[(&'static str, &str)], story: impl AsyncFn(&House)) {
    match testkit::size("FLORIN_TEST_TOPOLOGIES", 1) {
        1 if is_told_in_one_process() => told(Topology::OneProcess, env, story).await,
        1 => drop(split(env, &story).await),
        topologies => on(topologies > 2, env, story).await,
    }
}

/// By the name of the test, so that it is always the same.
fn is_told_in_one_process() -> bool {
    let test = std::thread::current();
    test.name().unwrap_or_default().bytes().fold(0_u8, u8::wrapping_add).is_multiple_of(2)
}

/// In each topology on each engine, in every tier.
pub(crate) async fn on_all(story: impl AsyncFn(&House)) {
    on(true, &[], story).await;
}

async fn on(all: bool, env: &[(&'static str, &str)], story: impl AsyncFn(&House)) {
    told(Topology::OneProcess, env, &story).await;
    if all {
        told_on_postgres(Topology::OneProcess, env, &story).await;
    }
    if split(env, &story).await && all {
        told(Topology::Split, env, &story).await;
    }
}

/// On PostgreSQL, or on SQLite without a server; returns whether a server is configured.
async fn split(env: &[(&'static str, &str)], story: &impl AsyncFn(&House)) -> bool {
    let is_told = told_on_postgres(Topology::Split, env, story).await;
    if !is_told {
        told(Topology::Split, env, story).await;
    }
    is_told
}

/// Returns whether a server is configured.
async fn told_on_postgres(topology: Topology, env: &[(&'static str, &str)], story: &impl AsyncFn(&House)) -> bool {
    let is_told = Cell::new(false);
    testkit::on_postgres(async |store| {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("florin_e2e_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        platform::db::create_database(store.url(), &name).await.unwrap();
        let url = platform::db::with_database(store.url(), &name);
        told(topology, &[env, &[("FLORIN__STORAGE__DATABASE_URL", url.as_str())]].concat(), story).await;
        platform::db::drop_database(store.url(), &name).await.unwrap();
        is_told.set(true);
    })
    .await;
    is_told.get()
}

async fn told(topology: Topology, env: &[(&'static str, &str)], story: impl AsyncFn(&House)) {
    let house = House::start_as(topology, env).await;
    story(&house).await;
    for server in [Some(house.server), house.ledger].into_iter().flatten() {
        let (status, output) = server.stop().await;
        assert!(status.success(), "{topology:?}: {output}");
    }
}

pub(crate) async fn on_both(story: impl AsyncFn(&House)) {
    on_both_with(&[], story).await;
}

pub(crate) fn usd(amount: &str) -> Value {
    json!({ "amount": amount, "currency": "USD" })
}

pub(crate) fn posting(debit: &str, credit: &str, amount: &str) -> Value {
    json!({ "debit": debit, "credit": credit, "amount": usd(amount) })
}

pub(crate) fn new_id() -> TransactionId {
    IdMaker::new(Arc::new(SystemClock)).make::<TransactionTag>()
}

/// A body with its own id.
pub(crate) fn own(mut body: Value) -> Value {
    body["id"] = json!(new_id());
    body
}

impl House {
    pub(crate) async fn start(env: &[(&'static str, &str)]) -> House {
        House::start_as(Topology::OneProcess, env).await
    }

    async fn start_as(topology: Topology, env: &[(&'static str, &str)]) -> House {
        let dir = tempfile::tempdir().unwrap();
        let builder = builder(dir.path()).env("FLORIN__RPC__SECRET_FILE", dir.path().join("keys/rpc"));
        let mut builder = env.iter().fold(builder, |builder, (name, value)| builder.env(name, value));
        let mut ledger = None;
        if topology == Topology::Split {
            let server = names().fold(builder.clone(), ServerBuilder::arg).start().await;
            let at = server.said(CALLED).await;
            builder = elsewhere(&at).fold(builder.arg("edge"), |builder, (name, value)| builder.env(name, value));
            ledger = Some(server);
        }
        let server = builder.start().await;
        House { client: server.client(), server, ledger, dir }
    }

    /// Where other processes of the deployment are called, and their credential; none in one process on SQLite.
    pub(crate) async fn inside(&self) -> Option<(String, Credential)> {
        let server = self.ledger.as_ref().unwrap_or(&self.server);
        if !server.output().contains(CALLED) {
            return None;
        }
        Some((server.said(CALLED).await, Credential::read(&self.dir.path().join("keys/rpc")).unwrap()))
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        self.client.send(method, path, &[], body).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.client.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        answer.json()
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, Some(&body)).await
    }

    /// Something new: 201.
    pub(crate) async fn create(&self, path: &str, body: Value) -> Value {
        let answer = self.client.post(path, &body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{path} {body}: {}", answer.text());
        answer.json()
    }

    /// A repeat, a dry run or a change: 200.
    pub(crate) async fn again(&self, path: &str, body: Value) -> Value {
        let answer = self.client.post(path, &body).await;
        assert_eq!(answer.status, StatusCode::OK, "{path} {body}: {}", answer.text());
        answer.json()
    }

    pub(crate) async fn refused(&self, path: &str, body: Value, status: u16, code: &str) -> Value {
        refusal(&self.client.post(path, &body).await, status, code)
    }

    /// Three accounts that take money from each other: cash may go below zero.
    pub(crate) async fn open_three(&self) {
        let cash = json!({ "path": "assets:cash", "currency": "USD", "normal": "debit", "may_go_negative": true });
        self.create(ACCOUNTS, cash).await;
        self.open("customers:ann").await;
        self.open("customers:bob").await;
    }

    pub(crate) async fn open(&self, path: &str) -> Value {
        self.create(ACCOUNTS, json!({ "path": path, "currency": "USD", "normal": "credit" })).await
    }

    pub(crate) async fn pay_in(&self, path: &str, amount: &str) -> Value {
        let body = json!({ "postings": [posting("assets:cash", path, amount)] });
        self.create(TRANSACTIONS, own(body)).await
    }

    pub(crate) async fn hold(&self, debit: &str, credit: &str, amount: &str) -> String {
        let body = json!({ "status": "pending", "postings": [posting(debit, credit, amount)] });
        self.create(TRANSACTIONS, own(body)).await["id"].as_str().unwrap().to_owned()
    }

    /// Posted, pending in, pending out and available.
    pub(crate) async fn balances(&self, path: &str) -> [String; 4] {
        shown(&self.get(&format!("{ACCOUNTS}/{path}")).await["balances"])
    }

    /// The head of the log.
    pub(crate) async fn head(&self) -> String {
        self.get("/status").await["services"]["ledger"]["head"].as_str().unwrap().to_owned()
    }
}

pub(crate) fn shown(balances: &Value) -> [String; 4] {
    ["posted", "pending_in", "pending_out", "available"]
        .map(|name| balances[name]["amount"].as_str().unwrap_or("none").to_owned())
}

#[track_caller]
pub(crate) fn refusal(answer: &Answer, status: u16, code: &str) -> Value {
    let body = answer.json();
    assert_eq!((answer.status.as_u16(), body["code"].as_str()), (status, Some(code)), "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    assert_eq!(body["status"], status);
    assert_eq!(body["type"], format!("/problems/{code}"));
    assert_eq!(body["request_id"].as_str(), answer.header("x-request-id"));
    body
}
