//! Changing one's own password, and password rules.

use identity::IdentityConfig;
use identity_api::{Refusal, SecurityAct};
use kernel::Secret;
use testkit::for_each_way;

use crate::people::harness::{BETTER, Desk, PASSWORD, cheap, refused, why};

fn change(old: &str, new: &str) -> SecurityAct {
    SecurityAct::ChangePassword { old: Secret::new(old), new: Secret::new(new) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_password_ends_other_sessions_and_tokens() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        desk.person("ann", &["customer"]).await;
        let (session, other) = (desk.session("ann").await, desk.session("ann").await);
        let reply = desk.act(&session, change(PASSWORD, BETTER)).await.unwrap();
        assert_eq!(reply.view.unwrap().sessions.len(), 1);
        assert_eq!(why(desk.view(&other).await), "not_logged_in");
        assert_eq!(why(desk.view(&session).await), "not_logged_in", "it has a new cookie");
        assert!(desk.view(&reply.session.unwrap()).await.is_ok());
        assert_eq!(desk.revocations().await, [r#"{"subject":{"subject":"sub_ann","epoch":2}}"#]);
        assert_eq!(desk.number("select epoch from person", &[]).await, 2);
        assert!(desk.events().await.contains(&"identity.password.changed".to_owned()));
        assert_eq!(why(desk.password("ann", PASSWORD).await), "wrong_credentials");
        assert!(desk.password("ann", BETTER).await.is_ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changing_a_password_needs_the_old_one_and_counts_failures() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        desk.person("ann", &["customer"]).await;
        let session = desk.session("ann").await;
        for _ in 0..6 {
            let answer = desk.act(&session, change("wrong", BETTER)).await;
            assert_eq!(answer, Err(refused(Refusal::WrongCredentials)));
        }
        assert_eq!(why(desk.act(&session, change(PASSWORD, BETTER)).await), "too_many_failures");
        assert!(desk.password("ann", PASSWORD).await.is_ok(), "attempts in her browser do not lock her out");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unacceptable_password_is_refused_with_its_reason() {
    for_each_way(async |store| {
        let stolen = store.dir().join("stolen.txt");
        // The SHA-1 sums of "zebra cactus 19 hollow" and of another one.
        let sums = "3C2F1E4B5A69788796A5B4C3D2E1F00112233445:3\r\n";
        std::fs::write(&stolen, sums).unwrap();
        let config = IdentityConfig { breached_passwords_file: Some(stolen.clone()), ..cheap() };
        let desk = Desk::open_with(store, config.clone()).await;
        desk.person("ann", &["customer"]).await;
        let session = desk.session("ann").await;
        for (bad, code) in [
            ("elevenchars", "password_too_short"),
            (&*"k".repeat(257), "password_too_long"),
            ("password1234", "password_too_weak"),
            ("ann@mail.example", "password_too_weak"),
            (PASSWORD, "password_unchanged"),
        ] {
            assert_eq!(why(desk.act(&session, change(PASSWORD, bad)).await), code, "{bad}");
        }
        let sum = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, BETTER.as_bytes());
        let sum: String = sum.as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
        let mut lines = [sums.to_owned(), format!("{sum}:1\r\n")];
        lines.sort();
        std::fs::write(&stolen, lines.concat()).unwrap();
        let desk = Desk::open_with(store, config).await;
        assert_eq!(desk.act(&session, change(PASSWORD, BETTER)).await, Err(refused(Refusal::PasswordBreached)));
        assert!(desk.act(&session, change(PASSWORD, "walnut harbour 61 kettle")).await.is_ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_are_compared_after_unicode_normalisation() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        desk.person("ann", &["customer"]).await;
        let session = desk.session("ann").await;
        let (composed, apart) =
            ("kr\u{e4}hen \u{fc}ber 41 d\u{e4}chern", "kra\u{308}hen u\u{308}ber 41 da\u{308}chern");
        desk.act(&session, change(PASSWORD, composed)).await.unwrap();
        assert!(desk.password("ann", apart).await.is_ok());
    })
    .await;
}
