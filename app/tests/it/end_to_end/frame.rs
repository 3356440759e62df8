//! The part of identity that every room has: its events and their readers, and outcomes by idempotency key.

use std::time::Duration;

use hyper::{Method, StatusCode};
use serde_json::json;
use testkit::{Answer, Client};

use crate::end_to_end::house::{House, builder, on_both, refusal};
use crate::rooms::rooms;

const USERS: &str = "/v1/identity/users";

async fn create(house: &House, key: &str, name: &str) -> Answer {
    sent(&house.client, key, name).await.unwrap()
}

/// Nothing if the connection broke.
async fn sent(client: &Client, key: &str, name: &str) -> Option<Answer> {
    let body = json!({ "username": name, "roles": ["customer"] });
    client.send(Method::POST, USERS, &[("idempotency-key", key)], Some(&body)).await.ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_created_once_per_key_and_the_outcome_is_found() {
    on_both(async |house: &House| {
        let (first, again) = tokio::join!(create(house, "ann-1", "ann"), create(house, "ann-1", "ann"));
        let (first, again) = if first.status == StatusCode::CREATED { (first, again) } else { (again, first) };
        assert_eq!((first.status, first.header("idempotency-replayed")), (StatusCode::CREATED, None));
        assert_eq!((again.status, again.header("idempotency-replayed")), (StatusCode::OK, Some("true")));
        assert!(first.json()["one_time_password"].is_string());
        assert_eq!(
            (&again.json()["user"], &again.json()["withheld"]),
            (&first.json()["user"], &json!("one_time_password"))
        );
        refusal(&create(house, "ann-1", "bob").await, 422, "idempotency_key_taken");
        refusal(&create(house, "ann-2", "ann").await, 409, "taken");

        let made = house.get("/v1/identity/outcomes/create_user/ann-1").await;
        assert_eq!(made["made"], first.json()["user"]["id"]);
        let refused = house.get("/v1/identity/outcomes/create_user/ann-2").await;
        assert_eq!((&refused["refused"]["code"], refused.get("made")), (&json!("taken"), None));
        refusal(&house.client.get("/v1/identity/outcomes/create_client/ann-1").await, 404, "not_found");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_identity_are_listed_and_routes_of_other_parts_are_absent() {
    on_both(async |house: &House| {
        let before = house.get("/v1/identity/events?limit=1000").await["next"].clone();
        let ann = create(house, "ann-1", "ann").await.json();
        let events = house.get(&format!("/v1/identity/events?after={before}")).await;
        let event = events["items"].as_array().unwrap().iter().find(|one| one["type"] == "identity.user.created");
        let event = event.unwrap_or_else(|| panic!("{events}"));
        assert_eq!(event["dataschema"], "/schemas/identity.user.created/1");
        assert!(event.to_string().contains(ann["user"]["id"].as_str().unwrap()), "{event}");
        let readers = house.get("/v1/identity/events/consumers").await;
        assert_eq!(readers["end"], events["next"]);
        let named: Vec<&str> =
            readers["items"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
        let reads = |name: &str| {
            rooms().iter().any(|room| room.name == name && room.reads.iter().any(|read| read == "identity"))
        };
        assert!(named.iter().all(|name| reads(name)), "{named:?}");
        let ahead = format!("/v1/identity/events?after={}", events["next"].as_u64().unwrap() + 1_000);
        refusal(&house.client.get(&ahead).await, 400, "cursor_ahead");
        let gone = house.send(Method::DELETE, "/v1/identity/events/consumers/archive", None).await;
        refusal(&gone, 404, "not_found");
        // Identity reads no events, and the ledger's log has its own feed and ids.
        for path in ["/v1/identity/parked", "/v1/ledger/parked", "/v1/ledger/outcomes/open_account/key"] {
            refusal(&house.client.get(path).await, 404, "route_unknown");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_creation_cut_off_by_a_kill_has_one_effect_when_sent_again() {
    killed_on(None).await;
    testkit::on_postgres(async |store| {
        let name = format!("florin_killed_{}", std::process::id());
        platform::db::create_database(store.url(), &name).await.unwrap();
        killed_on(Some(&platform::db::with_database(store.url(), &name))).await;
        platform::db::drop_database(store.url(), &name).await.unwrap();
    })
    .await;
}

/// Kills the server before, during and after the commit.
async fn killed_on(url: Option<&str>) {
    let dir = tempfile::tempdir().unwrap();
    let start = async || {
        let builder = builder(dir.path()).env("FLORIN__RPC__SECRET_FILE", dir.path().join("keys/rpc"));
        url.into_iter().fold(builder, |builder, url| builder.env("FLORIN__STORAGE__DATABASE_URL", url)).start().await
    };
    let mut server = start().await;
    let people = ["ann", "bob", "carl"];
    for (wait_ms, name) in [10, 40, 120].into_iter().zip(people) {
        let client = server.client();
        let first = tokio::spawn(async move { sent(&client, name, name).await });
        tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        server.kill();
        let first = first.await.unwrap();
        server = start().await;
        let again = sent(&server.client(), name, name).await.unwrap();
        assert!(again.status == StatusCode::OK || first.is_none(), "{name} was answered before: {}", again.text());
        assert!(again.status.is_success(), "{name}: {}", again.text());
        assert_eq!(sent(&server.client(), name, name).await.unwrap().json()["user"], again.json()["user"]);
    }
    let events = server.client().get("/v1/identity/events?limit=1000").await.json();
    let created = events["items"].as_array().unwrap().iter().filter(|event| event["type"] == "identity.user.created");
    assert_eq!(created.count(), people.len(), "{events}");
}
