//! Sealed values in a store, on both engines: what opens, what does not, and how often a key is used.

mod common;
mod keys;
mod subjects;

use std::sync::Arc;

use common::{count_uses, prepared, ring};
use kernel::SystemClock;
use platform::crypto::{KeyEncryptionKey, KeyRing, Place, SealError};

fn place() -> Place<'static> {
    Place::new("user", "totp", "ann")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_value_opens_in_its_place_and_reveals_nothing() {
    testkit::for_each_engine(async |store| {
        let db = prepared(store.open().await).await;
        let kek = KeyEncryptionKey::random();
        let ring = ring(&db, &kek).await;
        for plain in [&b""[..], b"open sesame", &[7; 100_000]] {
            let sealed = ring.seal(place(), plain).unwrap();
            assert_ne!(sealed, ring.seal(place(), plain).unwrap(), "the same value sealed twice looks the same");
            assert_eq!(ring.unseal(place(), &sealed).await.unwrap().as_slice(), plain);
            assert!(plain.is_empty() || !sealed.windows(plain.len()).any(|window| window == plain));
        }
        let sealed = ring.seal(place(), b"kept").unwrap();
        drop(ring);
        let later = KeyRing::open(&db, &kek, Arc::new(SystemClock)).await.unwrap();
        assert_eq!(later.unseal(place(), &sealed).await.unwrap().as_slice(), b"kept");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_value_moved_elsewhere_does_not_open() {
    testkit::on_sqlite(async |store| {
        let db = prepared(store.open().await).await;
        let ring = ring(&db, &KeyEncryptionKey::random()).await;
        let sealed = ring.seal(place(), b"kept").unwrap();
        for other in
            [Place::new("user", "totp", "bob"), Place::new("user", "phone", "ann"), Place::new("client", "totp", "ann")]
        {
            let refused = ring.unseal(other, &sealed).await;
            assert!(matches!(refused, Err(SealError::NotAuthentic { .. })), "{other:?}: {refused:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn modified_truncated_and_foreign_values_do_not_open() {
    testkit::on_sqlite(async |store| {
        let db = prepared(store.open().await).await;
        let ring = ring(&db, &KeyEncryptionKey::random()).await;
        let sealed = ring.seal(place(), b"kept").unwrap();
        for byte in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[byte] ^= 1;
            let refused = ring.unseal(place(), &changed).await.unwrap_err();
            let named = match byte {
                0 => matches!(refused, SealError::Malformed { .. }),
                1..=8 => matches!(refused, SealError::UnknownKey { .. }),
                _ => matches!(refused, SealError::NotAuthentic { .. }),
            };
            assert!(named, "byte {byte}: {refused:?}");
        }
        for cut in 0..sealed.len() {
            assert!(ring.unseal(place(), &sealed[..cut]).await.is_err(), "{cut}");
        }
        assert!(matches!(ring.unseal(place(), b"open sesame").await, Err(SealError::Malformed { .. })));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sealing_inside_a_transaction_never_waits() {
    testkit::for_each_engine(async |store| {
        let db = prepared(store.open().await).await;
        let ring = ring(&db, &KeyEncryptionKey::random()).await;
        let tx = db.begin().await.unwrap();
        let sealed = ring.seal(place(), b"kept").unwrap();
        assert_eq!(ring.unseal(place(), &sealed).await.unwrap().as_slice(), b"kept");
        tx.commit().await.unwrap();
        assert!(count_uses(&db).await >= 1);
    })
    .await;
}
