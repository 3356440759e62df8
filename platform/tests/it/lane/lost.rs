//! Connections lost at the worst moments (PostgreSQL): replies match what happened.

use std::sync::Arc;
use std::time::Duration;

use kernel::SystemClock;
use platform::db::{Access, Db};
use platform::lane::{Lane, LaneError};
use testkit::{CommitCutter, Cut, TestStore, on_postgres};

use super::toy::{Command, Effect, Toy, What, assert_whole, config, effects, soon, start, start_on, submit_all};

/// "Done" is stored once, a refusal is not stored, "unknown" is stored at most once.
async fn assert_true_answers(store: &TestStore, answers: &[(i64, Result<Effect, LaneError>)]) {
    let effects = effects(store).await;
    for (command, answer) in answers {
        let times = effects.iter().filter(|effect| effect.command == *command).count();
        match answer {
            Ok(effect) => assert!(times == 1 && effects.contains(effect), "{effect:?} is stored {times} times"),
            Err(LaneError::OutcomeUnknown) => assert!(times <= 1, "{command} is stored {times} times"),
            Err(refused) => assert_eq!(times, 0, "{command} was refused: {refused}"),
        }
    }
    assert_whole(store).await;
}

async fn lane_through(store: &TestStore, cutter: &CommitCutter) -> Arc<Lane<Toy>> {
    let db = Db::open(store.target_through(cutter.url()), Access::ReadWrite, 2).await.unwrap();
    start_on(db, config(), SystemClock, Toy::default()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_lost_in_commit_is_settled_from_the_store() {
    on_postgres(async |store| {
        let cutter = CommitCutter::start(store.url()).await;
        let lane = lane_through(store, &cutter).await;
        for (round, cut) in [Cut::BeforeServer, Cut::BeforeClient, Cut::BeforeClient].into_iter().enumerate() {
            cutter.arm(cut);
            let first = round as i64 * 10;
            let commands = (first..first + 5).map(|command| Command(command, What::Note));
            let answers = submit_all(&lane, &SystemClock, commands).await;
            assert!(answers.iter().all(Result::is_ok), "{cut:?}: {answers:?}");
            assert_eq!(cutter.cuts(), round + 1);
            let answers: Vec<_> = (first..).zip(answers).collect();
            assert_true_answers(store, &answers).await;
            assert!(lane.state().is_accepting());
        }
        assert_eq!(effects(store).await.len(), 15);
    })
    .await;
}

/// While one lane checks whether its group is in the store, another writer has already continued from it.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_commit_next_to_a_second_writer_is_reported_right() {
    on_postgres(async |store| {
        let cutter = CommitCutter::start(store.url()).await;
        let (cut_lane, other) = (lane_through(store, &cutter).await, start(store, SystemClock, Toy::default()).await);
        let noise = tokio::spawn(async move {
            let mut answers = Vec::new();
            for command in 1_000..1_150 {
                answers.push((command, other.submit(Command(command, What::Note), soon(&SystemClock)).await));
            }
            answers
        });
        let mut answers = Vec::new();
        for command in 0..30 {
            if command % 3 == 0 {
                cutter.arm(if command % 2 == 0 { Cut::BeforeServer } else { Cut::BeforeClient });
            }
            answers.push((command, cut_lane.submit(Command(command, What::Note), soon(&SystemClock)).await));
        }
        answers.extend(noise.await.unwrap());
        assert!(cutter.cuts() >= 5, "{}", cutter.cuts());
        assert!(answers.iter().any(|(command, answer)| *command < 1_000 && answer.is_ok()));
        // A group is found by its number, however many others have followed it.
        assert!(answers.iter().all(|(_, answer)| answer != &Err(LaneError::OutcomeUnknown)), "{answers:?}");
        assert_true_answers(store, &answers).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_ended_under_load_lose_nothing() {
    on_postgres(async |store| {
        let lane = start(store, SystemClock, Toy::default()).await;
        let callers: Vec<_> = (0..8_i64)
            .map(|caller| {
                let lane = Arc::clone(&lane);
                tokio::spawn(async move {
                    let mut answers = Vec::new();
                    for command in caller * 100..caller * 100 + 60 {
                        answers
                            .push((command, lane.submit(Command(command, What::Sleep(1)), soon(&SystemClock)).await));
                    }
                    answers
                })
            })
            .collect();
        let mut ended = 0;
        for _ in 0..4 {
            tokio::time::sleep(Duration::from_millis(60)).await;
            ended += store.postgres_terminate().await;
        }
        let mut answers = Vec::new();
        for caller in callers {
            answers.extend(caller.await.unwrap());
        }
        assert!(ended >= 2, "{ended}");
        assert!(answers.iter().filter(|(_, answer)| answer.is_ok()).count() > 400, "the lane recovers");
        assert_true_answers(store, &answers).await;
    })
    .await;
}
