//! SIGKILL under load at random instants.

use std::time::Duration;

use rand::RngExt;

use crate::books::{Callers, Told, builder, check, prepare, verify};

const CALLERS: usize = 16;

/// Twenty by default; `FLORIN_TEST_KILLS` asks for more.
fn kills() -> usize {
    std::env::var("FLORIN_TEST_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(20)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_sigkill_and_nothing_is_half_there() {
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
async fn a_killed_server_leaves_postgresql_whole_too() {
    testkit::on_postgres(async |store| {
        // The server has its own schema; a database of its own keeps tests apart.
        let name = format!("florin_kill_{}", std::process::id());
        let server_url = store.url().to_owned();
        platform::db::create_database(&server_url, &name).await.unwrap();
        let url = platform::db::with_database(&server_url, &name);
        let dir = tempfile::tempdir().unwrap();
        let builder = builder(dir.path()).env("FLORIN__STORAGE__DATABASE_URL", &url);
        let server = builder.start().await;
        prepare(&server.client()).await;
        let mut server = Some(server);
        for _ in 0..5 {
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
