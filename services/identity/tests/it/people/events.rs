//! Queries for events that were removed.

use std::sync::Arc;

use axum::Extension;
use identity::{HttpConfig, Routes};
use kernel::{Permission, Principal, PrincipalKind};
use platform::db::Value;
use platform::error::Failure;
use platform::feed::Pull;
use serde_json::json;
use testkit::for_each_way;

use crate::people::api::Api;
use crate::people::harness::Desk;

/// The API for operators, called with all permissions.
fn api(desk: &Desk) -> Api {
    let http = HttpConfig { issuer: "http://localhost".to_owned(), clock: Arc::new(desk.clock.clone()) };
    let Routes { v1, .. } = identity::routes(desk.service.clone(), http);
    let somebody = Principal::new(PrincipalKind::Admin, "usr_admin", [Permission::everything()]);
    Api::at_the_edge(v1.layer(Extension(somebody)), &desk.clock)
}

async fn remove(desk: &Desk, before: i64) {
    let tx = desk.db.begin().await.unwrap();
    tx.execute("delete from outbox where seq < $1", &[Value::Int(before)]).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_of_removed_events_is_told_where_to_continue() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        let api = api(&desk);
        desk.person("ann", &["customer"]).await;
        desk.session("ann").await;
        let (_, all) = api.get("/identity/events").await;
        let last = all["next"].as_u64().unwrap();
        assert!(last > 2);
        remove(&desk, last.cast_signed()).await;
        for after in [0, last - 2] {
            let pull = Pull { after, max: 10, wait_ms: 0, consumer: None };
            let gone = Err(Failure::EventsGone { first: last }.into());
            assert_eq!(desk.face.events_after(&desk.ctx, pull).await, gone);
            let (status, problem) = api.get(&format!("/identity/events?after={after}")).await;
            assert_eq!((status, &problem["code"], &problem["first"]), (410, &json!("events_gone"), &json!(last)));
        }
        let (status, rest) = api.get(&format!("/identity/events?after={}", last - 1)).await;
        assert_eq!((status, rest["items"].as_array().unwrap().len(), rest["next"].as_u64()), (200, 1, Some(last)));
        // A cursor that no reader was given.
        for after in [last + 1, u64::MAX / 2, u64::MAX] {
            let (status, problem) = api.get(&format!("/identity/events?after={after}")).await;
            assert_eq!((status, &problem["code"], &problem["end"]), (400, &json!("cursor_ahead"), &json!(last)));
        }
        // Nothing is left, and nothing has happened since.
        remove(&desk, i64::MAX).await;
        assert_eq!(api.get("/identity/events").await.1["first"], last + 1);
        assert_eq!(api.get(&format!("/identity/events?after={last}")).await.1["items"], json!([]));
    })
    .await;
}

/// Between processes a refusal keeps its fields, so that a remote reader gets them too.
#[test]
fn events_gone_keeps_its_fields_over_rpc() {
    let told = identity_api::IdentityError::from(Failure::EventsGone { first: 4_711 });
    let line = serde_json::to_string(&told).unwrap();
    assert_eq!(line, r#"{"failed":{"events_gone":{"first":4711}}}"#);
    assert_eq!(serde_json::from_str::<identity_api::IdentityError>(&line).unwrap(), told);
    assert_eq!((told.code(), told.status()), ("events_gone", 410));
}
