//! Card numbers and codes are nowhere in clear: not in files with their logs and free pages, not in what the process
//! prints, not in metrics, events, documents or backups.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;
use testkit::ServerBuilder;

/// Planted; each is a valid number, and one is not ours.
const NUMBERS: [&str; 3] = ["4111111111111111", "4242424242424242", "4000056655665556"];
/// No number of ours, and malformed ones.
const WRONG: [&str; 3] = ["4111111111111112", "41111111111", "41111111111111111111"];
const CODE: &str = "cvv-7391";
const BASE64_OF_A_NUMBER: &str = "NDExMTExMTExMTExMTEx";

fn planted() -> Vec<Vec<u8>> {
    let texts = NUMBERS.iter().chain(&WRONG).chain([&CODE, &BASE64_OF_A_NUMBER]);
    let plain = texts.map(|text| text.as_bytes().to_vec());
    // As two digits in a byte.
    let packed = NUMBERS.iter().map(|number| {
        number.as_bytes().chunks(2).map(|pair| (pair[0] - b'0') << 4 | (pair[1] - b'0')).collect::<Vec<u8>>()
    });
    plain.chain(packed).collect()
}

fn assert_absent(what: &str, bytes: &[u8]) {
    for needle in planted() {
        let found = bytes.windows(needle.len()).any(|window| window == needle);
        assert!(!found, "{what} contains {}", String::from_utf8_lossy(&needle));
    }
}

fn search(folder: &Path) -> usize {
    let mut files = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files += search(&path);
        } else {
            files += 1;
            assert_absent(&path.display().to_string(), &fs::read(&path).unwrap());
        }
    }
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn planted_numbers_are_found_nowhere() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("florin-data");
    let builder = ServerBuilder::new(env!("CARGO_BIN_EXE_florin"), &data)
        .arg("--demo")
        .env("FLORIN__TELEMETRY__LOG_LEVEL", "debug")
        .env("FLORIN__CRYPTO__KEY_FILE", dir.path().join("keys/key"));
    let server = builder.start().await;
    let client = server.client();
    // The guides' own command.
    let body = json!({ "request_id": "test123", "pan": NUMBERS[0], "amount": "10.00" });
    let paid = client.post("/payments/authorize", &body).await;
    assert_eq!(
        (paid.status, paid.json()["status"].as_str()),
        (http::StatusCode::OK, Some("approved")),
        "{}",
        paid.text()
    );
    assert_eq!(paid.json()["balance"]["amount"], json!("196.00"));
    let hold = paid.json()["id"].as_str().unwrap().replace("auth_", "txn_");
    let held = client.get(&format!("/v1/ledger/transactions/{hold}")).await;
    assert_eq!(held.json()["status"], "pending");

    let mut answers = vec![paid.text()];
    for (place, number) in NUMBERS.iter().chain(&WRONG).enumerate() {
        let body = json!({ "request_id": format!("more-{place}"), "pan": number, "amount": "1.00", "cvv": CODE });
        answers.push(client.post("/payments/authorize", &body).await.text());
        let body = json!({ "pan": number, "expiry": "4912" });
        answers.push(client.post("/v1/vault/tokens", &body).await.text());
    }
    for number in NUMBERS {
        let grouped =
            number.as_bytes().chunks(4).map(|four| String::from_utf8_lossy(four)).collect::<Vec<_>>().join(" ");
        for (field, text) in
            [("merchant_name", number), ("merchant", number), ("request_id", number), ("merchant_name", &grouped)]
        {
            let mut body = json!({ "request_id": "other", "amount": "1.00", "pan": number });
            body[field] = json!(text);
            let refused = client.post("/payments/authorize", &body).await;
            assert_eq!(refused.json()["code"], "acceptor_invalid", "{field}");
            answers.push(refused.text());
        }
    }
    for path in ["/metrics", "/status", "/v1/cards/events?limit=1000", "/v1/vault/events?limit=1000", "/v1/cards"] {
        answers.push(client.get(path).await.text());
    }
    answers.iter().for_each(|answer| assert_absent("an answer", answer.as_bytes()));
    let (status, output) = server.stop().await;
    assert!(status.success());
    assert_absent("what was printed", output.as_bytes());
    let backup = dir.path().join("backup");
    let done = Command::new(env!("CARGO_BIN_EXE_florin"))
        .args(["backup", backup.to_str().unwrap()])
        .env("FLORIN__STORAGE__DATA_DIR", &data)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(search(dir.path()) > 6);
}
