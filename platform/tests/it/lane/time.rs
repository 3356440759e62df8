//! Record time rises strictly, and is not invented if the clock has gone far back.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use kernel::{Clock, SystemClock};
use platform::lane::LaneError;
use testkit::{FakeClock, for_each_engine};

use super::toy::{Command, DUE, Probe, Toy, What, assert_whole, effects, soon, start, times};

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_steps_back_a_little_is_waited_for() {
    for_each_engine(async |store| {
        let clock = FakeClock::default();
        let lane = start(store, clock.clone(), Toy::default()).await;
        let first = lane.submit(Command(1, What::Note), soon(&clock)).await.unwrap();
        assert_eq!(first.at, clock.now().micros());
        clock.step_back_millis(1_000);
        let second = lane.submit(Command(2, What::Note), soon(&clock)).await.unwrap();
        assert_eq!(second.at, first.at + 1);
        clock.advance_millis(3_000);
        let third = lane.submit(Command(3, What::Note), soon(&clock)).await.unwrap();
        assert_eq!(third.at, clock.now().micros());
        assert_whole(store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_far_behind_stops_writing_until_it_is_right() {
    for_each_engine(async |store| {
        let clock = FakeClock::default();
        let lane = start(store, clock.clone(), Toy::default()).await;
        lane.submit(Command(1, What::Note), soon(&clock)).await.unwrap();
        clock.step_back_millis(1_001);
        let refused = lane.submit(Command(2, What::Note), soon(&clock)).await;
        assert_eq!(refused, Err(LaneError::ClockBehind));
        clock.advance_millis(1_001);
        lane.submit(Command(3, What::Note), soon(&clock)).await.unwrap();
        let commands: Vec<i64> = effects(store).await.iter().map(|effect| effect.command).collect();
        assert_eq!(commands, [1, 3]);
        assert_whole(store).await;
    })
    .await;
}

/// The second one's clock is ahead: the first one must not stamp its next group before the second one's last.
#[tokio::test(flavor = "multi_thread")]
async fn record_times_rise_with_two_writers_clocks() {
    for_each_engine(async |store| {
        let (behind, ahead) = (FakeClock::default(), FakeClock::default());
        ahead.advance_millis(700);
        let first = start(store, behind.clone(), Toy::default()).await;
        let second = start(store, ahead.clone(), Toy::default()).await;
        for command in 0..6 {
            first.submit(Command(2 * command, What::Note), soon(&behind)).await.unwrap();
            second.submit(Command(2 * command + 1, What::Note), soon(&ahead)).await.unwrap();
        }
        assert_eq!(effects(store).await.len(), 12);
        assert_whole(store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_lane_wakes_up_for_due_work() {
    for_each_engine(async |store| {
        let due = SystemClock.now().plus_micros(700_000);
        let lane = start(store, SystemClock, Toy::default().due(due)).await;
        assert_eq!(times(store, DUE).await, 0);
        tokio::time::sleep(Duration::from_millis(1_300)).await;
        let found = effects(store).await;
        assert_eq!(found.len(), 1);
        assert!((0..400_000).contains(&(found[0].at - due.micros())), "{found:?}");
        lane.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failing_due_work_is_not_retried_in_a_busy_loop() {
    for_each_engine(async |store| {
        let clock = FakeClock::default();
        let probe = Arc::new(Probe::default());
        let due = clock.now().plus_micros(1_000);
        let lane = start(store, clock.clone(), Toy::watched(&probe).due(due)).await;
        // The schema refuses what the lane would write: every group fails.
        let breaker = store.open().await;
        let tx = breaker.begin().await.unwrap();
        tx.batch("alter table effect rename to effect_gone").await.unwrap();
        tx.commit().await.unwrap();
        clock.advance_millis(10);
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        let loads = probe.loads.load(Ordering::SeqCst);
        assert!((1..=4).contains(&loads), "tried {loads} times in two and a half seconds");
        lane.close().await;
    })
    .await;
}

/// The group is refused before it begins, because another writer's clock was far ahead; what is due stays due.
#[tokio::test(flavor = "multi_thread")]
async fn due_work_under_a_wrong_clock_does_not_busy_loop() {
    for_each_engine(async |store| {
        let (behind, ahead) = (FakeClock::default(), FakeClock::default());
        ahead.advance_millis(10_000);
        let probe = Arc::new(Probe::default());
        let due = behind.now().plus_micros(1_000);
        let lane = start(store, behind.clone(), Toy::watched(&probe).due(due)).await;
        let other = start(store, ahead.clone(), Toy::default()).await;
        other.submit(Command(1, What::Note), soon(&ahead)).await.unwrap();
        behind.advance_millis(5);
        probe.asked.store(0, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        let asked = probe.asked.load(Ordering::SeqCst);
        assert!(asked < 40, "asked {asked} times in two and a half seconds");
        behind.advance_millis(20_000);
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        assert_eq!(times(store, DUE).await, 1);
        lane.close().await;
        assert_whole(store).await;
    })
    .await;
}
