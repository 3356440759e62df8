//! The frame's routes, through the edge.

use axum::{Extension, Router};
use kernel::Principal;
use platform::frame::routes;
use platform::http::Listener;
use serde_json::{Value, json};
use testkit::for_each_engine;

use super::office::{OFFERS, Office, editor, named, reader, stranger};
use crate::common::{Answer, config, open, send};
use crate::feed::common::{Misfortune, tell};

async fn door(office: &Office, principal: Principal) -> Listener {
    let frame = office.ways()[1].clone();
    let router = Router::new().nest("/v1", routes(OFFERS, frame)).layer(Extension(principal));
    open(router, &config(&[])).await
}

async fn ask(door: &Listener, method: &str, path: &str) -> (u16, Value) {
    let json = "content-type: application/json\r\n";
    let Answer { status, head, body } = send(door.address(), method, path, json, b"").await;
    let body = if body.is_empty() { Value::Null } else { Answer { status, head, body }.json() };
    (status, body)
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_paged_and_a_future_cursor_is_refused() {
    for_each_engine(async |store| {
        let office = Office::open(store).await;
        for _ in 0..3 {
            tell(&office.desk.db, "thing").await;
        }
        let door = door(&office, reader()).await;
        let (status, page) = ask(&door, "GET", "/v1/office/events?limit=2").await;
        assert_eq!((status, page["items"].as_array().unwrap().len(), &page["next"]), (200, 2, &json!(2)));
        assert_eq!(page["items"][0]["dataschema"], "/schemas/test.thing.happened/1");
        let (status, page) = ask(&door, "GET", "/v1/office/events?after=3").await;
        assert_eq!((status, &page), (200, &json!({ "items": [], "next": 3 })));
        for after in ["4", "9223372036854775806", "9223372036854775807", "18446744073709551615"] {
            let (status, problem) = ask(&door, "GET", &format!("/v1/office/events?after={after}")).await;
            assert_eq!(
                (status, &problem["code"], &problem["end"]),
                (400, &json!("cursor_ahead"), &json!(3)),
                "{after}"
            );
        }
        for limit in ["0", "1001"] {
            let (status, problem) = ask(&door, "GET", &format!("/v1/office/events?limit={limit}")).await;
            assert_eq!((status, &problem["code"]), (400, &json!("page_size")));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parked_events_are_managed_over_http() {
    for_each_engine(async |store| {
        let office = Office::open(store).await;
        for cursor in 1..=3 {
            office.desk.note.meet(cursor, Misfortune::Refuses);
            tell(&office.desk.db, "thing").await;
        }
        let running = office.consumer.start();
        office.reaches(&office.consumer, 3).await;
        running.close().await;
        let door = door(&office, editor()).await;
        let (_, first) = ask(&door, "GET", "/v1/office/parked?limit=2").await;
        assert_eq!((first["items"].as_array().unwrap().len(), &first["items"][0]["feed"]), (2, &json!("test")));
        let next = first["next"].as_str().unwrap();
        let (_, second) = ask(&door, "GET", &format!("/v1/office/parked?cursor={next}")).await;
        assert_eq!((&second["items"][0]["cursor"], &second["next"]), (&json!(3), &Value::Null));
        let (status, tried) = ask(&door, "POST", "/v1/office/parked/test/1/retry").await;
        assert_eq!((status, &tried["happened"]), (200, &json!(false)));
        office.desk.note.heal(1);
        assert_eq!(ask(&door, "POST", "/v1/office/parked/test/1/retry").await, (200, json!({ "happened": true })));
        let (status, given_up) = ask(&door, "POST", "/v1/office/parked/test/2/give-up").await;
        assert_eq!((status, &given_up["event"]["id"]), (200, &json!("2")));
        let (status, problem) = ask(&door, "POST", "/v1/office/parked/other/2/give-up").await;
        assert_eq!((status, &problem["code"]), (404, &json!("not_found")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_are_listed_and_deregistered() {
    for_each_engine(async |store| {
        let office = Office::open(store).await;
        tell(&office.desk.db, "thing").await;
        let running = office.consumer.start();
        office.reaches(&office.consumer, 1).await;
        running.close().await;
        let door = door(&office, editor()).await;
        let (_, all) = ask(&door, "GET", "/v1/office/events/consumers").await;
        assert_eq!((&all["items"][0]["name"], &all["end"]), (&json!("risk"), &json!(1)));
        assert_eq!(ask(&door, "DELETE", "/v1/office/events/consumers/risk").await, (204, Value::Null));
        assert_eq!(ask(&door, "DELETE", "/v1/office/events/consumers/risk").await.0, 404);
        assert_eq!(ask(&door, "DELETE", "/v1/office/events/consumers/No%20One").await.0, 400);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn permissions_are_needed_except_for_own_outcomes() {
    for_each_engine(async |store| {
        let office = Office::open(store).await;
        office.made("ann", "put_thing", "k1", json!({ "id": 7 })).await;
        let nobody = door(&office, stranger()).await;
        for path in ["events", "events/consumers", "parked"] {
            assert_eq!(ask(&nobody, "GET", &format!("/v1/office/{path}")).await.0, 403, "{path}");
        }
        let outcome = "/v1/office/outcomes/put_thing/k1";
        assert_eq!(ask(&nobody, "GET", outcome).await.1["code"], "not_found");
        let ann = door(&office, named("ann")).await;
        let (status, found) = ask(&ann, "GET", outcome).await;
        assert_eq!((status, &found["made"], &found["refused"]), (200, &json!({ "id": 7 }), &Value::Null));
    })
    .await;
}
