//! Replies after the commit, groups, order, bounds and shutdown.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use kernel::{Clock, Deadline, SystemClock};
use platform::lane::{LaneConfig, LaneError};
use testkit::for_each_engine;

use super::toy::{Command, Probe, Toy, What, assert_whole, config, effects, soon, start, start_on, submit_all, times};

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_comes_after_the_commit() {
    for_each_engine(async |store| {
        let lane = start(store, SystemClock, Toy::default()).await;
        for command in 1..=5 {
            let answer = lane.submit(Command(command, What::Note), soon(&SystemClock)).await.unwrap();
            assert_eq!(effects(store).await.last(), Some(&answer), "another connection sees what was answered");
        }
        lane.close().await;
        assert_whole(store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_commands_are_grouped_in_order() {
    for_each_engine(async |store| {
        let probe = Arc::new(Probe::default());
        let lane = start(store, SystemClock, Toy::watched(&probe)).await;
        let first = [Command(0, What::Sleep(100))];
        let rest = (1..=250).map(|command| Command(command, What::Note));
        let answers = submit_all(&lane, &SystemClock, first.into_iter().chain(rest)).await;
        let commands: Vec<i64> = effects(store).await.iter().map(|effect| effect.command).collect();
        assert_eq!(commands, (0..=250).collect::<Vec<i64>>());
        assert!(answers.iter().all(Result::is_ok));
        let groups = probe.groups.lock().unwrap().clone();
        assert!(groups.len() <= 5, "{groups:?}");
        assert_eq!(groups.iter().max(), Some(&100), "batch_max bounds a group: {groups:?}");
        assert_whole(store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_refuses_at_once() {
    for_each_engine(async |store| {
        let small = LaneConfig { queue_max: 2, batch_max: 1, ..config() };
        let lane = start_on(store.open().await, small, SystemClock, Toy::default()).await;
        let busy = tokio::spawn({
            let lane = Arc::clone(&lane);
            async move { lane.submit(Command(0, What::Sleep(600)), soon(&SystemClock)).await }
        });
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        let asked = SystemClock.monotonic();
        let waiting = submit_all(&lane, &SystemClock, (1..=2).map(|command| Command(command, What::Note)));
        let third = async {
            let answer = lane.submit(Command(3, What::Note), soon(&SystemClock)).await;
            assert_eq!(answer, Err(LaneError::Overloaded));
            assert!(SystemClock.monotonic().micros_since(asked) < 200_000, "refused at once");
        };
        let (waiting, ()) = futures_util::future::join(waiting, third).await;
        assert!(waiting.iter().all(Result::is_ok) && busy.await.unwrap().is_ok());
        assert_eq!(times(store, 3).await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_that_passes_in_the_queue_changes_nothing() {
    for_each_engine(async |store| {
        let lane = start(store, SystemClock, Toy::default()).await;
        let late = async {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            let asked = SystemClock.monotonic();
            let answer = lane.submit(Command(2, What::Note), Deadline::after_millis(&SystemClock, 50)).await;
            assert_eq!(answer, Err(LaneError::DeadlineExceeded));
            assert!(SystemClock.monotonic().micros_since(asked) < 250_000, "no wait outlasts its deadline");
        };
        let slow = lane.submit(Command(1, What::Sleep(500)), soon(&SystemClock));
        let (slow, ()) = futures_util::future::join(slow, late).await;
        slow.unwrap();
        lane.submit(Command(3, What::Note), soon(&SystemClock)).await.unwrap();
        assert_eq!((times(store, 1).await, times(store, 2).await, times(store, 3).await), (1, 0, 1));
        let past = lane.submit(Command(4, What::Note), Deadline::after_millis(&SystemClock, 0)).await;
        assert_eq!(past, Err(LaneError::DeadlineExceeded));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_that_passes_during_execution_is_outcome_unknown() {
    for_each_engine(async |store| {
        let lane = start(store, SystemClock, Toy::default()).await;
        let deadline = Deadline::after_millis(&SystemClock, 50);
        let answer = lane.submit(Command(1, What::Sleep(300)), deadline).await;
        assert_eq!(answer, Err(LaneError::OutcomeUnknown));
        lane.submit(Command(2, What::Note), soon(&SystemClock)).await.unwrap();
        assert_eq!(times(store, 1).await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_finishes_waiting_commands_and_accepts_no_more() {
    for_each_engine(async |store| {
        let lane = start(store, SystemClock, Toy::default()).await;
        let first = [Command(0, What::Sleep(200))];
        let all = first.into_iter().chain((1..=20).map(|command| Command(command, What::Note)));
        let waiting = submit_all(&lane, &SystemClock, all);
        let close = async {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            lane.close().await;
        };
        let (answers, ()) = futures_util::future::join(waiting, close).await;
        assert!(answers.iter().all(Result::is_ok), "{answers:?}");
        assert_eq!(effects(store).await.len(), 21);
        assert!(!lane.state().is_accepting());
        let after = lane.submit(Command(99, What::Note), soon(&SystemClock)).await;
        assert_eq!(after, Err(LaneError::Unavailable));
    })
    .await;
}

/// Another process on the same store: here, a second lane with its own handle.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_writer_is_noticed_without_loss() {
    for_each_engine(async |store| {
        let probe = Arc::new(Probe::default());
        let mine = start(store, SystemClock, Toy::watched(&probe)).await;
        let other = start(store, SystemClock, Toy::default()).await;
        for round in 0..10 {
            for (lane, command) in [(&mine, 2 * round), (&other, 2 * round + 1)] {
                lane.submit(Command(command, What::Note), soon(&SystemClock)).await.unwrap();
            }
        }
        let commands: Vec<i64> = effects(store).await.iter().map(|effect| effect.command).collect();
        assert_eq!(commands, (0..20).collect::<Vec<i64>>());
        assert!(probe.loads.load(Ordering::SeqCst) > 10, "the other's groups were noticed and retried");
        assert_whole(store).await;
    })
    .await;
}
