//! The part of identity that every room has: its events and their readers, and outcomes by idempotency key.

use hyper::{Method, StatusCode};
use serde_json::json;
use testkit::Answer;

use crate::end_to_end::house::{House, on_both, refusal};

const USERS: &str = "/v1/identity/users";

async fn create(house: &House, key: &str, name: &str) -> Answer {
    let body = json!({ "username": name, "roles": ["customer"] });
    house.client.send(Method::POST, USERS, &[("idempotency-key", key)], Some(&body)).await.unwrap()
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
        assert_eq!((&readers["items"], &readers["end"]), (&json!([]), &events["next"]));
        let ahead = format!("/v1/identity/events?after={}", events["next"].as_u64().unwrap() + 1_000);
        refusal(&house.client.get(&ahead).await, 400, "cursor_ahead");
        let gone = house.send(Method::DELETE, "/v1/identity/events/consumers/risk", None).await;
        refusal(&gone, 404, "not_found");
        // Identity reads no events, and the ledger's log has its own feed and ids.
        for path in ["/v1/identity/parked", "/v1/ledger/parked", "/v1/ledger/outcomes/open_account/key"] {
            refusal(&house.client.get(path).await, 404, "route_unknown");
        }
    })
    .await;
}
