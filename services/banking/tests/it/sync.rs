//! Four simulated banks, each by its dialect: after every fault the accounts are as the banks have them.

use banking::simulator::{BANKS, Fault};
use banking_api::*;
use testkit::{Stage, for_each_engine, on_sqlite};

use crate::world::{Sums, differences, world};

/// All four banks keep entries since then.
const FROM: &str = "2025-12-29";

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
                assert_eq!(differences(&found[&number], &expected, FROM), Sums::new(), "{bank} {number}");
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
        let found = world.found().await;
        for (number, expected) in world.truth("wells_fargo", FROM) {
            assert_eq!(differences(&found[&number], &expected, FROM), Sums::new(), "{number}");
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
        let command =
            Connect { bank: "bank_of_america".to_owned(), base_url, entity: None, owner: None, public_token: None };
        let connection = world.desk.face.connect(&world.desk.ctx(), command).await.unwrap();
        world.rounds().await;
        assert_eq!(world.connection(connection.id).await.reason.as_deref(), Some("address_forbidden"));
        let unknown =
            Connect { bank: "nobodys".to_owned(), base_url: None, entity: None, owner: None, public_token: None };
        assert_eq!(world.desk.face.connect(&world.desk.ctx(), unknown).await.unwrap_err().code(), "bank_unknown");
    })
    .await;
}
