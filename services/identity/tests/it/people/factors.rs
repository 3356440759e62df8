//! Logging in with a second factor.

use identity_api::{FactorKind, LoginAct, Refusal, Stage};
use kernel::Secret;
use testkit::for_each_way;

use crate::people::harness::{Desk, PASSWORD, code, refused, why};

#[tokio::test(flavor = "multi_thread")]
async fn no_session_begins_before_the_apps_code() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        desk.person("eve", &["employee"]).await;
        let (app, ..) = desk.enrolled("eve").await;
        desk.pass(60);
        let reply = desk.password("eve", PASSWORD).await.unwrap();
        assert_eq!(reply.session, None);
        let offered = vec![FactorKind::Totp, FactorKind::Backup];
        assert_eq!(reply.page.stage, Stage::Factor { offered, sent: None });
        assert_eq!(desk.step(&reply.page, code("000000")).await, Err(refused(Refusal::WrongCode)));
        let reply = desk.step(&reply.page, LoginAct::Code { code: app.code(&desk) }).await.unwrap();
        let view = desk.view(&reply.session.unwrap()).await.unwrap();
        assert!(view.second_factor && view.totp && view.factor_required);
        let amr = desk.texts("select amr from session order by began_at").await;
        assert_eq!(amr, [r#"["pwd","otp"]"#, r#"["pwd","otp"]"#]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_code_works_once_and_invalidates_earlier_ones() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        desk.person("eve", &["employee"]).await;
        let (app, ..) = desk.enrolled("eve").await;
        // Enrolling the app has used its code.
        let page = desk.at_factor("eve").await;
        assert_eq!(why(desk.step(&page, LoginAct::Code { code: app.code(&desk) }).await), "wrong_code");
        desk.pass(60);
        let ahead = LoginAct::Code { code: app.code_at(&desk, 1) };
        assert!(desk.step(&page, ahead.clone()).await.unwrap().session.is_some());
        let page = desk.at_factor("eve").await;
        for used in [ahead, LoginAct::Code { code: app.code(&desk) }, LoginAct::Code { code: app.code_at(&desk, -1) }] {
            assert_eq!(why(desk.step(&page, used).await), "wrong_code");
        }
        desk.pass(60);
        assert_eq!(why(desk.step(&page, LoginAct::Code { code: app.code_at(&desk, 2) }).await), "wrong_code");
        assert!(desk.step(&page, LoginAct::Code { code: app.code(&desk) }).await.is_ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_backup_code_works_once_and_the_rest_are_counted() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        desk.person("eve", &["employee"]).await;
        let (_, codes, _) = desk.enrolled("eve").await;
        assert_eq!(codes.len(), 8);
        for (place, backup) in codes.iter().enumerate() {
            let page = desk.at_factor("eve").await;
            // As a user may type it.
            let typed = Secret::new(backup.expose().to_uppercase().replace('-', " "));
            let reply = desk.step(&page, LoginAct::BackupCode { code: typed }).await.unwrap();
            assert_eq!(reply.backup_codes_left, Some(7 - place));
            assert!(reply.session.is_some());
        }
        let page = desk.at_factor("eve").await;
        let offered = vec![FactorKind::Totp];
        assert_eq!(page.stage, Stage::Factor { offered, sent: None }, "none is left");
        assert_eq!(why(desk.step(&page, LoginAct::BackupCode { code: codes[0].clone() }).await), "wrong_code");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_code_only_works_for_its_owner() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        desk.person("eve", &["employee"]).await;
        desk.person("max", &["employee"]).await;
        let (_, codes, _) = desk.enrolled("eve").await;
        desk.enrolled("max").await;
        let page = desk.at_factor("max").await;
        assert_eq!(why(desk.step(&page, LoginAct::BackupCode { code: codes[0].clone() }).await), "wrong_code");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn code_attempts_after_the_password_are_limited() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        desk.person("eve", &["employee"]).await;
        let (app, ..) = desk.enrolled("eve").await;
        desk.pass(60);
        // Entering the right password again and again does not clear the failures after it.
        for _ in 0..6 {
            let page = desk.at_factor("eve").await;
            assert_eq!(why(desk.step(&page, code("000000")).await), "wrong_code");
        }
        let page = desk.at_factor("eve").await;
        let right = || LoginAct::Code { code: app.code(&desk) };
        assert_eq!(desk.step(&page, right()).await, Err(refused(Refusal::TooManyFailures { retry_after_s: 2 })));
        desk.pass(2);
        assert!(desk.step(&page, right()).await.unwrap().session.is_some());
    })
    .await;
}
