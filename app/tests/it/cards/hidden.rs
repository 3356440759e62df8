//! Card numbers and codes are nowhere in clear: not in files with their logs and free pages, not in what the process
//! prints, not in metrics, events, documents or backups.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;

use serde_json::json;
use testkit::{Client, ServerBuilder};

use crate::cards::network::{Line, message};

/// Planted; each is a valid number, and one is not ours.
const NUMBERS: [&str; 3] = ["4111111111111111", "4242424242424242", "4000056655665556"];
/// No number of ours, and malformed ones.
const WRONG: [&str; 3] = ["4111111111111112", "41111111111", "41111111111111111111"];
const CODE: &str = "cvv-7391";
/// What follows the number and the expiry date on a track, and a PIN block.
const TRACK: &str = "1019876543217";
const PIN_BLOCK: &str = "pinblk@7";
const BASE64_OF_A_NUMBER: &str = "NDExMTExMTExMTExMTEx";

fn planted() -> Vec<Vec<u8>> {
    let texts = NUMBERS.iter().chain(&WRONG).chain([&CODE, &BASE64_OF_A_NUMBER, &TRACK, &PIN_BLOCK]);
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

/// In ASCII, with a track, a PIN block, or both.
fn payment(stan: &str, track: bool, pin: bool) -> Vec<u8> {
    let track_2 = format!("{}=4912{TRACK}", NUMBERS[0]);
    let mut fields =
        vec![(2, NUMBERS[0]), (3, "000000"), (4, "000000000100"), (7, "0131120000"), (11, stan), (32, "12345")];
    fields.extend(track.then_some((35, track_2.as_str())));
    fields.extend([(41, "TERM0001"), (49, "840")]);
    fields.extend(pin.then_some((52, PIN_BLOCK)));
    message("0100", &fields)
}

/// Answers to requests with a number where none belongs.
async fn misplaced(client: &Client) -> Vec<String> {
    let mut answers = Vec::new();
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
    answers
}

async fn over_the_network(network: SocketAddr) {
    let mut line = Line::open(network).await;
    for (stan, track, pin) in [("000001", true, false), ("000002", true, true), ("000003", false, true)] {
        let answer = line.ask(&payment(stan, track, pin)).await;
        // An answer to the network repeats the number.
        assert!(answer.starts_with("0110"), "{answer}");
        assert!(!answer.contains(TRACK) && !answer.contains(PIN_BLOCK), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn planted_numbers_are_found_nowhere() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("florin-data");
    let network: SocketAddr = (Ipv4Addr::LOCALHOST, testkit::free_port()).into();
    let builder = ServerBuilder::new(env!("CARGO_BIN_EXE_florin"), &data)
        .arg("--demo")
        .env("FLORIN__TELEMETRY__LOG_LEVEL", "debug")
        .env("FLORIN__CARDS__ISO8583_LISTEN", network.to_string())
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
    answers.extend(misplaced(&client).await);
    over_the_network(network).await;
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
