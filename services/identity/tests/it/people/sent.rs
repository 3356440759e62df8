//! Codes by e-mail and SMS as a second factor: off unless the operator enables them, and never for staff or for
//! payments.

use identity::IdentityConfig;
use identity_api::{BeginLogin, FactorKind, LoginAct, Refusal, Stage};
use kernel::Secret;
use testkit::for_each_way;

use crate::people::harness::{Desk, PASSWORD, by_password, cheap, here, refused, why};

fn allowed() -> IdentityConfig {
    IdentityConfig { sent_factors: vec![FactorKind::Email, FactorKind::Sms], ..cheap() }
}

fn send(by: FactorKind) -> LoginAct {
    LoginAct::SendCode { by }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_logs_in_with_a_sent_code_if_allowed() {
    for_each_way(async |store| {
        let desk = Desk::open_with(store, allowed()).await;
        desk.person("ann", &["customer"]).await;
        let reply = desk.password("ann", PASSWORD).await.unwrap();
        let offered = vec![FactorKind::Email, FactorKind::Sms];
        assert_eq!((reply.session, &reply.page.stage), (None, &Stage::Factor { offered, sent: None }));
        let page = desk.step(&reply.page, send(FactorKind::Email)).await.unwrap().page;
        let Stage::Factor { sent: Some(sent), .. } = &page.stage else { panic!("{:?}", page.stage) };
        assert_eq!(sent.masked, "a•••@mail.example");
        let code = desk.mail.code(1).await;
        assert_eq!(code.expose().len(), 6);
        assert_eq!(desk.mail.to(0), (FactorKind::Email, "ann@mail.example".to_owned()));
        let session = desk.step(&page, LoginAct::SentCode { code }).await.unwrap().session.unwrap();
        // It does not release payments.
        assert!(!desk.view(&session).await.unwrap().second_factor);
        assert_eq!(desk.texts("select amr from session").await, [r#"["pwd","email"]"#]);
        assert!(desk.events().await.contains(&"identity.code.sent".to_owned()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sent_code_lasts_five_minutes_and_three_attempts() {
    for_each_way(async |store| {
        let desk = Desk::open_with(store, allowed()).await;
        desk.person("ann", &["customer"]).await;
        let wrong = || LoginAct::SentCode { code: Secret::new("not one") };
        let page = desk.password("ann", PASSWORD).await.unwrap().page;
        assert_eq!(why(desk.step(&page, wrong()).await), "wrong_code");
        desk.step(&page, send(FactorKind::Sms)).await.unwrap();
        let first = desk.mail.code(1).await;
        desk.step(&page, send(FactorKind::Sms)).await.unwrap();
        let second = desk.mail.code(2).await;
        if first != second {
            assert_eq!(why(desk.step(&page, LoginAct::SentCode { code: first }).await), "wrong_code");
        } else {
            assert_eq!(why(desk.step(&page, wrong()).await), "wrong_code");
        }
        assert_eq!(why(desk.step(&page, wrong()).await), "wrong_code");
        assert_eq!(why(desk.step(&page, wrong()).await), "wrong_code");
        assert_eq!(why(desk.step(&page, LoginAct::SentCode { code: second }).await), "wrong_code", "a fourth try");
        desk.pass(1_000);
        let page = desk.password("ann", PASSWORD).await.unwrap().page;
        desk.step(&page, send(FactorKind::Email)).await.unwrap();
        let late = desk.mail.code(3).await;
        desk.pass(300);
        assert_eq!(why(desk.step(&page, LoginAct::SentCode { code: late }).await), "wrong_code");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_number_of_sent_codes_is_limited() {
    for_each_way(async |store| {
        let desk = Desk::open_with(store, allowed()).await;
        desk.person("ann", &["customer"]).await;
        let page = desk.password("ann", PASSWORD).await.unwrap().page;
        for _ in 0..3 {
            desk.step(&page, send(FactorKind::Sms)).await.unwrap();
        }
        let too_many = Refusal::TooMany { what: "messages".to_owned(), given: 4, max: 3 };
        assert_eq!(desk.step(&page, send(FactorKind::Sms)).await, Err(refused(too_many)));
        let page = desk.password("ann", PASSWORD).await.unwrap().page;
        let mut answers = Vec::new();
        for _ in 0..3 {
            answers.push(desk.step(&page, send(FactorKind::Sms)).await.map(drop).map_err(|error| error.code()));
        }
        assert_eq!(answers, [Ok(()), Ok(()), Ok(())]);
        let page = desk.password("ann", PASSWORD).await.unwrap().page;
        assert_eq!(why(desk.step(&page, send(FactorKind::Sms)).await), "too_many_failures");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sent_code_works_only_in_the_requesting_browser() {
    for_each_way(async |store| {
        let desk = Desk::open_with(store, allowed()).await;
        desk.person("ann", &["customer"]).await;
        let [mine, other] =
            [desk.password("ann", PASSWORD).await.unwrap().page, desk.password("ann", PASSWORD).await.unwrap().page];
        desk.step(&mine, send(FactorKind::Email)).await.unwrap();
        let code = desk.mail.code(1).await;
        assert_eq!(why(desk.step(&other, LoginAct::SentCode { code: code.clone() }).await), "wrong_code");
        assert!(desk.step(&mine, LoginAct::SentCode { code }).await.unwrap().session.is_some());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_are_not_sent_to_staff_for_payments_or_by_default() {
    for_each_way(async |store| {
        let desk = Desk::open_with(store, allowed()).await;
        desk.person("eve", &["employee"]).await;
        desk.enrolled("eve").await;
        let off = |by: FactorKind| Err(refused(Refusal::ChannelOff { channel: by.name().to_owned() }));
        let page = desk.at_factor("eve").await;
        for by in [FactorKind::Email, FactorKind::Sms, FactorKind::Totp, FactorKind::Backup] {
            assert_eq!(desk.step(&page, send(by)).await, off(by));
        }
        desk.person("max", &["customer", "employee"]).await;
        assert!(matches!(desk.password("max", PASSWORD).await.unwrap().page.stage, Stage::Enrol { .. }));
        // A payment requires a second factor: an app.
        desk.person("ann", &["customer"]).await;
        let payment = BeginLogin { return_to: "/".to_owned(), origin: here(), again: None, second_factor: true };
        let page = desk.begin_as(payment).await.unwrap();
        let page = desk.step(&page, by_password("ann", PASSWORD)).await.unwrap().page;
        assert!(matches!(page.stage, Stage::Enrol { .. }), "{:?}", page.stage);
        assert_eq!(desk.mail.count(), 0);
    })
    .await;
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        desk.person("ann", &["customer"]).await;
        assert_eq!(desk.password("ann", PASSWORD).await.unwrap().page.stage, Stage::Done);
    })
    .await;
}
