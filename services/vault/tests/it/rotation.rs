//! New keys while the vault is in use: every number stays findable, and nothing is left under an old key.

use kernel::{Ctx, Deadline, Principal};
use testkit::{Stage, for_each_engine};
use vault_api::{Find, FindCard, Issue, Reveal};

use crate::stage::{VISA, open, pan, store};

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_moves_every_number_under_load() {
    for_each_engine(async |test| {
        let stage = Stage::new(test);
        let (vault, service) = open(&stage).await;
        let deadline = Deadline::after_millis(&stage.time, 86_400_000);
        let ctx = |key: Option<usize>| Ctx {
            principal: Principal::operator(),
            deadline,
            request_id: "req-1".into(),
            idempotency_key: key.map(|key| format!("k{key}").parse().unwrap()),
        };
        let expiry = "2712".parse().unwrap();
        let issue = async |key: usize| {
            vault.issue(&ctx(Some(key)), Issue { bin: "411111".to_owned(), expiry }).await.unwrap().token
        };
        let token = vault.tokenize(&ctx(None), store(VISA)).await.unwrap().token;
        let mut tokens = Vec::new();
        for key in 0..10 {
            tokens.push(issue(key).await);
        }
        let begun = vault.rotate(&ctx(None)).await.unwrap();
        assert_eq!((begun.sealed_left, begun.fingerprints_left, begun.done), (11, 11, false));
        tokens.push(issue(10).await);
        let find = async || {
            let found = vault.find(&ctx(None), Find { cards: vec![FindCard { pan: pan(VISA), cvv: None }] }).await;
            found.unwrap()[0].as_ref().map(|found| found.token)
        };
        assert_eq!(find().await, Some(token));
        service.rotation_round().await.unwrap();
        // Old fingerprints stay for a while: another process may still store under them alone.
        let moved = vault.rotate(&ctx(None)).await.unwrap();
        assert_eq!((moved.sealed_left, moved.fingerprints_left, moved.done), (0, 0, false));
        assert_eq!(moved.since, begun.since, "it was not begun again");
        stage.time.advance_millis(61_000);
        service.rotation_round().await.unwrap();
        assert_eq!(find().await, Some(token));
        assert_eq!(vault.tokenize(&ctx(None), store(VISA)).await.unwrap().token, token);
        for token in tokens {
            let reveal = Reveal { token, reason: "a test".to_owned() };
            assert!(vault.reveal(&ctx(None), reveal).await.unwrap().pan.expose().starts_with("411111"));
        }
        let done = vault.rotation(&ctx(None)).await.unwrap();
        assert_eq!((done.sealed_left, done.fingerprints_left, done.done), (0, 0, true));
        // Now that it is done, the next one begins.
        assert!(vault.rotate(&ctx(None)).await.unwrap().since > begun.since);
    })
    .await;
}
