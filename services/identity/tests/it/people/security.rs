//! The user's own account: what they see, what they change, and what a stolen cookie does not allow.

use identity_api::{BeginLogin, IdentityError, LoginAct, NewSession, Refusal, SecurityAct, SecurityStep, Stage};
use kernel::Secret;
use platform::error::Failure;
use testkit::for_each_way;

use crate::people::harness::{App, BETTER, Desk, PASSWORD, by_password, here, refused, why};

fn change(old: &str, new: &str) -> SecurityAct {
    SecurityAct::ChangePassword { old: Secret::new(old), new: Secret::new(new) }
}

/// Re-authenticates, without a second factor.
async fn again(desk: &Desk, session: &NewSession, name: &str) -> NewSession {
    let (again, return_to) = (Some(session.cookie.clone()), "/account".to_owned());
    let page = desk.begin_as(BeginLogin { return_to, origin: here(), again, second_factor: false }).await.unwrap();
    desk.step(&page, by_password(name, PASSWORD)).await.unwrap().session.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_can_enrol_and_remove_an_app() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        desk.person("ann", &["customer"]).await;
        let session = desk.session("ann").await;
        let confirm = |code: Secret| SecurityAct::ConfirmTotp { code };
        assert_eq!(why(desk.act(&session, confirm(Secret::new("1"))).await), "factor_missing");
        assert_eq!(why(desk.act(&session, SecurityAct::RemoveTotp).await), "factor_missing");
        assert_eq!(why(desk.act(&session, SecurityAct::NewBackupCodes).await), "factor_missing");
        let view = desk.act(&session, SecurityAct::BeginTotp).await.unwrap().view.unwrap();
        assert!(!view.totp, "it is not a factor before its first code");
        let app = App::of(&view.enrolling.unwrap().secret);
        assert!(desk.password("ann", PASSWORD).await.unwrap().session.is_some());
        assert_eq!(why(desk.act(&session, confirm(Secret::new("000000"))).await), "wrong_code");
        let reply = desk.act(&session, confirm(app.code(&desk))).await.unwrap();
        let view = reply.view.unwrap();
        assert_eq!((reply.backup_codes.len(), view.totp, view.second_factor, view.enrolling), (8, true, true, None));
        assert_eq!(why(desk.view(&session).await), "not_logged_in", "it has a new cookie");
        let session = reply.session.unwrap();
        assert_eq!(why(desk.act(&session, SecurityAct::BeginTotp).await), "factor_exists");
        let codes = desk.act(&session, SecurityAct::NewBackupCodes).await.unwrap().backup_codes;
        assert!(codes.iter().all(|code| !reply.backup_codes.contains(code)));
        let page = desk.at_factor("ann").await;
        let old = LoginAct::BackupCode { code: reply.backup_codes[0].clone() };
        assert_eq!(why(desk.step(&page, old).await), "wrong_code");
        let view = desk.act(&session, SecurityAct::RemoveTotp).await.unwrap().view.unwrap();
        assert_eq!((view.totp, view.backup_codes_left), (false, 0));
        assert_eq!(desk.password("ann", PASSWORD).await.unwrap().page.stage, Stage::Done);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_secret_waits_ten_minutes_for_its_first_code() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        desk.person("ann", &["customer"]).await;
        let session = desk.session("ann").await;
        desk.act(&session, SecurityAct::BeginTotp).await.unwrap();
        for _ in 0..6 {
            let wrong = SecurityAct::ConfirmTotp { code: Secret::new("000000") };
            assert_eq!(why(desk.act(&session, wrong).await), "wrong_code");
        }
        let wrong = SecurityAct::ConfirmTotp { code: Secret::new("000000") };
        assert_eq!(why(desk.act(&session, wrong).await), "too_many_failures");
        desk.pass(600);
        assert_eq!(desk.view(&session).await.unwrap().enrolling, None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_required_second_factor_cannot_be_removed() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        desk.person("eve", &["employee"]).await;
        let (.., session) = desk.enrolled("eve").await;
        assert_eq!(why(desk.act(&session, SecurityAct::RemoveTotp).await), "factor_required");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changing_a_factor_or_password_needs_recent_authentication() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        desk.person("ann", &["customer"]).await;
        let session = desk.session("ann").await;
        desk.pass(301);
        let acts = [
            change(PASSWORD, BETTER),
            SecurityAct::BeginTotp,
            SecurityAct::ConfirmTotp { code: Secret::new("1") },
            SecurityAct::RemoveTotp,
            SecurityAct::NewBackupCodes,
        ];
        for act in acts {
            assert_eq!(
                desk.act(&session, act).await,
                Err(IdentityError::Failed(Failure::StepUpRequired { seconds: 300 }))
            );
        }
        assert!(desk.act(&session, SecurityAct::EndOtherSessions).await.is_ok());
        let id = desk.view(&session).await.unwrap().session;
        let proved = again(&desk, &session, "ann").await;
        assert_eq!(desk.view(&proved).await.unwrap().session, id, "the same session");
        assert_eq!(proved.expires_at, session.expires_at);
        assert_eq!(why(desk.view(&session).await), "not_logged_in", "it has a new cookie");
        assert!(desk.act(&proved, change(PASSWORD, BETTER)).await.is_ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_from_before_the_app_has_not_proved_it() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        desk.person("ann", &["customer"]).await;
        let (old, session) = (desk.session("ann").await, desk.session("ann").await);
        let view = desk.act(&session, SecurityAct::BeginTotp).await.unwrap().view.unwrap();
        let code = App::of(&view.enrolling.unwrap().secret).code(&desk);
        desk.act(&session, SecurityAct::ConfirmTotp { code }).await.unwrap();
        assert_eq!(why(desk.act(&old, SecurityAct::RemoveTotp).await), "step_up_required");
        assert_eq!(why(desk.act(&old, change(PASSWORD, BETTER)).await), "step_up_required");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_same_user_can_re_authenticate() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        desk.person("ann", &["customer"]).await;
        desk.person("bob", &["customer"]).await;
        let session = desk.session("ann").await;
        let (again, return_to) = (Some(session.cookie.clone()), "/account".to_owned());
        let begin = BeginLogin { return_to, origin: here(), again, second_factor: false };
        let page = desk.begin_as(begin).await.unwrap();
        assert_eq!(desk.step(&page, by_password("bob", PASSWORD)).await, Err(refused(Refusal::WrongCredentials)));
        let forgot = LoginAct::Forgot { username: "bob@example.com".to_owned() };
        assert_eq!(why(desk.step(&page, forgot).await), "step_out_of_turn");
        desk.act(&session, SecurityAct::LogOut).await.unwrap();
        let late = desk.step(&page, by_password("ann", PASSWORD)).await;
        assert_eq!(late, Err(refused(Refusal::NotLoggedIn)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_act_needs_the_sessions_form_key() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        desk.person("ann", &["customer"]).await;
        let (session, other) = (desk.session("ann").await, desk.session("ann").await);
        let foreign = desk.view(&other).await.unwrap().form_key;
        for form_key in [Secret::new(""), foreign] {
            let (cookie, act) = (session.cookie.clone(), SecurityAct::LogOut);
            let step = SecurityStep { session: cookie, form_key, origin: here(), act };
            assert_eq!(why(desk.face.secure(&desk.ctx, step).await), "field_invalid");
        }
        assert!(desk.view(&session).await.is_ok());
    })
    .await;
}
