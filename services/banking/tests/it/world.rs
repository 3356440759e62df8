//! Simulated banks, a desk that is connected to them, and what both have.

use std::collections::BTreeMap;
use std::sync::Arc;

use banking::simulator::Simulator;
use banking_api::*;
use testkit::Stage;

use crate::harness::{Desk, open_with};

/// Entries by day and amount.
pub(crate) type Sums = BTreeMap<(String, i64), usize>;

/// The built-in dialects, reaching less far back.
const DIALECTS: [(&str, &str); 4] = [
    ("chase", include_str!("../../dialects/chase.toml")),
    ("wells_fargo", include_str!("../../dialects/wells_fargo.toml")),
    ("bank_of_america", include_str!("../../dialects/bank_of_america.toml")),
    ("citi", include_str!("../../dialects/citi.toml")),
];
pub(crate) const BACK_DAYS: i64 = 45;
const KEYS: [&str; 6] = [
    "chase-api-key",
    "wells-fargo-api-key",
    "bank-of-america-api-key",
    "citi-api-key",
    "plaid-client-id",
    "plaid-secret",
];

pub(crate) struct World {
    pub(crate) simulator: Simulator,
    pub(crate) address: String,
    pub(crate) desk: Desk,
    dir: tempfile::TempDir,
}

pub(crate) async fn world(stage: &Stage<'_>) -> World {
    let (simulator, address) = simulated(stage).await;
    let dir = keys(&KEYS);
    for (bank, text) in DIALECTS {
        let short = text.lines().map(|line| match line.starts_with("back_days") {
            true => format!("back_days = {BACK_DAYS}"),
            false => line.to_owned(),
        });
        std::fs::write(dir.path().join(format!("{bank}.toml")), short.collect::<Vec<_>>().join("\n")).unwrap();
    }
    let desk = desk(stage, &dir, &address).await;
    World { simulator, address, desk, dir }
}

/// With Plaid, and no key of a bank.
pub(crate) async fn of_story(stage: &Stage<'_>, settings: &[(&str, &str)]) -> World {
    let (simulator, address) = simulated(stage).await;
    let dir = keys(&KEYS[4..]);
    let (keys_dir, plaid) = (dir.path().display().to_string(), format!("http://{address}/plaid"));
    let own = [("keys_dir", keys_dir.as_str()), ("plaid_url", plaid.as_str())];
    let desk = open_with(stage, &[settings, own.as_slice()].concat()).await;
    World { simulator, address, desk, dir }
}

async fn simulated(stage: &Stage<'_>) -> (Simulator, String) {
    let simulator = Simulator::new(7, Arc::new(stage.time.clone()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let router = simulator.clone().router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (simulator, address)
}

fn keys(names: &[&str]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for name in names {
        std::fs::write(dir.path().join(name), "id:PLANTED-KEY\n").unwrap();
    }
    dir
}

async fn desk(stage: &Stage<'_>, dir: &tempfile::TempDir, address: &str) -> Desk {
    let (dir, plaid) = (dir.path().display().to_string(), format!("http://{address}/plaid"));
    let settings = [
        ("keys_dir", dir.as_str()),
        ("dialects_dir", dir.as_str()),
        ("plaid_url", plaid.as_str()),
        ("public_url", "https://florin.example"),
        ("api_timeout_seconds", "1"),
        ("retry_attempts", "0"),
        ("rate_requests", "1000000"),
    ];
    open_with(stage, &settings).await
}

impl World {
    /// Another process on the same store.
    pub(crate) async fn reopen(&mut self, stage: &Stage<'_>) {
        self.desk = desk(stage, &self.dir, &self.address).await;
    }

    pub(crate) async fn connect(&self, bank: &str, path: &str) -> Connection {
        let base_url = Some(format!("http://{}/{path}", self.address));
        let public_token = (bank == "plaid").then(|| "public-sandbox".to_owned());
        let (bank, entity) = (bank.to_owned(), Some("acme-us".to_owned()));
        let command = Connect { bank, base_url, entity, owner: None, public_token };
        self.desk.face.connect(&self.desk.ctx(), command).await.unwrap()
    }

    pub(crate) fn sync(&self) -> platform::room::Later<()> {
        let sync = self.desk.opened.periodic.iter().find(|work| work.name == "banking_sync").unwrap();
        (sync.work)()
    }

    pub(crate) async fn rounds(&self) {
        self.sync().await.unwrap();
    }

    pub(crate) async fn connection(&self, id: ConnectionId) -> Connection {
        self.desk.face.connection(&self.desk.ctx(), id).await.unwrap()
    }

    pub(crate) async fn accounts(&self) -> Vec<BankAccount> {
        let query = AccountQuery { account: None, after: None, limit: 50 };
        self.desk.face.accounts(&self.desk.ctx(), query).await.unwrap().items
    }

    /// What counts, by the last four letters of the account's number.
    pub(crate) async fn found(&self) -> BTreeMap<String, Sums> {
        let mut all = BTreeMap::new();
        for account in self.accounts().await {
            let sums: &mut Sums = all.entry(account.last_four).or_default();
            let (from, to, status, after) = (None, None, None, None);
            let mut query = TransactionQuery { account: account.id, from, to, status, after, limit: 500 };
            loop {
                let page = self.desk.face.transactions(&self.desk.ctx(), query.clone()).await.unwrap();
                query.after = page.items.last().map(|last| last.id);
                for one in page.items.into_iter().filter(|one| one.status.is_counted()) {
                    *sums.entry((one.booked_on.to_string(), one.amount.minor())).or_default() += 1;
                }
                if !page.more {
                    break;
                }
            }
        }
        all
    }

    /// What a bank has since a day.
    pub(crate) fn truth(&self, bank: &str, from: &str) -> BTreeMap<String, Sums> {
        let mut all = BTreeMap::new();
        for account in self.simulator.truth().as_array().unwrap().iter().filter(|account| account["bank"] == bank) {
            let number = account["number"].as_str().unwrap();
            let sums: &mut Sums = all.entry(number[number.len() - 4..].to_owned()).or_default();
            for entry in account["entries"].as_array().unwrap() {
                let day = entry["day"].as_str().unwrap().to_owned();
                if day.as_str() >= from {
                    *sums.entry((day, entry["minor"].as_i64().unwrap())).or_default() += 1;
                }
            }
        }
        all
    }
}

/// What is not in both, of the days since `from`.
pub(crate) fn differences(one: &Sums, other: &Sums, from: &str) -> Sums {
    let all = one.iter().chain(other).filter(|((day, _), _)| day.as_str() >= from);
    all.filter(|(entry, _)| one.get(*entry) != other.get(*entry))
        .map(|(entry, count)| (entry.clone(), *count))
        .collect()
}
