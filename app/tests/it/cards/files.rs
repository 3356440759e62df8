//! A large clearing file, streamed to the real binary twice; the simulator; and keys rotated meanwhile.

use std::collections::BTreeMap;
use std::process::Command;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use serde_json::{Value, json};
use testkit::{Client, ServerBuilder};

use crate::cards::stage::VISA;

const LINES: usize = 1_000;
/// Those of one authorization, which take turns.
const PARTS: usize = 20;

async fn clear(client: &Client, lines: &str) -> Value {
    let request = Request::post("/v1/cards/clearing-files?file=large")
        .header("content-type", "application/x-ndjson")
        .body(Full::new(Bytes::from(lines.to_owned())))
        .unwrap();
    let answer = client.send_raw(request).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn simulate(server: &str, words: &[&str]) -> Result<Value, String> {
    let done = Command::new(env!("CARGO_BIN_EXE_florin"))
        .args(["simulate", "card"])
        .args(words)
        .args(["--server", server])
        .output()
        .unwrap();
    match done.status.success() {
        true => Ok(serde_json::from_slice(&done.stdout).unwrap()),
        false => Err(String::from_utf8_lossy(&done.stderr).into_owned()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_is_cleared_once() {
    let dir = tempfile::tempdir().unwrap();
    let builder = ServerBuilder::new(env!("CARGO_BIN_EXE_florin"), dir.path().join("florin-data")).arg("--demo");
    let server = builder.env("FLORIN__CRYPTO__KEY_FILE", dir.path().join("keys/key")).start().await;
    let client = server.client();
    let body = json!({ "request_id": "large", "pan": VISA, "amount": "20.00" });
    let paid = client.post("/payments/authorize", &body).await.json();
    assert_eq!(paid["status"], "approved", "{paid}");
    let line = |number: usize| match number % (LINES / PARTS) {
        0 => format!("{{\"id\":\"{number}\",\"authorization\":{},\"amount\":\"0.01\"}}\n", paid["id"]),
        _ => format!("{{\"id\":\"{number}\",\"pan\":\"{VISA}\",\"kind\":\"refund\",\"amount\":\"0.01\"}}\n"),
    };
    let lines: String = (0..LINES).map(line).collect();
    let mut reports = Vec::new();
    for _ in 0..20 {
        let report = clear(&client, &lines).await;
        // On a slow machine the deadline may end a round, or some of its lines.
        let done = report["complete"] == true && report["rejected"] == 0;
        reports.push(report);
        if done {
            break;
        }
    }
    let again = clear(&client, &lines).await;
    let counts: BTreeMap<&str, &Value> =
        ["lines", "partial", "unmatched", "rejected", "replayed"].map(|name| (name, &again[name])).into();
    assert_eq!(counts["lines"], &json!(LINES), "{reports:?}");
    let (parts, others) = (json!(PARTS), json!(LINES - PARTS));
    assert_eq!((counts["partial"], counts["unmatched"]), (&parts, &others), "{again}");
    assert_eq!((counts["rejected"], counts["replayed"]), (&json!(0), &json!(LINES)), "{again} after {reports:?}");
    let found = client.get(&format!("/v1/cards/authorizations/{}", paid["id"].as_str().unwrap())).await.json();
    assert_eq!(found["totals"]["cleared"]["amount"], "0.20");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_simulator_pays_clears_and_refunds() {
    let dir = tempfile::tempdir().unwrap();
    let builder = ServerBuilder::new(env!("CARGO_BIN_EXE_florin"), dir.path().join("florin-data")).arg("--demo");
    let server = builder.env("FLORIN__CRYPTO__KEY_FILE", dir.path().join("keys/key")).start().await;
    let at = server.address().to_string();
    let merchant = ["--merchant", "bookshop", "--category", "5942", "--country", "DE"];
    let paid = simulate(&at, &[&["authorize", "--card", VISA, "--amount", "10.00"][..], &merchant].concat()).unwrap();
    let payment = &paid["authorization"];
    assert_eq!((&payment["status"], &payment["merchant"]), (&json!("approved"), &json!("bookshop")), "{paid}");
    let id = payment["id"].as_str().unwrap();
    let step = |verb: &str, amount: &[&str]| simulate(&at, &[&[verb, "--authorization", id], amount].concat());
    assert_eq!(step("clear", &["--amount", "4.00"]).unwrap()["authorization"]["status"], "partly_cleared");
    assert_eq!(step("expire", &[]).unwrap()["authorization"]["status"], "cleared");
    assert_eq!(step("refund", &[]).unwrap()["authorization"]["totals"]["refunded"]["amount"], "4.00");
    assert!(step("void", &[]).unwrap_err().contains("nothing_held"));
    let inquiry = simulate(&at, &["balance_inquiry", "--card", VISA]).unwrap();
    assert_eq!(inquiry["balance"]["balance"]["amount"], "206.00");
    let paused = simulate(&at, &["authorize", "--card", "5555555555554444", "--amount", "1.00"]).unwrap();
    assert_eq!(paused["authorization"]["reason"], "card_paused");
    let looked =
        Command::new(env!("CARGO_BIN_EXE_florin")).args(["keys", "rotate", "--look", "--server", &at]).output();
    let said = String::from_utf8(looked.unwrap().stdout).unwrap();
    assert_eq!(said, "done: no card number is left under an old key\n");
    server.stop().await;
    assert!(simulate(&at, &["authorize"]).unwrap_err().contains("no florin answers"));
}

/// A switch that weakens the protection of card numbers is for demos only.
#[test]
fn card_numbers_are_protected_outside_of_a_demo() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = crate::common::florin(dir.path());
    let (good, _, said) = crate::common::run(command.arg("serve").env("PCI_COMPLIANCE_MODE", "false"));
    assert!(!good && said.contains("PCI_COMPLIANCE_MODE") && said.contains("--demo only"), "{said}");
    let mut command = crate::common::florin(dir.path());
    let (good, _, said) = crate::common::run(command.arg("config").env("PAYMENT_ENCRYPTION_KEY", "too short"));
    assert!(!good && said.contains("32 bytes") && !said.contains("too short"), "{said}");
}
