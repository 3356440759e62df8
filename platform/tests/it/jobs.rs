//! Jobs on both engines: due, missed, failing, taken over, and killed.

mod killed;
mod workshop;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kernel::Timestamp;
use platform::jobs::{ATTEMPTS_MAX, Missed, Run, Runner, ask, list};
use testkit::{FakeClock, for_each_engine, on_postgres};
use tokio::sync::Notify;

use workshop::{Workshop, at, until};

const MINUTE_MS: u64 = 60_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_job_runs_when_it_is_due_and_not_before() {
    for_each_engine(async |store| {
        let (shop, clock) = (Workshop::open(store).await, FakeClock::at(at("2026-11-30T01:59:00Z")));
        let runner = shop.runner(&clock, "0 2 * * *", Missed::Once, |shop, run| shop.piece(run));
        tokio::time::sleep(Duration::from_millis(700)).await;
        assert_eq!(shop.pieces().await, [""; 0]);
        clock.advance_millis(MINUTE_MS);
        until(async || shop.pieces().await.len() == 1).await;
        assert_eq!(shop.pieces().await, ["2026-11-30T02:00:00.000000Z"]);
        until(async || shop.row().await.run.is_none()).await;
        let row = shop.row().await;
        assert_eq!(row.due, Some(at("2026-12-01T02:00:00Z")));
        assert_eq!((row.last_due, &*row.last_outcome), (Some(at("2026-11-30T02:00:00Z")), "done"));
        runner.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn missed_runs_are_executed_each_or_once_or_not_at_all() {
    for (missed, runs) in [(Missed::Each, 3), (Missed::Once, 1), (Missed::Skip, 0)] {
        for_each_engine(async |store| {
            let (shop, clock) = (Workshop::open(store).await, FakeClock::at(at("2026-11-27T12:00:00Z")));
            let open = |clock: &FakeClock| shop.runner(clock, "0 2 * * *", missed, |shop, run| shop.piece(run));
            let runner = open(&clock);
            until(async || list(&shop.db).await.unwrap().len() == 1).await;
            runner.close().await;
            clock.set(at("2026-11-30T12:00:00Z"));
            let runner = open(&clock);
            until(async || shop.row().await.due == Some(at("2026-12-01T02:00:00Z"))).await;
            assert_eq!(shop.pieces().await.len(), runs, "{missed:?}");
            assert!(shop.pieces().await.iter().all(|due| due.contains("T02:00:00")), "each stands for its own time");
            runner.close().await;
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_run_is_tried_again_and_then_given_up() {
    for_each_engine(async |store| {
        let (shop, clock) = (Workshop::open(store).await, FakeClock::at(at("2026-11-30T01:59:59Z")));
        let tries = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&tries);
        let runner = shop.runner(&clock, "0 2 * * *", Missed::Once, move |_, _| {
            let panics = counted.fetch_add(1, Ordering::SeqCst) == 1;
            Box::pin(async move { if panics { panic!("planted") } else { Err("the paper is out".into()) } })
        });
        // The job has its row before it is due.
        until(async || list(&shop.db).await.unwrap().len() == 1).await;
        for attempt in 1..=ATTEMPTS_MAX {
            clock.advance_millis(10 * MINUTE_MS);
            let tried = usize::try_from(attempt).unwrap();
            until(async || tries.load(Ordering::SeqCst) == tried && shop.row().await.holder.is_empty()).await;
        }
        let row = shop.row().await;
        assert_eq!((&*row.last_outcome, row.failures, row.run), ("the paper is out", 0, None));
        assert_eq!(row.due, Some(at("2026-12-01T02:00:00Z")), "the next one begins again");
        runner.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_asked_for_by_hand_changes_no_schedule() {
    for_each_engine(async |store| {
        let (shop, clock) = (Workshop::open(store).await, FakeClock::at(at("2026-11-30T12:00:00Z")));
        let runner = shop.runner(&clock, "0 2 * * *", Missed::Each, |shop, run| shop.piece(run));
        until(async || list(&shop.db).await.unwrap().len() == 1).await;
        assert!(!ask(&shop.db, "other", at("2026-11-30T12:00:00Z")).await.unwrap());
        assert!(ask(&shop.db, "build", at("2026-11-30T12:00:00Z")).await.unwrap());
        until(async || shop.row().await.last_ended.is_some()).await;
        assert_eq!(shop.pieces().await, ["2026-11-30T12:00:00.000000Z"]);
        let row = shop.row().await;
        assert_eq!((row.asked, row.due), (None, Some(at("2026-12-01T02:00:00Z"))));
        runner.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_schedule_takes_effect() {
    for_each_engine(async |store| {
        let (shop, clock) = (Workshop::open(store).await, FakeClock::at(at("2026-11-30T12:00:00Z")));
        for (schedule, due) in [
            ("0 2 * * *", Some(at("2026-12-01T02:00:00Z"))),
            ("0 2 * * 0 Europe/Berlin", Some(at("2026-12-06T01:00:00Z"))),
            ("2026-01-01T00:00:00Z", None),
        ] {
            let runner = shop.runner(&clock, schedule, Missed::Once, |shop, run| shop.piece(run));
            until(async || list(&shop.db).await.unwrap().iter().any(|row| row.schedule == schedule)).await;
            assert_eq!(shop.row().await.due, due);
            runner.close().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_several_processes_does_a_run() {
    on_postgres(async |store| {
        let clock = FakeClock::at(at("2026-11-30T01:59:59Z"));
        let (mut shops, mut runners) = (Vec::new(), Vec::new());
        for _ in 0..4 {
            let shop = Workshop::open(store).await;
            runners.push(shop.runner(&clock, "* * * * *", Missed::Each, |shop, run| shop.piece(run)));
            shops.push(shop);
        }
        until(async || list(&shops[0].db).await.unwrap().len() == 1).await;
        clock.advance_millis(10 * MINUTE_MS);
        until(async || shops[0].row().await.due == Some(at("2026-11-30T02:10:00Z"))).await;
        let pieces = shops[0].pieces().await;
        let expected: Vec<String> = (0..10).map(|minute| format!("2026-11-30T02:{minute:02}:00.000000Z")).collect();
        assert_eq!(pieces, expected, "each minute once, in order");
        for runner in runners {
            runner.close().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_lost_its_claim_cannot_commit() {
    on_postgres(async |store| {
        let clock = FakeClock::at(at("2026-11-30T01:59:59Z"));
        let (slow, quick) = (Workshop::open(store).await, Workshop::open(store).await);
        let (begun, resume) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (began, wait) = (Arc::clone(&begun), Arc::clone(&resume));
        let first = slow.runner(&clock, "0 2 * * *", Missed::Once, move |shop, run| {
            let (began, wait) = (Arc::clone(&began), Arc::clone(&wait));
            Box::pin(async move {
                began.notify_one();
                wait.notified().await;
                shop.piece(run).await
            })
        });
        until(async || list(&slow.db).await.unwrap().len() == 1).await;
        clock.advance_millis(MINUTE_MS);
        begun.notified().await;
        // It does not renew its claim in time, as a process that was paused.
        clock.advance_millis(MINUTE_MS);
        let second = quick.runner(&clock, "0 2 * * *", Missed::Once, |shop, run| shop.piece(run));
        until(async || quick.row().await.last_outcome == "done").await;
        resume.notify_one();
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(quick.pieces().await, ["2026-11-30T02:00:00.000000Z"], "once");
        first.close().await;
        second.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_run_is_given_back_at_once() {
    for_each_engine(async |store| {
        let (shop, clock) = (Workshop::open(store).await, FakeClock::at(at("2026-11-30T01:59:59Z")));
        let begun = Arc::new(Notify::new());
        let began = Arc::clone(&begun);
        let never = move |_: Workshop, _: Run| -> platform::room::Later<()> {
            began.notify_one();
            Box::pin(std::future::pending())
        };
        let first = shop.runner(&clock, "0 2 * * *", Missed::Once, never);
        until(async || list(&shop.db).await.unwrap().len() == 1).await;
        clock.advance_millis(MINUTE_MS);
        begun.notified().await;
        first.close().await;
        until(async || shop.row().await.holder.is_empty()).await;
        assert_eq!(
            (shop.row().await.run, shop.row().await.until),
            (Some(at("2026-11-30T02:00:00Z")), Timestamp::EPOCH)
        );
        let second: Runner = shop.runner(&clock, "0 2 * * *", Missed::Once, |shop, run| shop.piece(run));
        until(async || shop.pieces().await.len() == 1).await;
        second.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_shows_each_job() {
    for_each_engine(async |store| {
        let (shop, clock) = (Workshop::open(store).await, FakeClock::at(at("2026-11-30T01:59:59Z")));
        let runner = shop.runner(&clock, "0 2 * * *", Missed::Once, |shop, run| shop.piece(run));
        let part = runner.part();
        until(async || !list(&shop.db).await.unwrap().is_empty()).await;
        assert_eq!(part.name(), "shop.jobs");
        assert_eq!(part.status().await["build"]["due"], "2026-11-30T02:00:00.000000Z");
        clock.advance_millis(MINUTE_MS);
        until(async || part.status().await["build"]["last"]["outcome"] == "done").await;
        assert_eq!(part.status().await["build"]["schedule"], "0 2 * * *");
        runner.close().await;
    })
    .await;
}
