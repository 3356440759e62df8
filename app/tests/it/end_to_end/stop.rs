//! The way the process ends: every request is answered, nothing is lost, and the head is printed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::Method;
use serde_json::json;
use tokio::task::JoinSet;

use crate::end_to_end::house::{ACCOUNTS, TRANSACTIONS, builder, new_id, posting};

const CALLERS: usize = 32;

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_under_load_loses_nothing_and_answers_everyone() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = builder(dir.path()).start().await;
    let client = server.client();
    for (path, normal) in [("assets:cash", "debit"), ("equity:capital", "credit")] {
        let body = json!({ "path": path, "currency": "USD", "normal": normal });
        assert!(client.post(ACCOUNTS, &body).await.status.is_success());
    }
    let stopping = Arc::new(AtomicBool::new(false));
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let (client, stopping) = (server.client(), stopping.clone());
        callers.spawn(async move { call_until_gone(&client, &stopping).await });
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    stopping.store(true, Ordering::SeqCst);
    server.terminate();
    let status = server.wait().await;
    let output = server.output();
    assert!(status.success(), "{output}");
    let head = output.lines().find_map(|line| line.strip_prefix("florin: ledger head ")).expect("the head").to_owned();
    assert!(output.ends_with("florin: stopped\n"), "{output}");

    let (mut done, mut lost) = (Vec::new(), Vec::new());
    while let Some(told) = callers.join_next().await {
        let (answered, unanswered) = told.unwrap();
        done.extend(answered);
        lost.extend(unanswered);
    }
    assert!(done.len() > CALLERS, "too little was under way: {}", done.len());
    let restarted = builder(dir.path()).start().await;
    let client = restarted.client();
    assert_eq!(client.get("/status").await.json()["services"]["ledger"]["head"], head);
    for id in &done {
        assert_eq!(client.get(&format!("{TRANSACTIONS}/{id}")).await.status, 200, "{id} was acknowledged");
    }
    // A connection may close on a request that was just being sent; then the server never read it.
    for id in &lost {
        assert_eq!(client.get(&format!("{TRANSACTIONS}/{id}")).await.status, 404, "{id} was executed but not answered");
    }
    let posted = client.get(&format!("{ACCOUNTS}/assets:cash")).await.json()["balances"]["version"].clone();
    assert_eq!(posted, done.len());
}

/// Ids that were acknowledged, and those whose connection broke.
async fn call_until_gone(client: &testkit::Client, stopping: &AtomicBool) -> (Vec<String>, Vec<String>) {
    let mut done = Vec::new();
    loop {
        let id = new_id().to_string();
        let body = json!({ "id": id, "postings": [posting("assets:cash", "equity:capital", "0.01")] });
        match client.send(Method::POST, TRANSACTIONS, &[], Some(&body)).await {
            Ok(answer) if answer.status == 201 => done.push(id),
            Ok(answer) => panic!("{}", answer.text()),
            Err(_) if stopping.load(Ordering::SeqCst) => return (done, vec![id]),
            Err(lost) => panic!("{lost} before the end"),
        }
    }
}
