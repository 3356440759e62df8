//! Numbers: found by themselves, bound to their rows, revealed to the right callers, and gone when destroyed.

use kernel::{Ctx, Deadline, Principal, PrincipalKind, Proof, Secret};
use platform::db::Engine;
use platform::error::Failure;
use testkit::{Stage, for_each_engine};
use vault_api::{Destroy, Find, FindCard, Issue, Renew, Reveal, VaultError};

use crate::stage::{VISA, master, open, pan, start, store};

fn operator(stage: &Stage<'_>) -> Ctx {
    let deadline = Deadline::after_millis(&stage.time, 86_400_000);
    Ctx { principal: Principal::operator(), deadline, request_id: "req-1".into(), idempotency_key: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_number_is_looked_for_and_not_stored() {
    for_each_engine(async |test| {
        let stage = Stage::new(test);
        let (vault, _) = open(&stage).await;
        let find = || Find { cards: vec![FindCard { pan: pan(VISA), cvv: Some(Secret::new("123")) }] };
        assert_eq!(vault.find(&operator(&stage), find()).await.unwrap(), [None]);
        let stored = vault.tokenize(&operator(&stage), store(VISA)).await.unwrap();
        assert!(!stored.replayed);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_fits_one_number_until_it_is_renewed() {
    for_each_engine(async |test| {
        let stage = Stage::new(test);
        let (vault, ctx) = (open(&stage).await.0, operator(&stage));
        let token = vault.tokenize(&ctx, store(VISA)).await.unwrap().token;
        let reveal = async || vault.reveal(&ctx, Reveal { token, reason: "a test".to_owned() }).await.unwrap();
        let before = reveal().await;
        assert_eq!(before.pan.expose(), VISA);
        let matches = async |cvv: &Secret| {
            let cards = vec![FindCard { pan: pan(VISA), cvv: Some(cvv.clone()) }];
            vault.find(&ctx, Find { cards }).await.unwrap()[0].as_ref().unwrap().cvv_matches
        };
        assert_eq!(matches(&before.cvv).await, Some(true));
        let mut codes = std::collections::BTreeSet::new();
        for expiry in ["2801", "2802", "2803", "2804"] {
            vault.renew(&ctx, Renew { token, expiry: expiry.parse().unwrap() }).await.unwrap();
            codes.insert(reveal().await.cvv.expose().to_owned());
            assert_eq!(matches(&Secret::new("12")).await, Some(false));
        }
        assert!(codes.len() > 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_reveals_only_after_a_fresh_proof() {
    for_each_engine(async |test| {
        let stage = Stage::new(test);
        let vault = open(&stage).await.0;
        let token = vault.tokenize(&operator(&stage), store(VISA)).await.unwrap().token;
        let mut clerk = operator(&stage);
        clerk.principal = Principal::new(PrincipalKind::Employee, "emp_1", ["vault:reveal:all".parse().unwrap()]);
        let reveal = || Reveal { token, reason: "the holder asked".to_owned() };
        let refused = vault.reveal(&clerk, reveal()).await.unwrap_err();
        assert_eq!(refused.failure(), Some(Failure::StepUpRequired { seconds: 300 }));
        clerk.principal.proof = Some(Proof { at: stage.clock().now(), second_factor: true });
        assert_eq!(vault.reveal(&clerk, reveal()).await.unwrap().pan.expose(), VISA);
        // Both attempts are on record.
        let rows = stage.store.open().await.read().await.unwrap().query(EVENTS, &[]).await.unwrap();
        let events: Vec<&str> = rows.iter().map(|row| row.text(0).unwrap()).collect();
        assert_eq!(events.iter().filter(|event| event.contains("vault.number.revealed")).count(), 2);
        assert!(events.iter().any(|event| event.contains("\"refused\"") && event.contains("emp_1")));
    })
    .await;
}

const EVENTS: &str = "select event from outbox order by seq";

#[tokio::test(flavor = "multi_thread")]
async fn a_destroyed_number_is_gone() {
    for_each_engine(async |test| {
        let stage = Stage::new(test);
        let (vault, ctx) = (open(&stage).await.0, operator(&stage));
        let token = vault.tokenize(&ctx, store(VISA)).await.unwrap().token;
        vault.destroy(&ctx, Destroy { token }).await.unwrap();
        assert_eq!(vault.destroy(&ctx, Destroy { token }).await.unwrap_err().code(), "token_unknown");
        let find = Find { cards: vec![FindCard { pan: pan(VISA), cvv: None }] };
        assert_eq!(vault.find(&ctx, find).await.unwrap(), [None]);
        assert_ne!(vault.tokenize(&ctx, store(VISA)).await.unwrap().token, token);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_moved_to_another_row_does_not_open() {
    testkit::on_sqlite(async |test| {
        let stage = Stage::new(test);
        let (vault, ctx) = (open(&stage).await.0, operator(&stage));
        let one = vault.tokenize(&ctx, store(VISA)).await.unwrap().token;
        vault.tokenize(&ctx, store("5555555555554444")).await.unwrap();
        let tx = stage.store.open().await.begin().await.unwrap();
        tx.execute(SWAP, &[platform::db::Value::Bytes(&one.to_bytes())]).await.unwrap();
        tx.commit().await.unwrap();
        let refused = vault.reveal(&ctx, Reveal { token: one, reason: "a test".to_owned() }).await.unwrap_err();
        assert_eq!(refused, VaultError::Failed(Failure::Internal));
    })
    .await;
}

const SWAP: &str =
    "update card_number set sealed = (select sealed from card_number where token <> $1) where token = $1";

#[tokio::test(flavor = "multi_thread")]
async fn another_master_key_opens_nothing() {
    for_each_engine(async |test| {
        let stage = Stage::new(test);
        drop(start(&stage, master()).await);
        let other = platform::crypto::KeyEncryptionKey::random();
        let db = stage.store.open().await;
        let opened = platform::crypto::KeyRing::open(&db, &other, stage.clock()).await;
        assert!(opened.is_err());
        assert!(matches!(db.engine(), Engine::Sqlite | Engine::Postgres));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_malformed_command_is_refused() {
    for_each_engine(async |test| {
        let stage = Stage::new(test);
        let (vault, ctx) = (open(&stage).await.0, operator(&stage));
        let keyed = Ctx { idempotency_key: Some("a".parse().unwrap()), ..ctx.clone() };
        let expiry = "2712".parse().unwrap();
        for bin in ["", "41111", "4111111111", "41x111"] {
            let refused = vault.issue(&keyed, Issue { bin: bin.to_owned(), expiry }).await.unwrap_err();
            assert_eq!(refused.code(), "bin_invalid", "{bin}");
        }
        let many = Find { cards: vec![FindCard { pan: pan(VISA), cvv: None }; 1_001] };
        assert_eq!(vault.find(&ctx, many).await.unwrap_err().code(), "too_many_cards");
        let token = vault.tokenize(&ctx, store(VISA)).await.unwrap().token;
        let refused = vault.reveal(&ctx, Reveal { token, reason: String::new() }).await.unwrap_err();
        assert_eq!(refused.code(), "reason_invalid");
    })
    .await;
}
