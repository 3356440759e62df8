//! A forgotten password: what a mailbox opens, and what it does not.

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
async fn a_new_password_takes_the_place_of_a_forgotten_one() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        desk.person("ann", &["customer"]).await;
        let before = desk.session("ann").await;
        let page = forgot(&desk, "ann").await;
        let code = desk.mail.code(1).await;
        assert_eq!(why(reset(&desk, &page, &Secret::new("no code"), BETTER).await), "wrong_code");
        // A bad password does not use the code up.
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
async fn behind_it_the_second_factor_is_asked_for_and_nothing_has_changed_before() {
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
        // Somebody who has the mailbox alone has neither a session nor harmed anybody.
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
async fn the_answer_does_not_say_whether_the_name_is_known() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        desk.person("ann", &["customer"]).await;
        // She has to have an app and has none yet: a mailbox does not let her in.
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
async fn a_code_that_opened_the_account_is_no_second_factor_too() {
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
async fn codes_are_not_sent_where_there_is_no_channel_and_not_more_than_three_in_one_login() {
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
