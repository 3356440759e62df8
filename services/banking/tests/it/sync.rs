//! Four simulated banks, each by its dialect: after every fault the accounts are as the banks have them.

use std::collections::BTreeMap;
use std::sync::Arc;

use banking::simulator::{BANKS, Fault, Simulator};
use banking_api::*;
use testkit::{Stage, for_each_engine, on_sqlite};

use crate::harness::{Desk, open_with};

/// All four banks keep entries since then.
const FROM: &str = "2025-10-01";

/// Entries by day and amount.
type Sums = BTreeMap<(String, i64), usize>;

struct World {
    simulator: Simulator,
    address: String,
    desk: Desk,
    _keys: tempfile::TempDir,
}

async fn world(stage: &Stage<'_>) -> World {
    let simulator = Simulator::new(7, Arc::new(stage.time.clone()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let router = simulator.clone().router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let keys = tempfile::tempdir().unwrap();
    for name in ["chase", "wells-fargo", "bank-of-america", "citi"] {
        std::fs::write(keys.path().join(format!("{name}-api-key")), "id:PLANTED-KEY\n").unwrap();
    }
    let dir = keys.path().display().to_string();
    let settings = [("keys_dir", dir.as_str()), ("api_timeout_seconds", "2"), ("retry_attempts", "0")];
    let desk = open_with(stage, &settings).await;
    World { simulator, address, desk, _keys: keys }
}

impl World {
    async fn connect(&self, bank: &str, path: &str) -> Connection {
        let base_url = Some(format!("http://{}/{path}", self.address));
        let command = Connect { bank: bank.to_owned(), base_url, entity: Some("acme-us".to_owned()), owner: None };
        self.desk.face.connect(&self.desk.ctx(), command).await.unwrap()
    }

    async fn rounds(&self) {
        let sync = self.desk.opened.periodic.iter().find(|work| work.name == "banking_sync").unwrap();
        (sync.work)().await.unwrap();
    }

    async fn connection(&self, id: ConnectionId) -> Connection {
        self.desk.face.connection(&self.desk.ctx(), id).await.unwrap()
    }

    /// Booked entries by account, as (day, minor) with their counts.
    async fn found(&self) -> BTreeMap<String, Sums> {
        let query = AccountQuery { account: None, after: None, limit: 50 };
        let mut all = BTreeMap::new();
        for account in self.desk.face.accounts(&self.desk.ctx(), query).await.unwrap().items {
            let mut query =
                TransactionQuery { account: account.id, from: None, to: None, status: None, after: None, limit: 500 };
            let sums: &mut Sums = all.entry(account.last_four).or_default();
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

    /// What the banks have of the last `days`, by the last four letters of the number.
    fn truth(&self, bank: &str, days: &str) -> BTreeMap<String, Sums> {
        let mut all = BTreeMap::new();
        for account in self.simulator.truth().as_array().unwrap().iter().filter(|account| account["bank"] == bank) {
            let number = account["number"].as_str().unwrap();
            let sums: &mut Sums = all.entry(number[number.len() - 4..].to_owned()).or_default();
            for entry in
                account["entries"].as_array().unwrap().iter().filter(|entry| entry["day"].as_str().unwrap() >= days)
            {
                *sums
                    .entry((entry["day"].as_str().unwrap().to_owned(), entry["minor"].as_i64().unwrap()))
                    .or_default() += 1;
            }
        }
        all
    }
}

/// What is not in both, with the larger count.
fn differences(one: &Sums, other: &Sums) -> Sums {
    let all = one.iter().chain(other);
    all.filter(|(entry, _)| one.get(*entry) != other.get(*entry))
        .map(|(entry, count)| (entry.clone(), *count))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn four_banks_are_followed_day_by_day() {
    for_each_engine(async |store| {
        let stage = Stage::new(store);
        let world = world(&stage).await;
        for (bank, path) in BANKS {
            world.connect(bank, path).await;
        }
        world.rounds().await;
        for connection in world.desk.face.connections(&world.desk.ctx()).await.unwrap().items {
            assert_eq!((connection.state, connection.reason), (ConnectionState::Active, None), "{}", connection.bank);
        }
        // A week away, and late entries in between.
        for days in [1, 7, 3] {
            stage.time.advance_millis(days * 86_400_000);
            world.rounds().await;
        }
        let found = world.found().await;
        for (bank, _) in BANKS {
            let end = if bank == "citi" { "2026-02-11" } else { "9999" };
            for (number, mut expected) in world.truth(bank, FROM) {
                // Statements of a day come when it is over.
                expected.retain(|(day, _), _| day.as_str() < end);
                let mut there = found[&number].clone();
                there.retain(|(day, _), _| day.as_str() >= FROM);
                assert_eq!(differences(&there, &expected), Sums::new(), "{bank} {number}");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_every_fault_the_accounts_are_as_the_bank_has_them() {
    on_sqlite(async |store| {
        let stage = Stage::new(store);
        let world = world(&stage).await;
        let connection = world.connect("wells_fargo", "wells-fargo").await;
        for fault in [Fault::RateLimit, Fault::Error, Fault::Half, Fault::Hang] {
            world.rounds().await;
            stage.time.advance_millis(86_400_000);
            world.simulator.fault(fault, 1);
            world.rounds().await;
            let failing = world.connection(connection.id).await;
            assert_eq!(failing.state, ConnectionState::Failing, "{fault:?} {:?}", failing.reason);
            stage.time.advance_millis(3_600_000);
            world.rounds().await;
            assert_eq!(world.connection(connection.id).await.state, ConnectionState::Active, "{fault:?}");
        }
        let (mut found, mut truth) = (world.found().await, world.truth("wells_fargo", FROM));
        let recent = |sums: &mut Sums| sums.retain(|(day, _), _| day.as_str() >= FROM);
        found.values_mut().for_each(recent);
        truth.values_mut().for_each(recent);
        for (number, expected) in truth {
            assert_eq!(differences(&found[&number], &expected), Sums::new(), "{number}");
        }
        let told: Vec<String> = world.desk.events().await.into_iter().map(|event| event.event.kind).collect();
        assert_eq!(told.iter().filter(|kind| *kind == "banking.connection.failing").count(), 4);
        assert_eq!(told.iter().filter(|kind| *kind == "banking.connection.recovered").count(), 4);
        let all = serde_json::to_string(&world.desk.events().await).unwrap();
        assert!(!all.contains("PLANTED"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_consent_is_told_once_and_renewed() {
    on_sqlite(async |store| {
        let stage = Stage::new(store);
        let world = world(&stage).await;
        let connection = world.connect("bank_of_america", "bank-of-america").await;
        world.simulator.fault(Fault::Consent, 1);
        world.rounds().await;
        assert_eq!(world.connection(connection.id).await.state, ConnectionState::ConsentNeeded);
        stage.time.advance_millis(86_400_000);
        world.rounds().await;
        assert_eq!(world.connection(connection.id).await.synced_at, None);
        let test = world.desk.face.test_connection(&world.desk.ctx(), connection.id).await.unwrap();
        assert!(test.steps.iter().all(|step| step.passed), "{test:?}");
        let change = ChangeConnection { id: connection.id, change: ConnectionChange::Consent };
        world.desk.face.change_connection(&world.desk.ctx(), change).await.unwrap();
        world.rounds().await;
        assert_eq!(world.connection(connection.id).await.state, ConnectionState::Active);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_of_our_own_network_is_not_called() {
    on_sqlite(async |store| {
        let stage = Stage::new(store);
        let world = world(&stage).await;
        let base_url = Some("http://169.254.169.254/latest".to_owned());
        let command = Connect { bank: "bank_of_america".to_owned(), base_url, entity: None, owner: None };
        let connection = world.desk.face.connect(&world.desk.ctx(), command).await.unwrap();
        world.rounds().await;
        assert_eq!(world.connection(connection.id).await.reason.as_deref(), Some("address_forbidden"));
        let unknown = Connect { bank: "nobodys".to_owned(), base_url: None, entity: None, owner: None };
        assert_eq!(world.desk.face.connect(&world.desk.ctx(), unknown).await.unwrap_err().code(), "bank_unknown");
    })
    .await;
}
