//! The life of a data key: created, shared, used up, retired, and refused if it was modified.

use std::sync::Arc;
use std::time::Duration;

use platform::crypto::{KeyEncryptionKey, KeyRing, Place, SealError};
use testkit::FakeClock;

use crate::crypto::common::{BLOCK, count_uses, prepared, ring, set_uses, swap, uses};

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

fn place() -> Place<'static> {
    Place::new("user", "totp", "ann")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_retires_after_thirty_days_and_can_still_open() {
    testkit::for_each_engine(async |store| {
        let db = prepared(store.open().await).await;
        let (kek, clock) = (KeyEncryptionKey::random(), FakeClock::default());
        let ring = KeyRing::open(&db, &kek, Arc::new(clock.clone())).await.unwrap();
        let old = ring.seal(place(), b"old").unwrap();
        clock.advance_millis(30 * DAY_MS - 1);
        ring.tend().await.unwrap();
        assert_eq!(uses(&db).await, [BLOCK]);
        clock.advance_millis(1);
        ring.tend().await.unwrap();
        assert_eq!(uses(&db).await, [BLOCK, BLOCK]);
        let new = ring.seal(place(), b"new").unwrap();
        assert_ne!(old[..9], new[..9], "the same key still seals");
        assert_eq!(ring.unseal(place(), &old).await.unwrap().as_slice(), b"old");
        let later = KeyRing::open(&db, &kek, Arc::new(clock)).await.unwrap();
        assert_eq!(later.unseal(place(), &old).await.unwrap().as_slice(), b"old");
        assert_eq!(later.unseal(place(), &new).await.unwrap().as_slice(), b"new");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_never_used_more_often_than_recorded() {
    testkit::for_each_engine(async |store| {
        let db = prepared(store.open().await).await;
        let kek = KeyEncryptionKey::random();
        let first = ring(&db, &kek).await;
        first.seal(place(), b"kept").unwrap();
        drop(first);
        assert_eq!(uses(&db).await, [BLOCK], "the block is recorded before the first use");
        let _second = ring(&db, &kek).await;
        assert_eq!(uses(&db).await, [2 * BLOCK], "uses that one process reserved are not used by the next");
        set_uses(&db, (1 << 30) - BLOCK).await;
        let _last = ring(&db, &kek).await;
        assert_eq!(uses(&db).await, [1 << 30]);
        let _next = ring(&db, &kek).await;
        assert_eq!(uses(&db).await, [1 << 30, BLOCK]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_key_uses_are_reserved_before_they_run_out() {
    testkit::on_sqlite(async |store| {
        let db = prepared(store.open().await).await;
        let ring = ring(&db, &KeyEncryptionKey::random()).await;
        for round in 0..4 {
            for _ in 0..BLOCK / 4 {
                ring.seal(place(), b"").unwrap();
            }
            assert!(count_uses(&db).await > round * BLOCK / 4);
        }
        for _ in 0..1_000 {
            if count_uses(&db).await == 2 * BLOCK {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("no more uses were reserved: {:?}", uses(&db).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_store_sealing_stops_when_uses_run_out() {
    testkit::on_sqlite(async |store| {
        let db = prepared(store.open().await).await;
        let ring = ring(&db, &KeyEncryptionKey::random()).await;
        // The holder of the only writer keeps the ring from reserving more.
        let tx = db.begin().await.unwrap();
        for _ in 0..BLOCK {
            ring.seal(place(), b"").unwrap();
        }
        assert!(matches!(ring.seal(place(), b""), Err(SealError::Exhausted)));
        tx.commit().await.unwrap();
        ring.tend().await.unwrap();
        ring.seal(place(), b"").unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_different_master_key_and_a_modified_key_are_refused() {
    testkit::for_each_engine(async |store| {
        let db = prepared(store.open().await).await;
        let (kek, clock) = (KeyEncryptionKey::random(), FakeClock::default());
        let ring = KeyRing::open(&db, &kek, Arc::new(clock.clone())).await.unwrap();
        let before = uses(&db).await;
        let refused = KeyRing::open(&db, &KeyEncryptionKey::random(), Arc::new(clock.clone())).await;
        assert!(matches!(refused, Err(SealError::WrongMaster { id: 1 })), "{refused:?}");
        assert_eq!(uses(&db).await, before);
        clock.advance_millis(31 * DAY_MS);
        ring.tend().await.unwrap();
        swap(&db).await;
        let refused = KeyRing::open(&db, &kek, Arc::new(clock)).await;
        assert!(matches!(refused, Err(SealError::KeyDamaged { id: 1 })), "{refused:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_sharing_a_store_open_each_others_values() {
    testkit::on_postgres(async |store| {
        let (one, other) = (prepared(store.open().await).await, store.open().await);
        let (kek, clock) = (KeyEncryptionKey::random(), FakeClock::default());
        let opening = [&one, &other].map(|db| KeyRing::open(db, &kek, Arc::new(clock.clone())));
        let [first, second] = opening;
        let (first, second) = tokio::join!(first, second);
        let (first, second) = (first.unwrap(), second.unwrap());
        assert_eq!(uses(&one).await, [2 * BLOCK], "they made one key between them");
        clock.advance_millis(31 * DAY_MS);
        second.tend().await.unwrap();
        let sealed = second.seal(place(), b"kept").unwrap();
        assert_eq!(first.unseal(place(), &sealed).await.unwrap().as_slice(), b"kept");
        first.tend().await.unwrap();
        assert_eq!(uses(&one).await, [2 * BLOCK, 2 * BLOCK], "the second key is shared too");
    })
    .await;
}
