//! Roles that require a second factor, and logins that require one.

use identity_api::{BeginLogin, LoginAct, Refusal, Stage};
use kernel::Secret;
use testkit::for_each_way;

use crate::people::harness::{App, Desk, PASSWORD, by_password, here, refused, why};

#[tokio::test(flavor = "multi_thread")]
async fn staff_enrol_an_app_before_a_session_begins() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        desk.person("eve", &["employee"]).await;
        let reply = desk.password("eve", PASSWORD).await.unwrap();
        assert_eq!(reply.session, None);
        let Stage::Enrol { secret, uri } = &reply.page.stage else { panic!("{:?}", reply.page.stage) };
        assert!(uri.expose().starts_with("otpauth://totp/Florin:eve%40example%2Ecom?secret="));
        assert!(uri.expose().contains(secret.expose()));
        let wrong = LoginAct::Enrol { code: Secret::new("000000") };
        assert_eq!(desk.step(&reply.page, wrong).await, Err(refused(Refusal::WrongCode)));
        let app = App::of(secret);
        let shown = desk.step(&reply.page, LoginAct::Enrol { code: app.code(&desk) }).await.unwrap();
        assert_eq!(shown.session, None, "the codes have to be saved first");
        let done = desk.step(&shown.page, LoginAct::Kept).await.unwrap();
        let view = desk.view(&done.session.unwrap()).await.unwrap();
        assert_eq!((view.second_factor, view.totp, view.backup_codes_left), (true, true, 8));
        let events = desk.events().await;
        assert_eq!(events[2..], ["identity.factor.enrolled", "identity.session.began"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_enrols_an_app_if_a_login_requires_one() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        desk.person("ann", &["customer"]).await;
        let wanted = BeginLogin { return_to: "/".to_owned(), origin: here(), again: None, second_factor: true };
        let page = desk.begin_as(wanted.clone()).await.unwrap();
        let page = desk.step(&page, by_password("ann", PASSWORD)).await.unwrap().page;
        let Stage::Enrol { secret, .. } = &page.stage else { panic!("{:?}", page.stage) };
        let app = App::of(secret);
        let page = desk.step(&page, LoginAct::Enrol { code: app.code(&desk) }).await.unwrap().page;
        assert!(desk.step(&page, LoginAct::Kept).await.unwrap().session.is_some());
        // From now on it is required.
        desk.at_factor("ann").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unsaved_backup_codes_are_not_shown_again() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        desk.person("eve", &["employee"]).await;
        let page = desk.password("eve", PASSWORD).await.unwrap().page;
        let Stage::Enrol { secret, .. } = &page.stage else { panic!("{:?}", page.stage) };
        let app = App::of(secret);
        desk.step(&page, LoginAct::Enrol { code: app.code(&desk) }).await.unwrap();
        desk.at_factor("eve").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_enrolling_logins_one_is_too_late() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        desk.person("eve", &["employee"]).await;
        let mut pages = Vec::new();
        for _ in 0..2 {
            pages.push(desk.password("eve", PASSWORD).await.unwrap().page);
        }
        let mut outcomes = Vec::new();
        for page in &pages {
            let Stage::Enrol { secret, .. } = &page.stage else { panic!("{:?}", page.stage) };
            outcomes.push(desk.step(page, LoginAct::Enrol { code: App::of(secret).code(&desk) }).await);
        }
        assert!(outcomes[0].is_ok());
        assert_eq!(outcomes[1], Err(refused(Refusal::FactorExists)));
        assert_eq!(why(desk.step(&pages[1], LoginAct::Kept).await), "step_out_of_turn");
    })
    .await;
}
