//! SIGKILL under load at random instants.

use std::time::Duration;

use kernel::{Clock, SystemClock};
use rand::RngExt;

use crate::survival::books::{Callers, Told, any_transfer, builder, check, new_id, prepare, verify};

const CALLERS: usize = 16;

/// `FLORIN_TEST_KILLS` sets another number.
fn kills() -> usize {
    testkit::size("FLORIN_TEST_KILLS", 3) as usize
}

#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_transfers_survive_sigkill_and_none_is_partial() {
    let dir = tempfile::tempdir().unwrap();
    let server = builder(dir.path()).start().await;
    prepare(&server.client()).await;
    let mut server = Some(server);
    let mut told = Told::default();
    for round in 0..kills() {
        let running = server.take().unwrap();
        let callers = Callers::start(&running, CALLERS);
        let millis = rand::rng().random_range(20..400);
        tokio::time::sleep(Duration::from_millis(millis)).await;
        running.kill();
        let round_told = callers.finish().await;
        verify(dir.path(), &[]);
        let restarted = builder(dir.path()).start().await;
        check(&restarted.client(), &round_told).await;
        println!(
            "kill {round} after {millis} ms: {} acknowledged, {} open",
            round_told.done.len(),
            round_told.unknown.len()
        );
        told.add(round_told);
        server = Some(restarted);
    }
    assert!(told.done.len() > kills() * CALLERS, "too little was under way: {} in all", told.done.len());
    let last = server.take().unwrap();
    check(&last.client(), &told).await;
    let (status, _) = last.stop().await;
    assert!(status.success());
    verify(dir.path(), &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_leaves_postgresql_consistent() {
    testkit::on_postgres(async |store| {
        // Each server has its own schema; a separate database keeps tests apart.
        let name = format!("florin_kill_{}", std::process::id());
        let server_url = store.url().to_owned();
        platform::db::create_database(&server_url, &name).await.unwrap();
        let url = platform::db::with_database(&server_url, &name);
        let dir = tempfile::tempdir().unwrap();
        let builder = builder(dir.path()).env("FLORIN__STORAGE__DATABASE_URL", &url);
        let server = builder.start().await;
        prepare(&server.client()).await;
        let mut server = Some(server);
        for _ in 0..kills().div_ceil(4) {
            let running = server.take().unwrap();
            let callers = Callers::start(&running, CALLERS);
            let millis = rand::rng().random_range(50..400);
            tokio::time::sleep(Duration::from_millis(millis)).await;
            running.kill();
            let told = callers.finish().await;
            let restarted = builder.start().await;
            check(&restarted.client(), &told).await;
            server = Some(restarted);
        }
        server.take().unwrap().stop().await;
        platform::db::drop_database(&server_url, &name).await.unwrap();
    })
    .await;
}

/// Forty that are due while callers are running and the server is killed: in the middle of them, and before the last
/// ones.
#[tokio::test(flavor = "multi_thread")]
async fn scheduled_transactions_survive_sigkill_and_execute_once() {
    let dir = tempfile::tempdir().unwrap();
    let server = builder(dir.path()).start().await;
    prepare(&server.client()).await;
    let start = SystemClock.now();
    let mut planned = Vec::new();
    for place in 0..40 {
        let (id, at) = (new_id(), start.plus_micros(1_500_000 + place * 50_000));
        let mut body = any_transfer(id);
        body["scheduled"] = true.into();
        body["effective_at"] = serde_json::json!(at);
        let answer = server.client().post("/v1/ledger/transactions", &body).await;
        assert_eq!(answer.status.as_u16(), 201, "{}", answer.text());
        planned.push((id, at));
    }
    let mut server = Some(server);
    for until in [1_800_000, 2_600_000] {
        let running = server.take().unwrap();
        let callers = Callers::start(&running, CALLERS);
        let left = start.plus_micros(until).micros_since(SystemClock.now());
        tokio::time::sleep(Duration::from_micros(left.max(0).unsigned_abs())).await;
        running.kill();
        callers.finish().await;
        verify(dir.path(), &[]);
        server = Some(builder(dir.path()).start().await);
    }
    let left = start.plus_micros(1_500_000 + 40 * 50_000 + 1_000_000).micros_since(SystemClock.now());
    tokio::time::sleep(Duration::from_micros(left.max(0).unsigned_abs())).await;
    let server = server.take().unwrap();
    for (id, at) in planned {
        let found = server.client().get(&format!("/v1/ledger/transactions/{id}")).await.json();
        assert_eq!(found["status"], "posted", "{found}");
        assert_eq!(found["effective_at"], serde_json::json!(at));
    }
    server.stop().await;
    let said = verify(dir.path(), &[]);
    assert!(said.lines().any(|line| line.split_whitespace().eq(["scheduled", "0"])), "{said}");
}
