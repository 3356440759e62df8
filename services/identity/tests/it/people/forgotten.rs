//! A forgotten password: what access to the mailbox allows, and what it does not.

use identity::Channels;
use identity_api::{FactorKind, LoginAct, LoginPage, Refusal, Stage};
use kernel::Secret;
use platform::crypto::KeyEncryptionKey;
use testkit::{FakeClock, for_each_way};

use crate::people::harness::{Answer, BETTER, Desk, PASSWORD, cheap, refused, why};

async fn forgot(desk: &Desk, name: &str) -> LoginPage {
    let username = format!("{name}@example.com");
    let page = desk.begin().await;
    let page = desk.step(&page, LoginAct::Forgot { username }).await.unwrap().page;
    assert_eq!(page.stage, Stage::Reset);
    page
}

async fn reset(desk: &Desk, page: &LoginPage, code: &Secret, password: &str) -> Answer<identity_api::LoginReply> {
    desk.step(page, LoginAct::Reset { code: code.clone(), password: Secret::new(password) }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_password_is_replaced() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        desk.person("ann", &["customer"]).await;
        let before = desk.session("ann").await;
        let page = forgot(&desk, "ann").await;
        let code = desk.mail.code(1).await;
        assert_eq!(why(reset(&desk, &page, &Secret::new("no code"), BETTER).await), "wrong_code");
        // An unacceptable password does not use up the code.
        for _ in 0..4 {
            assert_eq!(why(reset(&desk, &page, &code, "password1234").await), "password_too_weak");
        }
        let session = reset(&desk, &page, &code, BETTER).await.unwrap().session.unwrap();
        assert!(desk.view(&session).await.is_ok());
        assert_eq!(why(desk.view(&before).await), "not_logged_in");
        assert_eq!(why(desk.password("ann", PASSWORD).await), "wrong_credentials");
        assert!(desk.password("ann", BETTER).await.is_ok());
        assert_eq!(desk.revocations().await, [r#"{"subject":{"subject":"sub_ann","epoch":2}}"#]);
        assert_eq!(why(reset(&desk, &page, &code, PASSWORD).await), "login_unknown");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_still_requires_the_second_factor() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        desk.person("eve", &["employee"]).await;
        let (app, _, session) = desk.enrolled("eve").await;
        desk.pass(60);
        let page = forgot(&desk, "eve").await;
        let reply = reset(&desk, &page, &desk.mail.code(1).await, BETTER).await.unwrap();
        assert_eq!(reply.session, None);
        let offered = vec![FactorKind::Totp, FactorKind::Backup];
        assert_eq!(reply.page.stage, Stage::Factor { offered, sent: None });
        // Somebody with only the mailbox has no session and has changed nothing.
        assert!(desk.view(&session).await.is_ok());
        desk.at_factor("eve").await;
        let done = desk.step(&reply.page, LoginAct::Code { code: app.code(&desk) }).await.unwrap();
        assert!(done.session.is_some());
        assert_eq!(why(desk.view(&session).await), "not_logged_in");
        assert_eq!(why(desk.password("eve", PASSWORD).await), "wrong_credentials");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_does_not_reveal_whether_the_name_exists() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        desk.person("ann", &["customer"]).await;
        // She must have an app and has none yet: a mailbox does not let her in.
        desk.person("new", &["employee"]).await;
        let mut told = Vec::new();
        for name in ["ann", "nobody", "new"] {
            let page = forgot(&desk, name).await;
            let weak = reset(&desk, &page, &Secret::new("1"), "short").await.unwrap_err();
            let about = reset(&desk, &page, &Secret::new("1"), &format!("{name}@example.com")).await.unwrap_err();
            let third = reset(&desk, &page, &Secret::new("1"), BETTER).await.unwrap_err();
            told.push([weak, about, third]);
        }
        assert_eq!(told[0], told[1]);
        assert_eq!(told[0], told[2]);
        desk.mail.code(1).await;
        assert_eq!(desk.mail.count(), 1);
        // Nor do waits.
        for name in ["ann", "nobody"] {
            let mut codes = Vec::new();
            for _ in 0..6 {
                let page = desk.begin().await;
                let username = format!("{name}@example.com");
                codes.push(desk.step(&page, LoginAct::Forgot { username }).await.map(drop).map_err(|it| it.code()));
            }
            assert_eq!(codes, [Ok(()), Ok(()), Ok(()), Ok(()), Ok(()), Err("too_many_failures")], "{name}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_code_does_not_count_as_a_second_factor() {
    let config = identity::IdentityConfig { sent_factors: vec![FactorKind::Email], ..cheap() };
    for_each_way(async |store| {
        let desk = Desk::open_with(store, config.clone()).await;
        desk.person("ann", &["customer"]).await;
        let page = forgot(&desk, "ann").await;
        let reply = reset(&desk, &page, &desk.mail.code(1).await, BETTER).await.unwrap();
        assert_eq!(reply.page.stage, Stage::Done);
        assert_eq!(desk.texts("select amr from session").await, [r#"["email"]"#]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_most_three_reset_codes_are_sent_and_none_without_a_channel() {
    for_each_way(async |store| {
        let nobody = (Channels::default(), std::sync::Arc::default());
        let desk = Desk::open_at(store, FakeClock::default(), cheap(), nobody, &KeyEncryptionKey::random()).await;
        let page = desk.begin().await;
        let forgot = LoginAct::Forgot { username: "nobody".to_owned() };
        let off = refused(Refusal::ChannelOff { channel: "email".to_owned() });
        assert_eq!(desk.step(&page, forgot).await, Err(off));
    })
    .await;
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        let page = desk.begin().await;
        for number in 0..3 {
            let username = format!("nobody{number}");
            desk.step(&page, LoginAct::Forgot { username }).await.unwrap();
        }
        assert_eq!(why(desk.step(&page, LoginAct::Forgot { username: "nobody4".to_owned() }).await), "too_many");
    })
    .await;
}
