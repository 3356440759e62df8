//! The first administrator, and users that exist from the beginning.

use identity_api::{LoginAct, Stage};
use kernel::Secret;
use testkit::for_each_engine;

use crate::people::harness::{BETTER, Desk, PASSWORD, new_user, why};

#[tokio::test(flavor = "multi_thread")]
async fn the_first_administrator_has_a_password_that_is_shown_once() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let (one, other) =
            tokio::join!(desk.service.first_admin("admin", None), desk.service.first_admin("admin", None));
        let made: Vec<Secret> = [one.unwrap(), other.unwrap()].into_iter().flatten().collect();
        assert_eq!(made.len(), 1, "of two concurrent starts one creates it");
        assert_eq!(desk.service.first_admin("admin", None).await, Ok(None));
        assert_eq!(desk.service.first_admin("somebody", Some(Secret::new(PASSWORD))).await, Ok(None));
        let page = desk.begin().await;
        let act = LoginAct::Password { username: "admin".to_owned(), password: made[0].clone() };
        let page = desk.step(&page, act).await.unwrap().page;
        assert_eq!(page.stage, Stage::NewPassword);
        let reply = desk.step(&page, LoginAct::NewPassword { password: Secret::new(BETTER) }).await.unwrap();
        assert!(reply.session.is_none() && matches!(reply.page.stage, Stage::Enrol { .. }));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unused_first_password_is_replaced_and_a_given_one_not_shown() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        assert_eq!(desk.service.first_admin("admin", Some(Secret::new(PASSWORD))).await, Ok(None));
        desk.pass(72 * 60 * 60 - 1);
        assert_eq!(desk.service.first_admin("admin", None).await, Ok(None));
        desk.pass(1);
        assert_eq!(why(desk.password("admin", PASSWORD).await), "wrong_credentials");
        let renewed = desk.service.first_admin("admin", None).await.unwrap();
        assert!(renewed.is_some());
        let page = desk.begin().await;
        let act = LoginAct::Password { username: "admin".to_owned(), password: renewed.unwrap() };
        assert_eq!(desk.step(&page, act).await.unwrap().page.stage, Stage::NewPassword);
        desk.person("ann", &["customer"]).await;
        desk.pass(72 * 60 * 60);
        assert_eq!(desk.service.first_admin("admin", None).await, Ok(None));
    })
    .await;
}

/// It can open everything for three days.
#[tokio::test(flavor = "multi_thread")]
async fn a_given_first_password_must_meet_the_rules() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        for (weak, why_not) in [("x", "password_too_short"), ("password1234", "password_too_weak")] {
            assert_eq!(why(desk.service.first_admin("admin", Some(Secret::new(weak))).await), why_not);
            assert!(desk.service.awaits_first_admin("admin").await.unwrap());
        }
        desk.service.first_admin("admin", Some(Secret::new(PASSWORD))).await.unwrap();
        assert!(!desk.service.awaits_first_admin("admin").await.unwrap());
        assert_eq!(desk.service.first_admin("admin", Some(Secret::new("x"))).await, Ok(None), "it is not checked now");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_predefined_user_is_created_once() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let ann = desk.person("ann", &["customer"]).await;
        let again = desk.service.put_person(new_user("ann", &["admin"]), Secret::new("other")).await.unwrap();
        assert_eq!(again, ann);
        assert!(desk.password("ann", PASSWORD).await.unwrap().session.is_some());
        assert_eq!(
            why(desk.service.put_person(new_user("x", &["teller"]), Secret::new("other")).await),
            "field_invalid"
        );
    })
    .await;
}
