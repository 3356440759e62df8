//! A room that consumes the events of another gets a task, a part of `/status`, a metric, routes and commands.

use platform::db::Engine;
use serde_json::{Value, json};
use testkit::{Client, for_each_engine};

use super::program::Place;

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_has_a_status_a_lag_and_routes_and_commands_for_parked_events() {
    for_each_engine(async |store| {
        let place = Place::of_store(store).await.with_reader();
        let server = place.server().start().await;
        let cursor = over_http(&server.client()).await;
        let listed = place.prints("feed list");
        assert!(listed.contains("read by ripples up to"), "{listed}");
        assert!(listed.contains(&format!("parked: identity {cursor}  identity.user.disabled")), "{listed}");
        let command = |what: &str| format!("feed {what} ripples identity {cursor}");
        let mut server = Some(server);
        if store.engine() == Engine::Sqlite {
            let said = place.refuses(&command("give-up"));
            assert!(said.contains("is running on") && said.contains("/v1/ripples/parked"), "{said}");
            server.take().unwrap().stop().await;
        }
        assert!(place.prints(&command("retry")).contains("ripples tries event"));
        let given_up = place.prints(&command("give-up"));
        assert!(given_up.contains("it was parked because the pond is frozen"), "{given_up}");
        assert!(place.refuses(&command("give-up")).contains("no event with cursor"));
        let listed = place.prints("feed list ripples");
        assert!(listed.contains("no parked events") && !listed.contains("identity\n"), "{listed}");
        assert!(place.prints("feed deregister identity ripples").contains("keeps no more events for ripples"));
        if let Some(server) = server {
            assert!(server.stop().await.0.success());
        }
        place.remove(store).await;
    })
    .await;
}

/// Disables a user, which the reader refuses; returns the cursor of that event.
async fn over_http(client: &Client) -> u64 {
    let ann = client.post("/v1/identity/users", &json!({ "username": "ann", "roles": ["customer"] })).await.json();
    let id = ann["user"]["id"].as_str().unwrap().to_owned();
    assert_eq!(client.post(&format!("/v1/identity/users/{id}/disable"), &json!({})).await.status.as_u16(), 200);
    let parked = eventually(client, "/v1/ripples/parked").await;
    let event = &parked["items"][0];
    assert_eq!((&event["feed"], &event["reason"]), (&json!("identity"), &json!("the pond is frozen")));
    let readers = eventually(client, "/v1/identity/events/consumers").await;
    assert!(readers["items"].as_array().unwrap().iter().any(|one| one["name"] == "ripples"), "{readers}");
    let status = client.get("/status").await.json();
    assert_eq!(status["services"]["ripples.identity"]["parked"], 1, "{status}");
    let metrics = client.get("/metrics").await.text();
    let mut lags = metrics.lines().filter(|line| line.starts_with("feed_lag_events{"));
    let is_ours = |line: &str| line.contains("consumer=\"ripples\"") && line.contains("feed=\"identity\"");
    assert!(lags.any(is_ours), "{metrics}");
    let cursor = event["cursor"].as_u64().unwrap();
    let retried = client.post(&format!("/v1/ripples/parked/identity/{cursor}/retry"), &json!({})).await.json();
    assert_eq!(retried, json!({ "happened": false, "reason": "the pond is frozen" }));
    cursor
}

/// The list, once it has something.
async fn eventually(client: &Client, path: &str) -> Value {
    for _ in 0..600 {
        let answer = client.get(path).await.json();
        if answer["items"].as_array().is_some_and(|items| !items.is_empty()) {
            return answer;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{path} stayed empty")
}
