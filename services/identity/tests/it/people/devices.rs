//! Browsers that have logged a person in before: strangers do not make them wait, and they prove nothing else.

use identity_api::{ChangeUser, LoginAct, NewSession, Origin, SecurityAct, UserChange, UserId};
use kernel::{Clock, Principal, Secret};
use testkit::for_each_way;

use crate::people::harness::{Answer, BETTER, Desk, PASSWORD, by_password, here, why};

/// A login's first step from a browser that has this.
async fn from(desk: &Desk, device: &Secret, name: &str, password: &str) -> Answer<NewSession> {
    let page = desk.begin().await;
    let reply = desk.step_by(&page, by_password(name, password), here(), Some(device.clone())).await?;
    Ok(reply.session.unwrap())
}

/// What a browser is known by behind a first login in it.
async fn known(desk: &Desk, name: &str) -> Secret {
    desk.session(name).await.device.unwrap()
}

/// Strangers make this name wait everywhere, and any name at the address of [`here`].
async fn storm(desk: &Desk, name: &str) {
    let now = desk.clock.now().micros();
    let (mut address, mut number) = (0, 0);
    while why(desk.password_from(name, "wrong", &format!("203.0.113.{address}")).await) != "too_many_failures" {
        address += 1;
    }
    while why(desk.password(&format!("made-up{number}-{now}"), "wrong").await) != "too_many_failures" {
        number += 1;
    }
    assert!(address <= 16 && number <= 31, "{address} {number}");
}

/// Whether a stranger's browser waits and this one does not. Behind it every count of the name is over.
async fn is_known(desk: &Desk, id: UserId, name: &str, device: &Secret) -> bool {
    storm(desk, name).await;
    let answer = from(desk, device, name, "wrong").await;
    let change = ChangeUser { id, change: UserChange::Enable };
    desk.face.change_user(&desk.ctx, change).await.unwrap();
    desk.pass(24 * 60 * 60);
    match why(answer) {
        "wrong_credentials" => true,
        "too_many_failures" => false,
        other => panic!("{other}"),
    }
}

async fn rows(desk: &Desk) -> i64 {
    desk.number("select count(*) from device", &[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_do_not_keep_a_browser_out_that_was_let_in_before() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        desk.person("ann", &["customer"]).await;
        let mut device = known(&desk, "ann").await;
        // As often as they like, and however long.
        for _ in 0..12 {
            desk.pass(30);
            storm(&desk, "ann").await;
            let session = from(&desk, &device, "ann", PASSWORD).await.unwrap();
            device = session.device.unwrap();
        }
        assert_eq!(why(desk.password("ann", PASSWORD).await), "too_many_failures", "a new browser there waits");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_browser_waits_for_its_own_failures_alone_and_nobody_for_them() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        desk.person("ann", &["customer"]).await;
        let (one, other) = (known(&desk, "ann").await, known(&desk, "ann").await);
        for _ in 0..6 {
            assert_eq!(why(from(&desk, &one, "ann", "wrong").await), "wrong_credentials");
        }
        let hashed = desk.service.passwords_hashed();
        assert_eq!(why(from(&desk, &one, "ann", PASSWORD).await), "too_many_failures");
        assert_eq!(desk.service.passwords_hashed(), hashed, "it is not even looked at");
        assert!(from(&desk, &other, "ann", PASSWORD).await.is_ok());
        assert!(desk.password("ann", PASSWORD).await.is_ok(), "strangers are counted apart");
        desk.pass(2);
        let one = from(&desk, &one, "ann", PASSWORD).await.unwrap().device.unwrap();
        for _ in 0..6 {
            assert_eq!(why(from(&desk, &one, "ann", "wrong").await), "wrong_credentials", "a success clears it");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_for_whoever_logged_in_there_and_tells_nothing_of_others() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        desk.person("ann", &["customer"]).await;
        desk.person("bob", &["customer"]).await;
        let bob = known(&desk, "bob").await;
        // Another name is a stranger's there, whether anybody has it or not: in words, in work and in what is counted.
        let mut told = [Vec::new(), Vec::new()];
        for _ in 0..9 {
            for ((name, address), told) in [("ann", 7), ("nobody", 8)].into_iter().zip(&mut told) {
                let origin = Origin { address: Some([192, 0, 2, address].into()), agent: None };
                let before = (desk.service.passwords_hashed(), desk.number("select count(*) from failure", &[]).await);
                let page = desk.begin().await;
                let answer =
                    desk.step_by(&page, by_password(name, "wrong"), origin, Some(bob.clone())).await.unwrap_err();
                let counted = desk.number("select count(*) from failure", &[]).await - before.1;
                told.push((answer.to_string(), answer.status(), desk.service.passwords_hashed() - before.0, counted));
            }
        }
        assert_eq!(told[0], told[1]);
        assert_eq!((told[0][0].1, told[0][0].3, told[0][6].1), (401, 3, 429));
        // Two who share a browser are both known by it, and what it had before is worth nothing.
        let both = from(&desk, &bob, "ann", PASSWORD).await.unwrap().device.unwrap();
        for name in ["ann", "bob"] {
            storm(&desk, name).await;
            assert_eq!(why(from(&desk, &bob, name, PASSWORD).await), "too_many_failures", "{name}");
        }
        let next = from(&desk, &both, "bob", PASSWORD).await.unwrap().device.unwrap();
        assert!(from(&desk, &next, "ann", PASSWORD).await.is_ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_opens_nothing_and_a_value_that_somebody_made_up_is_none() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        let ann = desk.person("ann", &["customer"]).await;
        let planted = Secret::new("planted");
        let device = from(&desk, &planted, "ann", PASSWORD).await.unwrap().device.unwrap();
        assert_ne!(device, planted);
        assert!(!is_known(&desk, ann.id, "ann", &planted).await, "whoever laid it there gains nothing by the login");
        assert!(is_known(&desk, ann.id, "ann", &device).await);
        assert_eq!(why(from(&desk, &device, "ann", "wrong").await), "wrong_credentials");
        let none = NewSession { cookie: device.clone(), expires_at: kernel::Timestamp::default(), device: None };
        assert_eq!(why(desk.view(&none).await), "not_logged_in");
        desk.person("eve", &["employee"]).await;
        let (_, _, session) = desk.enrolled("eve").await;
        let page = desk.begin().await;
        let reply = desk.step_by(&page, by_password("eve", PASSWORD), here(), session.device).await.unwrap();
        assert!(reply.session.is_none(), "the second factor is asked for as always");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_lasts_a_year_from_the_last_login_and_there_are_twenty_of_a_person() {
    for_each_way(async |store| {
        let mut desk = Desk::open(store).await;
        let ann = desk.person("ann", &["customer"]).await;
        let first = known(&desk, "ann").await;
        for _ in 0..20 {
            desk.pass(60);
            known(&desk, "ann").await;
        }
        assert_eq!(rows(&desk).await, 20);
        assert!(!is_known(&desk, ann.id, "ann", &first).await, "the twenty-first takes the place of the oldest");
        let last = known(&desk, "ann").await;
        let again = from(&desk, &last, "ann", PASSWORD).await.unwrap().device.unwrap();
        assert_eq!(rows(&desk).await, 20, "the same browser is not two");
        desk.pass(363 * 24 * 60 * 60);
        desk.ctx = Desk::ctx_of(&desk.clock, Principal::operator());
        assert!(is_known(&desk, ann.id, "ann", &again).await);
        desk.pass(24 * 60 * 60);
        assert!(!is_known(&desk, ann.id, "ann", &again).await);
        assert_eq!(rows(&desk).await, 0, "what is over is cleared");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ends_all_sessions_of_a_person_forgets_their_browsers() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        let ann = desk.person("ann", &["customer"]).await;
        for change in
            [UserChange::EndSessions, UserChange::RemoveFactors, UserChange::Disable, UserChange::ResetPassword]
        {
            let device = known(&desk, "ann").await;
            assert_eq!(rows(&desk).await, 1);
            let command = ChangeUser { id: ann.id, change: change.clone() };
            desk.face.change_user(&desk.ctx, command).await.unwrap();
            assert_eq!(rows(&desk).await, 0, "{change:?}");
            assert!(!is_known(&desk, ann.id, "ann", &device).await, "{change:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_ends_other_logins_is_known_where_they_do_it() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        let ann = desk.person("ann", &["customer"]).await;
        let mine = desk.session("ann").await;
        let (one, _two) = (desk.session("ann").await, desk.session("ann").await);
        let id = desk.view(&one).await.unwrap().session;
        desk.act(&mine, SecurityAct::EndSession { id }).await.unwrap();
        assert_eq!(rows(&desk).await, 2);
        assert!(!is_known(&desk, ann.id, "ann", &one.device.unwrap()).await);
        let mine = from(&desk, &mine.device.unwrap(), "ann", PASSWORD).await.unwrap();
        desk.act(&mine, SecurityAct::EndOtherSessions).await.unwrap();
        assert_eq!(rows(&desk).await, 1);
        let other = desk.session("ann").await;
        let change = SecurityAct::ChangePassword { old: Secret::new(PASSWORD), new: Secret::new(BETTER) };
        let mine = (desk.act(&mine, change).await.unwrap().session.unwrap(), mine.device.unwrap());
        assert_eq!(rows(&desk).await, 1);
        assert_eq!(why(desk.view(&other).await), "not_logged_in");
        desk.act(&mine.0, SecurityAct::LogOut).await.unwrap();
        assert!(is_known(&desk, ann.id, "ann", &mine.1).await, "a logout is when it is needed");
        // A forgotten password leaves the browser known in which it was replaced.
        let page = desk.step(&desk.begin().await, LoginAct::Forgot { username: "ann@example.com".to_owned() }).await;
        let reset = LoginAct::Reset { code: desk.mail.code(1).await, password: Secret::new(PASSWORD) };
        let session = desk.step(&page.unwrap().page, reset).await.unwrap().session.unwrap();
        assert_eq!(rows(&desk).await, 1);
        assert!(is_known(&desk, ann.id, "ann", &session.device.unwrap()).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_can_be_asked_for_in_a_known_browser_whatever_strangers_ask() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        desk.person("ann", &["customer"]).await;
        let device = known(&desk, "ann").await;
        let forgot = || LoginAct::Forgot { username: "ann@example.com".to_owned() };
        for address in 0..20 {
            let origin = Origin { address: Some([203, 0, 113, address].into()), agent: None };
            let _ = desk.step_from(&desk.begin().await, forgot(), origin).await;
        }
        assert_eq!(why(desk.step(&desk.begin().await, forgot()).await), "too_many_failures");
        assert!(desk.step_by(&desk.begin().await, forgot(), here(), Some(device)).await.is_ok());
    })
    .await;
}
