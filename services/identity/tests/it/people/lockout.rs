//! Waits that grow with failures: of a name, and of an address.

use identity_api::{BeginLogin, ChangeUser, IdentityError, LoginAct, Origin, Refusal, UserChange};
use testkit::for_each_way;

use crate::people::harness::{Desk, PASSWORD, by_password, here, why};

fn wait_of<T: std::fmt::Debug>(answer: Result<T, IdentityError>) -> Option<u32> {
    match answer.unwrap_err() {
        IdentityError::Refused { refusal: Refusal::TooManyFailures { retry_after_s }, .. } => Some(retry_after_s),
        IdentityError::Refused { refusal: Refusal::WrongCredentials, .. } => None,
        other => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn waits_grow_the_same_for_known_and_unknown_names() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        desk.person("ann", &["customer"]).await;
        let mut waits = [Vec::new(), Vec::new()];
        for _ in 0..12 {
            for (name, waits) in ["ann", "nobody"].into_iter().zip(&mut waits) {
                let address = if name == "ann" { "192.0.2.7" } else { "192.0.2.8" };
                waits.push(wait_of(desk.password_from(name, "wrong", address).await));
            }
            let wait = waits[0].last().copied().flatten();
            desk.pass(wait.unwrap_or(0).into());
        }
        assert_eq!(waits[0], waits[1]);
        let grown: Vec<u32> = waits[0].iter().copied().flatten().collect();
        assert_eq!(waits[0][..6], [None; 6]);
        assert_eq!(grown, [2, 3, 5], "a whole second is added, so that a retry is not too early");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn during_a_wait_even_the_right_password_is_not_checked() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        desk.person("ann", &["customer"]).await;
        for _ in 0..6 {
            assert_eq!(why(desk.password("ann", "wrong").await), "wrong_credentials");
        }
        let hashed = desk.service.passwords_hashed();
        assert_eq!(why(desk.password("ann", PASSWORD).await), "too_many_failures");
        assert_eq!(desk.service.passwords_hashed(), hashed);
        desk.pass(2);
        assert!(desk.password("ann", PASSWORD).await.is_ok());
        assert!(desk.password("ann", PASSWORD).await.is_ok());
        assert_eq!(why(desk.password("ann", "wrong").await), "wrong_credentials");
        assert_eq!(why(desk.password("ann", PASSWORD).await), "too_many_failures");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_stranger_locks_nobody_out_elsewhere_but_many_can() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        let ann = desk.person("ann", &["customer"]).await;
        for _ in 0..60 {
            if let Some(wait) = wait_of(desk.password_from("ann", "wrong", "203.0.113.1").await) {
                desk.pass(wait.into());
            }
        }
        assert!(desk.password("ann", PASSWORD).await.is_ok());
        for address in 0..20 {
            let _ = desk.password_from("ann", "wrong", &format!("203.0.113.{address}")).await;
        }
        assert_eq!(why(desk.password("ann", PASSWORD).await), "too_many_failures");
        // A browser with her session is counted separately.
        desk.pass(900);
        let session = desk.session("ann").await;
        for address in 0..40 {
            let _ = desk.password_from("ann", "wrong", &format!("203.0.113.{address}")).await;
        }
        assert_eq!(why(desk.password("ann", PASSWORD).await), "too_many_failures");
        let again = BeginLogin {
            return_to: "/".to_owned(),
            origin: here(),
            again: Some(session.cookie.clone()),
            second_factor: false,
        };
        let page = desk.begin_as(again).await.unwrap();
        assert!(desk.step(&page, by_password("ann", PASSWORD)).await.is_ok());
        // And an administrator can let her in.
        assert_eq!(why(desk.password("ann", PASSWORD).await), "too_many_failures");
        let change = ChangeUser { id: ann.id, change: UserChange::Enable };
        desk.face.change_user(&desk.ctx, change).await.unwrap();
        assert!(desk.password("ann", PASSWORD).await.is_ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_tries_many_names_has_to_wait() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        desk.person("ann", &["customer"]).await;
        for _ in 0..40 {
            assert!(desk.password("ann", PASSWORD).await.is_ok());
        }
        for number in 0..31 {
            assert_eq!(why(desk.password(&format!("nobody{number}"), "wrong").await), "wrong_credentials");
        }
        assert_eq!(why(desk.password("ann", PASSWORD).await), "too_many_failures");
        assert!(desk.password_from("ann", PASSWORD, "203.0.113.1").await.is_ok());
        desk.pass(60);
        assert!(desk.password("ann", PASSWORD).await.is_ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn old_failures_are_removed_and_names_are_not_stored() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        for number in 0..5 {
            let _ = desk.password(&format!("nobody{number}"), "wrong").await;
        }
        assert_eq!(desk.number("select count(*) from failure", &[]).await, 11);
        desk.pass(25 * 60 * 60);
        let page = desk.begin().await;
        let origin = Origin { address: Some("203.0.113.1".parse().unwrap()), agent: None };
        let act = LoginAct::Password { username: "other".to_owned(), password: kernel::Secret::new("wrong") };
        assert_eq!(why(desk.step_from(&page, act, origin).await), "wrong_credentials");
        assert_eq!(desk.number("select count(*) from failure", &[]).await, 3);
    })
    .await;
}
