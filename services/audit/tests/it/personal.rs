//! What is sealed of an entry, and what is left of it when a key is destroyed.

use audit::*;
use serde_json::json;
use testkit::{Stage, for_each_engine};

use crate::harness::{Desk, open};

const ADDRESS: &str = "192.0.2.77";

async fn login(desk: &Desk) {
    let data = json!({ "stage": "password", "address": ADDRESS });
    desk.tell_identity("identity.login.failed", "user_ann", data);
    desk.read().await;
    desk.sign().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_sealed_in_the_entry_and_read_by_auditors() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        login(&desk).await;
        let entry = desk.face.entry(&desk.ctx(), 1).await.unwrap();
        assert_eq!(entry.personal, Some(json!({ "address": ADDRESS })));
        let body = entry.body.unwrap();
        assert_eq!(body.data, Some(json!({ "stage": "password" })));
        assert_eq!(body.sealed.unwrap().subject.as_deref(), Some("user_ann"));
        let stored = desk.face.tile(&desk.ctx(), "entries/000.p/2".to_owned()).await.unwrap();
        assert!(!decoded(&stored.bytes).contains(ADDRESS));
    })
    .await;
}

fn decoded(bytes: &str) -> String {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::STANDARD.decode(bytes).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Either key is enough, and no proof changes.
#[tokio::test(flavor = "multi_thread")]
async fn a_destroyed_key_erases_and_leaves_every_proof() {
    for key in ["user_ann", "audit-month-1970-01", "audit-month-2026-01"] {
        for_each_engine(async |store| {
            let desk = open(&Stage::new(store)).await;
            login(&desk).await;
            let (head, proof) = (desk.head().await, ProofQuery { index: 1, size: None });
            let before = desk.face.proof(&desk.ctx(), proof).await.unwrap();
            let month = desk.face.entry(&desk.ctx(), 1).await.unwrap().body.unwrap().sealed.unwrap().month;
            if key.starts_with("audit-month") && !key.ends_with(&month) {
                return;
            }
            desk.subjects.destroy(key).await.unwrap();
            desk.time.advance_millis(2_000);
            assert_eq!(desk.face.entry(&desk.ctx(), 1).await.unwrap().personal, None);
            assert_eq!(desk.face.proof(&desk.ctx(), proof).await.unwrap(), before);
            assert_eq!(desk.head().await, head);
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_personal_is_kept_of_an_erased_person() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        desk.subjects.destroy("user_ann").await.unwrap();
        login(&desk).await;
        let entry = desk.face.entry(&desk.ctx(), 1).await.unwrap();
        assert_eq!((entry.personal, entry.body.unwrap().sealed.unwrap().value), (None, String::new()));
    })
    .await;
}
