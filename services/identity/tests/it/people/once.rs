//! One-time passwords: for the first login, within three days, and never again.

use identity_api::{ChangeUser, LoginAct, NewUser, Refusal, Stage, UserChange};
use kernel::Secret;
use testkit::for_each_engine;

use crate::people::harness::{App, BETTER, Desk, PASSWORD, new_user, refused, why};

async fn create(desk: &Desk, name: &str, roles: &[&str]) -> (NewUser, Secret) {
    let made = desk.face.create_user(&desk.ctx, new_user(name, roles)).await.unwrap();
    let password = made.one_time_password.clone().unwrap();
    (made, password)
}

fn new_password(password: &str) -> LoginAct {
    LoginAct::NewPassword { password: Secret::new(password) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_one_time_password_is_replaced_before_a_session_begins() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let (_, once) = create(&desk, "ann", &["customer"]).await;
        assert_eq!(once.expose().len(), 23, "four groups of five letters");
        let reply = desk.password("ann", once.expose()).await.unwrap();
        assert_eq!((reply.session, &reply.page.stage), (None, &Stage::NewPassword));
        for (bad, code) in [
            ("short", "password_too_short"),
            ("password1234", "password_too_weak"),
            ("ann@example.com", "password_too_weak"),
            (once.expose(), "password_unchanged"),
        ] {
            assert_eq!(why(desk.step(&reply.page, new_password(bad)).await), code);
        }
        let done = desk.step(&reply.page, new_password(BETTER)).await.unwrap();
        assert!(done.session.is_some());
        assert_eq!(why(desk.password("ann", once.expose()).await), "wrong_credentials");
        assert!(desk.password("ann", BETTER).await.unwrap().session.is_some());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_replace_a_one_time_password_and_enrol_an_app() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let (_, once) = create(&desk, "eve", &["employee"]).await;
        let page = desk.password("eve", once.expose()).await.unwrap().page;
        let reply = desk.step(&page, new_password(BETTER)).await.unwrap();
        assert_eq!(reply.session, None);
        let Stage::Enrol { secret, .. } = &reply.page.stage else { panic!("{:?}", reply.page.stage) };
        let enrol = LoginAct::Enrol { code: App::of(secret).code(&desk) };
        let page = desk.step(&reply.page, enrol).await.unwrap().page;
        assert!(desk.step(&page, LoginAct::Kept).await.unwrap().session.is_some());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_one_time_password_expires_after_three_days() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let (ann, once) = create(&desk, "ann", &["customer"]).await;
        desk.pass(72 * 60 * 60 - 1);
        assert!(desk.password("ann", once.expose()).await.is_ok());
        desk.pass(1);
        assert_eq!(desk.password("ann", once.expose()).await, Err(refused(Refusal::WrongCredentials)));
        let change = ChangeUser { id: ann.user.id, change: UserChange::ResetPassword };
        let once = desk.face.change_user(&desk.ctx, change).await.unwrap().one_time_password.unwrap();
        assert!(desk.password("ann", once.expose()).await.is_ok());
        desk.pass(72 * 60 * 60);
        assert_eq!(desk.password("ann", once.expose()).await, Err(refused(Refusal::WrongCredentials)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_one_time_password_keeps_the_second_factor() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let eve = desk.person("eve", &["employee"]).await;
        let (app, _, session) = desk.enrolled("eve").await;
        let waiting = desk.at_factor("eve").await;
        desk.pass(60);
        let change = ChangeUser { id: eve.id, change: UserChange::ResetPassword };
        let made = desk.face.change_user(&desk.ctx, change).await.unwrap();
        assert_eq!(why(desk.view(&session).await), "not_logged_in");
        assert_eq!(why(desk.step(&waiting, LoginAct::Code { code: app.code(&desk) }).await), "login_unknown");
        assert_eq!(desk.revocations().await, [r#"{"subject":{"subject":"sub_eve","epoch":2}}"#]);
        assert_eq!(why(desk.password("eve", PASSWORD).await), "wrong_credentials");
        let made = made.one_time_password.unwrap();
        let page = desk.password("eve", made.expose()).await.unwrap().page;
        assert!(matches!(page.stage, Stage::Factor { .. }), "the factor first: {:?}", page.stage);
        let page = desk.step(&page, LoginAct::Code { code: app.code(&desk) }).await.unwrap().page;
        assert_eq!(page.stage, Stage::NewPassword);
        assert!(desk.step(&page, new_password(BETTER)).await.unwrap().session.is_some());
    })
    .await;
}
