//! One line in the list brings a room into each command and each view of a process.

use serde_json::json;

use super::program::{Place, for_each_place};

#[test]
fn in_the_help_of_serve() {
    let help = Place::embedded().prints("serve --help");
    assert!(help.contains("pebbles") && help.contains("counts pebbles"), "{help}");
}

#[test]
fn in_the_configuration_as_settings_and_as_a_service() {
    let place = Place::embedded();
    let defaults = place.prints("config --defaults");
    assert!(defaults.contains("# Pebbles that the pond takes.\npond_max = 3"), "{defaults}");
    assert!(place.prints("config").contains("[services.pebbles]"));
    std::fs::write(place.dir().join("florin.toml"), "[pebbles]\npond_max = 101\n").unwrap();
    let said = place.refuses("config");
    assert!(said.contains("pebbles.pond_max") && said.contains("found 101"), "{said}");
}

#[test]
fn in_the_document() {
    let document = Place::embedded().prints("openapi");
    assert!(document.contains("\"/v1/pebbles\"") && document.contains("\"throw_pebble\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn in_migrate_on_both_engines() {
    for_each_place(async |place| {
        let (first, second) = (place.prints("migrate"), place.prints("migrate"));
        assert!(first.contains("pebbles: 2 migrations applied to"), "{first}");
        assert!(second.contains("pebbles: nothing to do"), "{second}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_serve_its_roles_status_and_readiness_on_both_engines() {
    for_each_place(async |place| {
        let running = place.server().start().await;
        let client = running.client();
        for thrown in 1..=3 {
            let answer = client.post("/v1/pebbles", &json!({})).await;
            assert_eq!((answer.status.as_u16(), answer.json()["thrown"].as_i64()), (200, Some(thrown)));
        }
        assert_eq!(client.post("/v1/pebbles", &json!({})).await.status.as_u16(), 404, "the pond takes three");
        let status = client.get("/status").await.json();
        assert!(status["roles"].as_array().unwrap().iter().any(|role| role == "pebbles"), "{status}");
        assert!(status["services"]["pebbles"].is_object(), "{status}");
        assert_eq!(client.get("/ready").await.json()["components"]["pebbles"]["status"], "UP");
        let roles = client.get("/v1/access/roles").await.text();
        assert!(roles.contains("pebbles:throw:all"), "{roles}");
        assert_eq!(client.stranger().post("/v1/pebbles", &json!({})).await.status.as_u16(), 401);
    })
    .await;
}
