//! A process that runs a job is killed, again and again, and each step of the run takes effect once.

use std::process::{Child, Command};
use std::time::Duration;

use platform::db::{Access, Db, Target};
use platform::jobs::Missed;
use testkit::{FakeClock, TestStore, for_each_engine};

use super::workshop::{Workshop, at};

const TEST: &str = "jobs::killed::a_killed_run_is_continued_and_repeats_no_step";
const STORE: &str = "FLORIN_TEST_JOB_STORE";
const ROUND: &str = "FLORIN_TEST_JOB_ROUND";
const STEPS: usize = 120;
const KILLS: u32 = 6;

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_run_is_continued_and_repeats_no_step() {
    if let (Ok(store), Ok(round)) = (std::env::var(STORE), std::env::var(ROUND)) {
        return work(target(&store), round.parse().unwrap()).await;
    }
    for_each_engine(async |store| {
        let shop = Workshop::open(store).await;
        let mut before = 0;
        for round in 0..KILLS {
            let mut child = child(store, round);
            while shop.pieces().await.len() < before + STEPS / 10 {
                tokio::time::sleep(Duration::from_millis(7)).await;
                assert!(child.try_wait().unwrap().is_none(), "the process ended by itself");
            }
            child.kill().unwrap();
            child.wait().unwrap();
            before = shop.pieces().await.len();
            assert_eq!(shop.row().await.done, i64::try_from(before).unwrap(), "as far as its steps");
        }
        assert!(before < STEPS, "killed before its end");
        let mut last = child(store, KILLS);
        super::until(async || shop.row().await.last_outcome == "done").await;
        last.kill().unwrap();
        last.wait().unwrap();
        assert_eq!(shop.pieces().await, vec!["2026-11-30T02:00:00.000000Z"; STEPS]);
    })
    .await;
}

/// This test in a process of its own, in which it runs the job.
fn child(store: &TestStore, round: u32) -> Child {
    let place = match store.target() {
        Target::Sqlite { file, .. } => format!("sqlite {}", file.display()),
        Target::Postgres { url, schema } => format!("{url} {schema}"),
    };
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([TEST, "--exact"]).env(STORE, place).env(ROUND, round.to_string());
    command.stdout(std::process::Stdio::null()).spawn().unwrap()
}

fn target(place: &str) -> Target {
    let (first, second) = place.split_once(' ').unwrap();
    match first {
        "sqlite" => Target::Sqlite { file: second.into(), cache_mb: 2 },
        url => Target::Postgres { url: url.to_owned(), schema: second.to_owned() },
    }
}

/// Each process starts an hour later, so that the claim of the one before has expired.
async fn work(target: Target, round: u64) {
    let db = Db::open(target, Access::ReadWrite, 4).await.unwrap();
    let clock = FakeClock::at(at("2026-11-30T01:00:00Z"));
    let shop = Workshop::of(db.clone()).await;
    let open = || {
        shop.runner(&clock, "0 2 * * *", Missed::Once, |shop, run| {
            Box::pin(shop.pieces_of(run, i64::try_from(STEPS).unwrap(), Duration::from_millis(5)))
        })
    };
    let runner = open();
    if round == 0 {
        super::until(async || !platform::jobs::list(&db).await.unwrap().is_empty()).await;
    }
    clock.advance_millis((round + 1) * 3_600_000);
    tokio::time::sleep(Duration::from_secs(60)).await;
    runner.close().await;
}
