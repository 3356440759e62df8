//! Concurrent duplicates. Property: in any interleaving, one has an effect.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use kernel::{Clock, SystemClock};
use platform::error::Failure;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use testkit::{for_each_engine, on_postgres};

use super::shelf::{PutThing, Refused, SIZE_MAX, Shelf, by, vase};

const SEEDS: u64 = 6;
const CALLERS: usize = 24;
const KEYS: usize = 4;

/// Several processes, several keys, and callers that send a key's command, or a different one, or give up half way.
#[tokio::test(flavor = "multi_thread")]
async fn any_interleaving_of_duplicates_has_one_effect() {
    for_each_engine(async |store| {
        let mut processes = Vec::new();
        for dwell_ms in [0, 3] {
            let shelf = Shelf::open(store, Arc::new(SystemClock)).await;
            processes.push(shelf.dwelling(dwell_ms));
        }
        for seed in 0..SEEDS {
            let mut dice = StdRng::seed_from_u64(seed);
            let calls = (0..CALLERS).map(|_| {
                let key = dice.random_range(0..KEYS);
                let other = dice.random_ratio(1, 6);
                let patience_ms = if dice.random_ratio(1, 5) { dice.random_range(1..15) } else { 20_000 };
                let start_ms = dice.random_range(0..10);
                let shelf = processes[dice.random_range(0..processes.len())].clone();
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(start_ms)).await;
                    let ctx = by("ann", Some(&format!("{seed}-{key}")), patience_ms);
                    let name = if other { format!("other {seed}-{key}") } else { format!("thing {seed}-{key}") };
                    // The last key's commands are refused: too large.
                    let size = if key + 1 == KEYS { SIZE_MAX + 1 } else { 10 };
                    (key, other, shelf.put(&ctx, PutThing { name, size }).await)
                })
            });
            let calls: Vec<_> = calls.collect();
            let mut made: BTreeMap<usize, BTreeSet<i64>> = BTreeMap::new();
            let mut kinds: BTreeMap<usize, BTreeSet<bool>> = BTreeMap::new();
            for call in join_all(calls).await {
                let (key, other, answer) = call.unwrap();
                match answer {
                    Ok(thing) => {
                        made.entry(key).or_default().insert(thing.id);
                        kinds.entry(key).or_default().insert(other);
                    }
                    Err(error) if error.refusal() == Some(&Refused::TooLarge) && key + 1 == KEYS => {
                        kinds.entry(key).or_default().insert(other);
                    }
                    Err(error) => assert!(
                        matches!(
                            error.failure(),
                            Some(
                                Failure::IdempotencyKeyTaken
                                    | Failure::IdempotencyKeyBusy
                                    | Failure::DeadlineExceeded
                                    | Failure::OutcomeUnknown
                            )
                        ),
                        "seed {seed}, key {key}: {error:?}"
                    ),
                }
            }
            assert!(made.values().all(|ids| ids.len() == 1), "seed {seed}: {made:?}");
            assert!(kinds.values().all(|kinds| kinds.len() == 1), "seed {seed}: {kinds:?}");
            assert!(!made.contains_key(&(KEYS - 1)));
            // A later caller finds one answer, whatever happened to the callers before.
            for key in 0..KEYS - 1 {
                let ctx = by("ann", Some(&format!("{seed}-{key}")), 20_000);
                let found = processes[0].put(&ctx, vase(&format!("thing {seed}-{key}"))).await;
                assert!(found.is_ok() || found.unwrap_err().failure() == Some(Failure::IdempotencyKeyTaken));
            }
        }
        assert_eq!(processes[0].count().await, (SEEDS as i64) * (KEYS as i64 - 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_waits_for_the_first_and_gets_its_answer() {
    for_each_engine(async |store| {
        let shelf = Shelf::open(store, Arc::new(SystemClock)).await.dwelling(300);
        let ctx = by("ann", Some("k1"), 10_000);
        let (one, other) = tokio::join!(shelf.put(&ctx, vase("vase")), shelf.put(&ctx, vase("vase")));
        let (one, other) = (one.unwrap(), other.unwrap());
        assert_eq!(one.id, other.id);
        assert_ne!(one.replayed, other.replayed);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_that_waits_past_its_deadline_is_key_busy() {
    for_each_engine(async |store| {
        let shelf = Shelf::open(store, Arc::new(SystemClock)).await.dwelling(1_500);
        let first = tokio::spawn({
            let shelf = shelf.clone();
            async move { shelf.put(&by("ann", Some("k1"), 10_000), vase("vase")).await }
        });
        tokio::time::sleep(Duration::from_millis(200)).await;
        let start = SystemClock.monotonic();
        let busy = shelf.put(&by("ann", Some("k1"), 500), vase("vase")).await;
        assert_eq!(busy, Err(Failure::IdempotencyKeyBusy.into()));
        let ms = SystemClock.monotonic().micros_since(start) / 1_000;
        assert!((400..600).contains(&ms), "{ms} ms");
        assert_eq!(
            (Failure::IdempotencyKeyBusy.row().status, Failure::IdempotencyKeyBusy.retry_after_s()),
            (409, Some(1))
        );
        assert!(!first.await.unwrap().unwrap().replayed);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_in_another_process_waits_for_the_row() {
    on_postgres(async |store| {
        let here = Shelf::open(store, Arc::new(SystemClock)).await.dwelling(1_500);
        let there = Shelf::open(store, Arc::new(SystemClock)).await;
        let first = tokio::spawn({
            let here = here.clone();
            async move { here.put(&by("ann", Some("k1"), 10_000), vase("vase")).await }
        });
        tokio::time::sleep(Duration::from_millis(200)).await;
        let busy = there.put(&by("ann", Some("k1"), 500), vase("vase")).await;
        assert_eq!(busy, Err(Failure::IdempotencyKeyBusy.into()));
        let again = there.put(&by("ann", Some("k1"), 10_000), vase("vase")).await.unwrap();
        assert_eq!((again.id, again.replayed), (first.await.unwrap().unwrap().id, true));
    })
    .await;
}

/// Otherwise one caller that repeats itself would use up everybody's connections.
#[tokio::test(flavor = "multi_thread")]
async fn many_duplicates_hold_one_connection() {
    on_postgres(async |store| {
        let shelf = Shelf::open(store, Arc::new(SystemClock)).await.dwelling(400);
        let storm = (0..50).map(|_| {
            let shelf = shelf.clone();
            tokio::spawn(async move { shelf.put(&by("ann", Some("k1"), 10_000), vase("vase")).await.unwrap().id })
        });
        let storm: Vec<_> = storm.collect();
        tokio::time::sleep(Duration::from_millis(100)).await;
        let quick = shelf.clone().dwelling(0);
        let start = SystemClock.monotonic();
        quick.put(&by("bob", Some("k1"), 5_000), vase("jug")).await.unwrap();
        let ms = SystemClock.monotonic().micros_since(start) / 1_000;
        assert!(ms < 250, "another caller waited {ms} ms");
        let ids: BTreeSet<i64> = join_all(storm).await.into_iter().map(|id| id.unwrap()).collect();
        assert_eq!(ids.len(), 1);
    })
    .await;
}
