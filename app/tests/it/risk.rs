//! Risk in real processes: killed, taken over by a stand-by, and used from the command line.

use std::path::Path;
use std::time::Duration;

use kernel::{Clock, SystemClock};
use serde_json::{Value, json};
use testkit::{Client, Server, ServerBuilder};

use crate::common::{florin, run};

/// Longest time without a decision.
const TAKE_OVER_MAX_MS: u64 = 5_000;

fn builder(dir: &Path) -> ServerBuilder {
    ServerBuilder::new(env!("CARGO_BIN_EXE_florin"), dir).env("FLORIN__TELEMETRY__LOG_LEVEL", "warn")
}

/// A payment of one card.
fn payment(id: usize) -> Value {
    let amount = json!({ "amount": "10.00", "currency": "EUR" });
    let at = "2026-01-31T12:00:00Z";
    let subject = json!({
        "id": format!("pay-{id}"), "kind": "payment", "at": at, "amount": amount, "card": "tok_1", "merchant": "shop_1"
    });
    json!({ "subjects": [subject] })
}

/// Nothing if there is no decision.
async fn decide(client: &Client, id: usize) -> Option<Value> {
    let answer = client.post("/v1/risk/decide", &payment(id)).await;
    let mut decided = answer.json()["items"][0]["assessment"].clone();
    // Differs for a decision that is made again.
    decided.as_object_mut()?.remove("micros");
    Some(decided)
}

/// How often the card was counted.
async fn counted(client: &Client) -> Value {
    let features = client.get("/v1/risk/entities/card/tok_1").await.json()["features"].clone();
    let found = features.as_array().into_iter().flatten().find(|feature| feature["name"] == "card_count_1h");
    found.map(|feature| feature["value"].clone()).unwrap_or_default()
}

async fn is_holder(server: &Server) -> bool {
    server.client().get("/status").await.json()["services"]["risk"]["role"] == "holder"
}

#[tokio::test(flavor = "multi_thread")]
async fn decisions_and_counters_survive_sigkill() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = builder(dir.path()).start().await;
    let mut first = None;
    for round in 0..3 {
        let client = server.client();
        for number in 0..10 {
            let made = decide(&client, round * 10 + number).await.unwrap();
            first.get_or_insert(made);
        }
        // One that can be read is stored.
        let last = format!("/v1/risk/decisions/pay-{}", round * 10 + 9);
        assert_eq!(client.get(&last).await.status.as_u16(), 200);
        server.kill();
        server = builder(dir.path()).start().await;
        assert_eq!(decide(&server.client(), 0).await, first);
        assert_eq!(counted(&server.client()).await, json!(10.0 * (round + 1) as f64));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stand_by_decides_within_five_seconds() {
    testkit::on_postgres(async |store| {
        let name = format!("florin_risk_{}", std::process::id());
        let server_url = store.url().to_owned();
        platform::db::create_database(&server_url, &name).await.unwrap();
        let url = platform::db::with_database(&server_url, &name);
        let dir = tempfile::tempdir().unwrap();
        let member = |place: &str| {
            let builder = builder(&dir.path().join(place)).env("FLORIN__STORAGE__DATABASE_URL", &url);
            builder.env("FLORIN__RPC__SECRET_FILE", dir.path().join("rpc"))
        };
        let (one, other) = (member("one").start().await, member("other").start().await);
        for number in 0..5 {
            decide(&one.client(), number).await.unwrap();
            decide(&other.client(), 10 + number).await.unwrap();
        }
        assert_eq!((counted(&one.client()).await, counted(&other.client()).await), (json!(10.0), json!(10.0)));
        let (holder, left) = if is_holder(&one).await { (one, other) } else { (other, one) };
        assert!(!is_holder(&left).await, "both decide");
        let client = left.client();
        let before = decide(&client, 4).await.unwrap();
        assert_eq!(client.get("/v1/risk/decisions/pay-14").await.status.as_u16(), 200);
        holder.kill();
        let killed = SystemClock.monotonic();
        while decide(&client, 20).await.is_none() {
            let waited_ms = SystemClock.monotonic().micros_since(killed) / 1_000;
            assert!(waited_ms < TAKE_OVER_MAX_MS, "nobody decides after {waited_ms} ms:\n{}", left.output());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(decide(&client, 4).await, Some(before));
        assert_eq!(counted(&client).await, json!(11.0));
        left.stop().await;
        platform::db::drop_database(&server_url, &name).await.unwrap();
    })
    .await;
}

#[test]
fn traffic_is_simulated_imported_and_scored() {
    let dir = tempfile::tempdir().unwrap();
    let simulate = ["simulate", "traffic", "--days", "3", "--customers", "100", "--form", "csv"];
    let (good, traffic, said) = run(florin(dir.path()).args(simulate));
    assert!(good, "{said}");
    let file = dir.path().join("traffic.csv");
    std::fs::write(&file, &traffic).unwrap();
    let rows = traffic.lines().count() - 1;
    let (good, out, said) = run(florin(dir.path()).args(["risk", "import"]).arg(&file));
    assert!(good && out.starts_with(&format!("{rows} rows, ")), "{out}{said}");
    let (good, scores, said) = run(florin(dir.path()).args(["risk", "score"]).arg(&file));
    assert!(good && scores.lines().count() == rows + 1, "{said}");
    assert!(scores.starts_with("id,score,probability,card_count_1m,"), "{scores}");
    let (good, _, said) = run(florin(dir.path()).args(["risk", "report"]));
    assert!(!good && said.contains("there is no model yet"), "{said}");
}
