//! The first minutes: the commands in the banner work as printed, and a demo has data to show.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use testkit::Server;

use crate::end_to_end::house::{ACCOUNTS, TRANSACTIONS, builder, own, posting, refusal, usd};

/// Runs the commands of the banner in a shell, each after the one that gets a token, and returns their answers.
fn typed(output: &str, dir: &Path) -> Vec<Value> {
    let lines = || output.lines().map(str::trim);
    let token = lines().find(|line| line.starts_with("TOKEN=")).unwrap();
    let commands: Vec<&str> = lines().filter(|line| line.starts_with("curl ")).collect();
    assert_eq!(commands.len(), 3, "{output}");
    let answers = commands.into_iter().map(|command| {
        let script = format!("{token}; {command} --silent --show-error --fail-with-body");
        let out = Command::new("sh").args(["-c", &script]).current_dir(dir).output();
        let out = out.unwrap();
        assert!(
            out.status.success(),
            "{command}: {}{}",
            String::from_utf8_lossy(&out.stdout),
            String::from_utf8_lossy(&out.stderr)
        );
        serde_json::from_slice(&out.stdout).unwrap()
    });
    answers.collect()
}

/// All that is printed at the start: a server is ready a moment before its last line is out.
async fn banner(server: &Server) -> String {
    for _ in 0..2_000 {
        let output = server.output();
        if output.contains("Ctrl-C stops") {
            return output;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("no banner:\n{}", server.output());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_banners_commands_work_on_new_books_and_again() {
    let dir = tempfile::tempdir().unwrap();
    let first_login = dir.path().join("first-login");
    // Without configured clients, an administrator and a client are made, and without a terminal their secrets go to a
    // file.
    let builder = builder(dir.path()).env("FLORIN__IDENTITY__FIRST_SECRETS_FILE", "");
    let server = builder.env("FLORIN__IDENTITY__FIRST_LOGIN_FILE", &first_login).spawn();
    let banner = banner(&server).await;
    let answers = typed(&banner, dir.path());
    assert_eq!(answers[2]["balances"][0]["posted"], usd("100.00"));
    assert_eq!((&answers[2]["replayed"], &typed(&banner, dir.path())[2]["replayed"]), (&json!(false), &json!(true)));

    let told = std::fs::read_to_string(&first_login).unwrap();
    let secrets = told.lines().filter_map(|line| line.split_once(": ")).map(|(_, secret)| secret);
    let secrets: Vec<&str> = secrets.filter(|secret| secret.len() > 12).collect();
    assert_eq!(secrets.len(), 2, "{told}");
    assert_eq!(std::fs::metadata(&first_login).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(secrets.iter().all(|secret| !server.output().contains(secret)), "a secret was printed into a file");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_is_filled_once_and_its_banner_works() {
    let dir = tempfile::tempdir().unwrap();
    let builder = builder(dir.path()).arg("--demo");
    let server = builder.start().await;
    let client = server.client();
    let head = client.get("/status").await.json()["services"]["ledger"]["head"].clone();
    let accounts = client.get(ACCOUNTS).await.json();
    assert!(accounts["items"].as_array().unwrap().len() >= 5, "{accounts}");
    let held = client.get(&format!("{TRANSACTIONS}?reference=demo-books-on-hold")).await.json();
    assert_eq!(held["status"], "pending");
    let (status, output) = server.stop().await;
    assert!(status.success() && output.contains("DEMO"), "{output}");

    let server = builder.start().await;
    let client = server.client();
    assert_eq!(client.get("/status").await.json()["services"]["ledger"]["head"], head, "sown twice");
    typed(&banner(&server).await, dir.path());
    // A visitor who froze an account does not keep the demo from starting.
    let frozen = client.post(&format!("{ACCOUNTS}/customers:ann/freeze"), &json!({})).await;
    assert_eq!(frozen.status, 200);
    server.kill();
    let server = builder.start().await;
    let body = own(json!({ "postings": [posting("customers:ann", "customers:bob", "1.00")] }));
    refusal(&server.client().post(TRANSACTIONS, &body).await, 422, "account_frozen");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clock_of_a_demo_can_be_set_forward_and_stays_so() {
    let dir = tempfile::tempdir().unwrap();
    let builder = builder(dir.path()).arg("--demo");
    let server = builder.start().await;
    let client = server.client().stranger();
    let grant = server.client().token("demo-service", "florin-demo-on-this-machine-only").await.unwrap();
    let holder = server.client().with_token(grant);
    assert_eq!(holder.get(ACCOUNTS).await.status.as_u16(), 200);
    let before = client.get("/v1/demo/clock").await.json();
    assert_eq!(before["ahead_days"], 0);

    for (days, status) in [(0, 400), (-1, 400), (36_501, 400), (31, 200)] {
        let answer = client.post("/v1/demo/clock", &json!({ "advance_days": days })).await;
        assert_eq!(answer.status.as_u16(), status, "{days}: {}", answer.text());
    }
    let after = client.get("/v1/demo/clock").await.json();
    assert_eq!(after["ahead_days"], 31);
    let day = |clock: &Value| clock["now"].as_str().unwrap()[..10].to_owned();
    assert_ne!(day(&before), day(&after));
    let expired = holder.get(ACCOUNTS).await;
    assert_eq!((expired.status.as_u16(), &expired.json()["code"]), (401, &json!("token_expired")));
    let made = client.post(TRANSACTIONS, &json!({ "id": "txn_01kppyy0k0f4g8n1vpdkpr5g3a", "postings": [] })).await;
    assert_eq!(made.status.as_u16(), 400, "the books still answer: {}", made.text());

    server.stop().await;
    let server = builder.start().await;
    let again = server.client().stranger().get("/v1/demo/clock").await.json();
    assert_eq!((&again["ahead_days"], day(&again)), (&json!(31), day(&after)));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_demo_has_a_clock_to_set() {
    let dir = tempfile::tempdir().unwrap();
    let server = builder(dir.path()).start().await;
    let answer = server.client().post("/v1/demo/clock", &json!({ "advance_days": 31 })).await;
    assert_eq!(answer.status.as_u16(), 404);
}

/// The two commands of the documentation, with the real ledger.
#[tokio::test(flavor = "multi_thread")]
async fn anns_savings_bear_interest_once_when_the_clock_moves() {
    let dir = tempfile::tempdir().unwrap();
    let builder = builder(dir.path()).arg("--demo");
    let server = builder.start().await;
    let client = server.client().stranger();
    assert_eq!(client.post("/v1/demo/clock", &json!({ "advance_days": 31 })).await.status, 200);
    let interest = async |client: &testkit::Client| {
        client.get("/api/v1/transactions?kind=interest").await.json()["items"].as_array().unwrap().clone()
    };
    let mut found = Vec::new();
    for _ in 0..3_000 {
        found = interest(&client).await;
        if !found.is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(!found.is_empty() && found.iter().all(|movement| movement["category"] == "interest"), "{found:?}");
    let account = format!("/v1/accounts/{}", found[0]["account"].as_str().unwrap());
    let now: kernel::Timestamp = client.get("/v1/demo/clock").await.json()["now"].as_str().unwrap().parse().unwrap();
    let yesterday = now.plus_micros(-86_400_000_000).to_string();
    let close = format!("/v1/accounts/days/{}/close", &yesterday[..10]);
    let mut run = Value::Null;
    // A month may take longer than one request.
    for _ in 0..10 {
        run = client.post(&close, &json!({})).await.json();
        if run["phase"] == "done" {
            break;
        }
    }
    assert_eq!((&run["phase"], &run["left_out"]), (&json!("done"), &json!([])), "{run}");
    let before = client.get(&account).await.json()["balances"]["posted"].clone();
    // The day again: nothing is posted twice.
    assert_eq!(client.post(&close, &json!({})).await.json(), run);
    let found = interest(&client).await;
    assert_eq!(client.get(&account).await.json()["balances"]["posted"], before);
    let elsewhere = client.post("/api/v1/transactions", &json!({})).await;
    assert_eq!(elsewhere.status, 405);
    assert!(elsewhere.text().contains("/v1/ledger/transactions"), "{}", elsewhere.text());
    server.stop().await;
    let server = builder.start().await;
    assert_eq!(interest(&server.client().stranger()).await, found);
}

#[tokio::test(flavor = "multi_thread")]
async fn bobs_payment_turns_up_in_anns_inbox_and_mailbox_of_a_demo() {
    let dir = tempfile::tempdir().unwrap();
    let server = builder(dir.path()).arg("--demo").start().await;
    let client = server.client();
    let body = own(json!({ "postings": [posting("customers:bob", "customers:ann", "25.00")] }));
    assert_eq!(client.post(TRANSACTIONS, &body).await.status.as_u16(), 201);
    let inbox = async || client.get("/v1/notifications/inbox?subject=cust_ann&limit=1").await.json();
    let mut newest = inbox().await;
    for _ in 0..500 {
        if newest["items"][0]["text"] == "Bob sent you 25.00 USD." {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        newest = inbox().await;
    }
    assert_eq!(newest["items"][0]["text"], "Bob sent you 25.00 USD.", "{newest}");
    let id = newest["items"][0]["message"].as_str().unwrap().to_owned();
    let message = client.get(&format!("/v1/notifications/messages/{id}")).await.json();
    let mail_at = message["mail_at"].as_str().unwrap();
    let path = mail_at.split_once("/v1/").map(|(_, path)| format!("/v1/{path}")).unwrap();
    let mut mail = client.get(&path).await;
    for _ in 0..500 {
        if mail.status.as_u16() == 200 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        mail = client.get(&path).await;
    }
    assert_eq!(mail.json()["to"], "ann@example.com", "{}", mail.text());
    assert_eq!(mail.json()["subject"], "You received 25.00 USD");
    server.stop().await;
}
