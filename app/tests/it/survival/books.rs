//! Books with a few accounts, callers that move money between them, and the answers they got.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hyper::StatusCode;
use kernel::{Id, IdMaker, SystemClock};
use ledger_api::{TransactionId, TransactionTag};
use rand::RngExt;
use serde_json::{Value, json};
use testkit::{Client, Server, ServerBuilder};
use tokio::task::JoinSet;

pub(crate) const ACCOUNTS: usize = 20;
const FUNDS: &str = "1000000.00";

pub(crate) fn binary() -> &'static str {
    env!("CARGO_BIN_EXE_florin")
}

pub(crate) fn builder(data_dir: &Path) -> ServerBuilder {
    ServerBuilder::new(binary(), data_dir).env("FLORIN__TELEMETRY__LOG_LEVEL", "warn")
}

fn account(place: usize) -> String {
    format!("bank:{place:02}")
}

/// Opens the accounts and gives each the same money.
pub(crate) async fn prepare(client: &Client) {
    let world = json!({ "path": "world", "currency": "USD", "normal": "debit" });
    assert!(client.post("/v1/ledger/accounts", &world).await.status.is_success());
    for place in 0..ACCOUNTS {
        let open = json!({ "path": account(place), "currency": "USD", "normal": "credit" });
        let mut answer = client.post("/v1/ledger/accounts", &open).await;
        // A busy machine may not have all of a new server ready for a moment; then nothing happened.
        for _ in 0..100 {
            if answer.status != StatusCode::SERVICE_UNAVAILABLE {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            answer = client.post("/v1/ledger/accounts", &open).await;
        }
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
        let fund = transfer(new_id(), "world", &account(place), FUNDS);
        let answer = client.post("/v1/ledger/transactions", &fund).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
    }
}

pub(crate) fn new_id() -> TransactionId {
    IdMaker::new(Arc::new(SystemClock)).make::<TransactionTag>()
}

pub(crate) fn transfer(id: TransactionId, debit: &str, credit: &str, amount: &str) -> Value {
    let amount = json!({ "amount": amount, "currency": "USD" });
    json!({ "id": id, "postings": [{ "debit": debit, "credit": credit, "amount": amount }] })
}

/// Two accounts and an amount that no floor refuses.
pub(crate) fn any_transfer(id: TransactionId) -> Value {
    let mut random = rand::rng();
    let debit = random.random_range(0..ACCOUNTS);
    let credit = (debit + random.random_range(1..ACCOUNTS)) % ACCOUNTS;
    let cents = random.random_range(1..=99);
    transfer(id, &account(debit), &account(credit), &format!("0.{cents:02}"))
}

/// What callers sent, and which of it was acknowledged.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) done: BTreeSet<u128>,
    pub(crate) unknown: BTreeSet<u128>,
    /// Codes of refusals.
    pub(crate) refused: BTreeSet<String>,
}

impl Told {
    pub(crate) fn add(&mut self, other: Told) {
        self.done.extend(other.done);
        self.unknown.extend(other.unknown);
        self.refused.extend(other.refused);
    }
}

/// Callers that send one transfer after another until they are stopped or the server is gone.
pub(crate) struct Callers {
    stop: Arc<AtomicBool>,
    tasks: JoinSet<Told>,
}

impl Callers {
    pub(crate) fn start(server: &Server, count: usize) -> Callers {
        let stop = Arc::new(AtomicBool::new(false));
        let mut tasks = JoinSet::new();
        for _ in 0..count {
            tasks.spawn(call(server.client(), Arc::clone(&stop)));
        }
        Callers { stop, tasks }
    }

    pub(crate) async fn finish(mut self) -> Told {
        self.stop.store(true, Ordering::Relaxed);
        let mut told = Told::default();
        while let Some(one) = self.tasks.join_next().await {
            told.add(one.unwrap());
        }
        told
    }
}

async fn call(client: Client, stop: Arc<AtomicBool>) -> Told {
    let mut told = Told::default();
    while !stop.load(Ordering::Relaxed) {
        let id = new_id();
        let sent = client.send(hyper::Method::POST, "/v1/ledger/transactions", &[], Some(&any_transfer(id))).await;
        match sent {
            Ok(answer) if answer.status == StatusCode::CREATED => {
                told.done.insert(id.bits());
            }
            Ok(answer) => {
                let code = answer.json()["code"].as_str().unwrap_or_default().to_owned();
                if code == "outcome_unknown" {
                    told.unknown.insert(id.bits());
                }
                told.refused.insert(code);
            }
            Err(_) => {
                told.unknown.insert(id.bits());
                return told;
            }
        }
    }
    told
}

/// Every acknowledged transfer is found, no unknown one is half there, and no money came or went.
pub(crate) async fn check(client: &Client, told: &Told) {
    for id in &told.done {
        let id: TransactionId = Id::from_bits(*id);
        let answer = client.get(&format!("/v1/ledger/transactions/{id}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{id} was acknowledged: {}", answer.text());
    }
    for id in &told.unknown {
        let id: TransactionId = Id::from_bits(*id);
        let answer = client.get(&format!("/v1/ledger/transactions/{id}")).await;
        match answer.status {
            StatusCode::OK => assert_eq!(answer.json()["postings"].as_array().map(Vec::len), Some(1)),
            status => assert_eq!(status, StatusCode::NOT_FOUND, "{id}: {}", answer.text()),
        }
    }
    let total = client.get("/v1/ledger/balances?prefix=bank").await.json();
    let money = &total["currencies"][0]["net_debit"]["amount"];
    assert_eq!(money, &json!(format!("-{}.00", ACCOUNTS * 1_000_000)), "{total}");
}

/// Runs `florin verify` over the data directory, by the real binary; returns its output.
pub(crate) fn verify(data_dir: &Path, more: &[&str]) -> String {
    let output = Command::new(binary())
        .arg("verify")
        .args(more)
        .env("FLORIN__STORAGE__DATA_DIR", data_dir)
        .current_dir(data_dir)
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "verify: {printed}");
    printed
}
