//! The room in a process of its own, and what the others say when a room elsewhere is gone.

use serde_json::json;
use testkit::{ServerBuilder, on_postgres};

use super::program::Place;
use crate::rooms;

#[tokio::test(flavor = "multi_thread")]
async fn in_dev_split_as_a_process_of_its_own() {
    on_postgres(async |store| {
        let place = Place::of_store(store).await;
        let mut house = place.server().command(["dev", "split"]).arg("--ledgers").arg("1").start().await;
        house.said("pebbles is up").await;
        let client = house.client();
        assert_eq!(client.post("/v1/pebbles", &json!({})).await.json()["thrown"], 1);
        let status = client.get("/status").await.json();
        assert_eq!(status["roles"], json!(["edge"]));
        assert!(status["services"]["pebbles"].is_object(), "{status}");
        house.terminate();
        assert_eq!(house.wait().await.code(), Some(0), "{}", house.output());
        place.remove(store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_room_elsewhere_leaves_every_other_process_ready() {
    let place = Place::embedded();
    let alone = |room: &str| place.server_at(&place.data().join(room)).arg(room);
    let identity = alone("identity").start().await;
    let at_identity = identity.said("other processes call it on ").await;
    let ledger = alone("ledger").calling(&["IDENTITY"], &at_identity).start().await;
    let at_ledger = ledger.said("other processes call it on ").await;
    let both = |builder: ServerBuilder| builder.calling(&["IDENTITY"], &at_identity).calling(&["LEDGER"], &at_ledger);
    let pebbles = both(alone("pebbles")).start().await;
    let at_pebbles = pebbles.said("other processes call it on ").await;
    let others = rooms::list().into_iter().map(|mounted| mounted.name());
    let others = others.filter(|name| !["identity", "ledger", "pebbles"].contains(name));
    let edge = both(others.fold(alone("edge"), ServerBuilder::arg)).calling(&["PEBBLES"], &at_pebbles).start().await;

    let client = edge.client();
    assert_eq!(client.post("/v1/pebbles", &json!({})).await.status.as_u16(), 200);
    assert!(client.get("/status").await.json()["services"]["ledger"]["head"].is_string());
    // Its job acts as the room itself, with a token that identity issues in another process.
    let config = format!("[storage]\ndata_dir = \"{}\"\n", place.data().join("pebbles").display());
    std::fs::write(place.dir().join("florin.toml"), config).unwrap();
    let done = place.prints("jobs run pebbles.empty");
    assert!(done.contains("pebbles.empty: done\n"), "{done}");
    let clients = client.get("/v1/identity/clients").await.text();
    assert!(clients.contains("florin-pebbles") && clients.contains("florin-ledger"), "{clients}");
    // Its token of before is worth nothing within a second.
    let decide =
        async |what: &str| client.post(&format!("/v1/identity/clients/florin-pebbles/{what}"), &json!({})).await;
    assert_eq!(decide("disable").await.status.as_u16(), 200);
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let said = place.refuses("jobs run pebbles.empty");
    assert!(said.contains("the ledger says "), "{said}");
    assert_eq!(decide("enable").await.status.as_u16(), 200);
    drop(ledger);

    assert_eq!(client.get("/v1/ledger/accounts").await.status.as_u16(), 503);
    assert_eq!(client.post("/v1/pebbles", &json!({})).await.status.as_u16(), 200);
    for process in [&edge, &pebbles, &identity] {
        assert_eq!(process.client().get("/ready").await.status.as_u16(), 200, "{}", process.output());
    }
    let status = client.get("/status").await.json();
    assert_eq!(status["services"]["ledger"]["error"], "unavailable", "{status}");
    assert!(status["services"]["identity"]["terms"].is_number(), "{status}");
}
