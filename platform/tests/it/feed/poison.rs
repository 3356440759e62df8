//! Events that cannot be applied are found, tried a few times and parked; passing errors are waited out.

use std::collections::BTreeSet;
use std::time::Duration;

use kernel::{Clock, SystemClock};
use platform::feed::{Consumer, ConsumerConfig, ParkedError};
use platform::health::Part;

use crate::feed::common::{Desk, FaultName, Misfortune};

fn config() -> ConsumerConfig {
    ConsumerConfig { batch_max: 100, wait_ms: 20, attempts_max: 3, ..ConsumerConfig::new("test") }
}

fn all_but(missing: &[i64], upto: i64) -> BTreeSet<i64> {
    (1..=upto).filter(|cursor| !missing.contains(cursor)).collect()
}

async fn parked(consumer: &Consumer) -> Vec<(u64, u64)> {
    consumer.parked(0, 100).await.unwrap().iter().map(|aside| (aside.cursor, aside.attempts)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn poison_is_parked_and_the_rest_continues() {
    testkit::for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        // PostgreSQL does not accept U+0000 in a subject, but the event must be parked all the same.
        for subject in 0..12 {
            desk.tell(&format!("thing\0{subject}")).await;
        }
        desk.note.meet(2, Misfortune::Refuses);
        desk.note.meet(5, Misfortune::Panics);
        desk.note.meet(7, Misfortune::Constraint);
        desk.note.meet(8, Misfortune::Swallowed);
        desk.note.meet(11, Misfortune::Store(FaultName::Statement));
        let consumer = desk.consumer(config());
        desk.run_to(&consumer, 12).await;
        assert_eq!(desk.cursors_with_effect().await, all_but(&[2, 5, 7, 8, 11], 12));
        assert_eq!(parked(&consumer).await, [(2, 3), (5, 3), (7, 3), (8, 3), (11, 3)]);
        let asides = consumer.parked(2, 2).await.unwrap();
        assert_eq!(asides.iter().map(|aside| aside.cursor).collect::<Vec<_>>(), [5, 7]);
        assert_eq!(asides[0].reason, "panicked: somebody's hand is stuck");
        assert_eq!((asides[0].event.id.as_str(), asides[0].event.subject.as_str()), ("5", "thing\u{0}4"));
        assert!(asides[1].reason.contains("constraint"), "{}", asides[1].reason);
        // Once with its batch, then alone.
        assert_eq!(desk.note.times(2), 1 + 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumers_status_is_visible() {
    testkit::for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        for cursor in 1..=6 {
            desk.tell("thing").await;
            if cursor < 6 {
                desk.note.meet(cursor, Misfortune::Refuses);
            }
        }
        let consumer = desk.consumer(ConsumerConfig { attempts_max: 1, ..config() });
        desk.run_to(&consumer, 6).await;
        let status = consumer.status().await;
        assert_eq!((&status["cursor"], &status["parked"]), (&6.into(), &5.into()));
        let first = status["parked_first"].as_array().unwrap();
        assert_eq!(first.len(), 3);
        assert_eq!(first[0]["cursor"], 1);
        assert_eq!(first[0]["type"], "test.thing.happened");
        assert_eq!(first[0]["reason"], "names an account that is not there");
        assert_eq!((consumer.name(), consumer.ready().await), ("test", Ok(())));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_event_is_retried_or_discarded_never_both() {
    testkit::for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        for _ in 0..4 {
            desk.tell("thing").await;
        }
        desk.note.meet(2, Misfortune::Refuses);
        desk.note.meet(3, Misfortune::Panics);
        let consumer = desk.consumer(config());
        desk.run_to(&consumer, 4).await;
        let again = consumer.retry(2).await.unwrap_err();
        assert!(matches!(&again, ParkedError::FailedAgain(why) if why.contains("not there")), "{again}");
        assert_eq!(parked(&consumer).await, [(2, 4), (3, 3)]);
        desk.note.meet(2, Misfortune::Store(FaultName::Io));
        assert!(matches!(consumer.retry(2).await, Err(ParkedError::Store(_))));
        assert_eq!(parked(&consumer).await, [(2, 4), (3, 3)]);
        assert_eq!(desk.cursors_with_effect().await, all_but(&[2, 3], 4));

        desk.note.heal(2);
        consumer.retry(2).await.unwrap();
        assert!(matches!(consumer.retry(2).await, Err(ParkedError::NotParked(2))));
        assert_eq!(consumer.give_up(3, "ann").await.unwrap().cursor, 3);
        assert!(matches!(consumer.give_up(3, "ann").await, Err(ParkedError::NotParked(3))));
        assert!(matches!(consumer.retry(1).await, Err(ParkedError::NotParked(1))));
        assert_eq!(parked(&consumer).await, []);
        assert_eq!(desk.cursors_with_effect().await, all_but(&[3], 4));
        assert_eq!(consumer.cursor().await.unwrap(), 4);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn passing_errors_are_waited_out_and_nothing_is_parked() {
    use FaultName::{ConnectionLost, Full, Io, Retry, Unreachable};
    testkit::for_each_engine(async |store| {
        for (cursor, fault) in (1..).zip([Retry, ConnectionLost, Unreachable, Full, Io]) {
            let desk = Desk::open(store).await;
            desk.tell("thing").await;
            desk.note.meet(cursor, Misfortune::Store(fault));
            let consumer = desk.consumer(ConsumerConfig { attempts_max: 1, ..config() });
            let begun = SystemClock.monotonic();
            tokio::select! {
                () = consumer.run() => {}
                () = desk.note.is_tried(cursor, 3) => {}
            }
            // The pauses grow: 50 and 100 ms.
            assert!(SystemClock.monotonic().micros_since(begun) >= 150_000);
            assert_eq!((consumer.cursor().await.unwrap(), parked(&consumer).await), (cursor - 1, vec![]), "{fault:?}");
            assert!(consumer.status().await["trouble"].is_string());
            desk.note.heal(cursor);
            desk.run_to(&consumer, cursor).await;
            // The effect is visible before the consumer itself knows of it.
            tokio::select! {
                () = consumer.run() => {}
                () = forgets_its_trouble(&consumer) => {}
            }
        }
    })
    .await;
}

/// For ten seconds at most.
async fn forgets_its_trouble(consumer: &Consumer) {
    for _ in 0..1_000 {
        if consumer.status().await["trouble"].is_null() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the error is over, but the consumer says: {}", consumer.status().await["trouble"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_park_an_event_once() {
    testkit::for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        for _ in 0..20 {
            desk.tell("thing").await;
        }
        for cursor in [1, 9, 20] {
            desk.note.meet(cursor, Misfortune::Refuses);
        }
        let (one, other) = (desk.consumer(config()), desk.consumer(ConsumerConfig { batch_max: 3, ..config() }));
        let both = async { tokio::join!(one.run(), other.run()) };
        tokio::select! {
            _ = both => {}
            () = desk.run_to(&one, 20) => {}
        }
        assert_eq!(desk.cursors_with_effect().await, all_but(&[1, 9, 20], 20));
        assert_eq!(parked(&one).await, [(1, 3), (9, 3), (20, 3)]);
    })
    .await;
}
