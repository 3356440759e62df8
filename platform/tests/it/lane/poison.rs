//! A command that spoils its group is found and refused; the others continue.

use std::sync::Arc;

use kernel::{Clock, SystemClock};
use platform::lane::LaneError;
use testkit::for_each_engine;

use super::toy::{Command, Probe, Toy, What, assert_whole, effects, soon, start, submit_all};

/// Twenty commands in one group, the bad ones among them.
async fn among_neighbours(bad: &[(i64, What)]) {
    for_each_engine(async |store| {
        let probe = Arc::new(Probe::default());
        let lane = start(store, SystemClock, Toy::watched(&probe)).await;
        let what = |command| bad.iter().find(|(number, _)| *number == command).map_or(What::Note, |(_, what)| *what);
        let group = (1..=20).map(|command| Command(command, what(command)));
        // While the first one is decided, the others queue up.
        let first = submit_all(&lane, &SystemClock, [Command(0, What::Sleep(200))]);
        let rest = async {
            tokio::time::sleep(std::time::Duration::from_millis(80)).await;
            submit_all(&lane, &SystemClock, group).await
        };
        let (mut answers, rest) = futures_util::future::join(first, rest).await;
        answers.extend(rest);
        let is_bad = |command: i64| bad.iter().any(|(number, _)| *number == command);
        for (command, answer) in (0_i64..).zip(&answers) {
            assert_eq!(answer.as_ref().err(), is_bad(command).then_some(&LaneError::Internal), "command {command}");
        }
        let stored: Vec<i64> = effects(store).await.iter().map(|effect| effect.command).collect();
        assert_eq!(stored, (0..=20).filter(|command| !is_bad(*command)).collect::<Vec<i64>>(), "in order");
        assert!(probe.groups.lock().unwrap().contains(&20), "they were in one group");
        assert!(lane.state().is_accepting());
        lane.submit(Command(21, What::Note), soon(&SystemClock)).await.unwrap();
        assert_whole(store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_cannot_be_stored_is_refused_alone() {
    among_neighbours(&[(7, What::Spoil)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_panics_is_refused_alone() {
    among_neighbours(&[(13, What::Panic)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_bad_commands_are_refused_alone() {
    among_neighbours(&[(1, What::Panic), (9, What::Spoil), (10, What::Spoil), (20, What::Refused)]).await;
}

/// It is tried without the commands before any of them is refused for it.
#[tokio::test(flavor = "multi_thread")]
async fn due_work_that_panics_spoils_no_command() {
    for_each_engine(async |store| {
        let probe = Arc::new(Probe::default());
        // Later than the lane needs to start on a busy machine.
        let due = SystemClock.now().plus_micros(800_000);
        let lane = start(store, SystemClock, Toy::watched(&probe).due(due).panicking()).await;
        // Due while the first one is decided.
        let until_due = due.micros_since(SystemClock.now()) / 1_000;
        let first = submit_all(&lane, &SystemClock, [Command(0, What::Sleep(until_due.unsigned_abs() + 100))]);
        let rest = async {
            tokio::time::sleep(std::time::Duration::from_millis(80)).await;
            submit_all(&lane, &SystemClock, (1..=20).map(|command| Command(command, What::Note))).await
        };
        let (first, rest) = futures_util::future::join(first, rest).await;
        assert!(first.iter().chain(&rest).all(Result::is_ok), "{rest:?}");
        let stored: Vec<i64> = effects(store).await.iter().map(|effect| effect.command).collect();
        assert_eq!(stored, (0..=20).collect::<Vec<i64>>(), "in order, and nothing else");
        let groups = probe.groups.lock().unwrap().clone();
        // Twenty fail together with it, then it fails alone, then the rest of it succeeds, and so do they.
        assert_eq!(groups, [1, 20, 0, 0, 20]);
        assert_whole(store).await;
    })
    .await;
}
