//! Known browsers: strangers do not make them wait, and they prove nothing else. Tests with many logins run on each engine
//! in this process only.

use identity_api::{ChangeUser, LoginAct, NewSession, Origin, SecurityAct, UserChange, UserId};
use kernel::{Clock, Principal, Secret};
use testkit::{for_each_engine, for_each_way};

use crate::people::harness::{Answer, BETTER, Desk, PASSWORD, by_password, here, why};

/// A login's first step from a browser with this cookie.
async fn from(desk: &Desk, device: &Secret, name: &str, password: &str) -> Answer<NewSession> {
    let page = desk.begin().await;
    let reply = desk.step_by(&page, by_password(name, password), here(), Some(device.clone())).await?;
    Ok(reply.session.unwrap())
}

/// A browser's cookie after a first login in it.
async fn known(desk: &Desk, name: &str) -> Secret {
    desk.session(name).await.device.unwrap()
}

/// Strangers make this name wait everywhere, and any name at the address of [`here`].
async fn storm(desk: &Desk, name: &str) {
    storm_everywhere(desk, name).await;
    let (mut number, now) = (0, desk.clock.now().micros());
    while why(desk.password(&format!("made-up{number}-{now}"), "wrong").await) != "too_many_failures" {
        number += 1;
    }
    assert!(number <= 31, "{number}");
}

/// Strangers make this name wait everywhere.
async fn storm_everywhere(desk: &Desk, name: &str) {
    let mut address = 0;
    while why(desk.password_from(name, "wrong", &format!("203.0.113.{address}")).await) != "too_many_failures" {
        address += 1;
    }
    assert!(address <= 16, "{address}");
}

/// Whether a stranger's browser waits and this one does not. Afterwards every count of the name is cleared.
async fn is_known(desk: &Desk, id: UserId, name: &str, device: &Secret) -> bool {
    storm_everywhere(desk, name).await;
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
async fn strangers_cannot_lock_out_a_known_browser() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        desk.person("ann", &["customer"]).await;
        let mut device = known(&desk, "ann").await;
        // As often as they like, and for as long as they like.
        for _ in 0..4 {
            desk.pass(90);
            storm(&desk, "ann").await;
            let session = from(&desk, &device, "ann", PASSWORD).await.unwrap();
            device = session.device.unwrap();
        }
        assert_eq!(why(desk.password("ann", PASSWORD).await), "too_many_failures", "a new browser there waits");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_says_whether_the_browser_was_known() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        desk.person("ann", &["customer"]).await;
        let device = known(&desk, "ann").await;
        from(&desk, &device, "ann", PASSWORD).await.unwrap();
        let events = desk.texts("select event from outbox order by seq").await;
        let told =
            |value: &str| events.iter().filter(|event| event.contains(&format!("\"known_browser\":{value}"))).count();
        assert_eq!((told("false"), told("true")), (1, 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_browsers_failures_affect_only_itself() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        desk.person("ann", &["customer"]).await;
        let (one, other) = (known(&desk, "ann").await, known(&desk, "ann").await);
        for _ in 0..6 {
            assert_eq!(why(from(&desk, &one, "ann", "wrong").await), "wrong_credentials");
        }
        let hashed = desk.service.passwords_hashed();
        assert_eq!(why(from(&desk, &one, "ann", PASSWORD).await), "too_many_failures");
        assert_eq!(desk.service.passwords_hashed(), hashed, "it is not even checked");
        assert!(from(&desk, &other, "ann", PASSWORD).await.is_ok());
        assert!(desk.password("ann", PASSWORD).await.is_ok(), "strangers are counted separately");
        desk.pass(2);
        let one = from(&desk, &one, "ann", PASSWORD).await.unwrap().device.unwrap();
        for _ in 0..6 {
            assert_eq!(why(from(&desk, &one, "ann", "wrong").await), "wrong_credentials", "a success clears it");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_browser_is_known_only_for_its_own_users() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        desk.person("ann", &["customer"]).await;
        desk.person("bob", &["customer"]).await;
        let bob = known(&desk, "bob").await;
        // Another name is a stranger's there, whether or not it exists: in the answer, the work and the counts.
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
        // Two users who share a browser are both known in it, and its previous cookie is worthless.
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
async fn a_device_cookie_opens_nothing_and_cannot_be_forged() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        let ann = desk.person("ann", &["customer"]).await;
        let planted = Secret::new("planted");
        let device = from(&desk, &planted, "ann", PASSWORD).await.unwrap().device.unwrap();
        assert_ne!(device, planted);
        assert!(!is_known(&desk, ann.id, "ann", &planted).await, "a planted cookie gains nothing from the login");
        assert!(is_known(&desk, ann.id, "ann", &device).await);
        assert_eq!(why(from(&desk, &device, "ann", "wrong").await), "wrong_credentials");
        let none = NewSession { cookie: device.clone(), expires_at: kernel::Timestamp::default(), device: None };
        assert_eq!(why(desk.view(&none).await), "not_logged_in");
        desk.person("eve", &["employee"]).await;
        let (_, _, session) = desk.enrolled("eve").await;
        let page = desk.begin().await;
        let reply = desk.step_by(&page, by_password("eve", PASSWORD), here(), session.device).await.unwrap();
        assert!(reply.session.is_none(), "the second factor is required as always");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_has_twenty_known_browsers_for_a_year() {
    for_each_engine(async |store| {
        let mut desk = Desk::open(store).await;
        let ann = desk.person("ann", &["customer"]).await;
        let first = known(&desk, "ann").await;
        for _ in 0..20 {
            desk.pass(60);
            known(&desk, "ann").await;
        }
        assert_eq!(rows(&desk).await, 20);
        assert!(!is_known(&desk, ann.id, "ann", &first).await, "the twenty-first replaces the oldest");
        let last = known(&desk, "ann").await;
        let again = from(&desk, &last, "ann", PASSWORD).await.unwrap().device.unwrap();
        assert_eq!(rows(&desk).await, 20, "the same browser counts once");
        desk.pass(363 * 24 * 60 * 60);
        desk.ctx = Desk::ctx_of(&desk.clock, Principal::operator());
        assert!(is_known(&desk, ann.id, "ann", &again).await);
        desk.pass(24 * 60 * 60);
        assert!(!is_known(&desk, ann.id, "ann", &again).await);
        assert_eq!(rows(&desk).await, 0, "expired ones are removed");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ending_all_sessions_forgets_known_browsers() {
    for_each_engine(async |store| {
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
async fn ending_other_sessions_keeps_this_browser_known() {
    for_each_engine(async |store| {
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
        assert!(is_known(&desk, ann.id, "ann", &mine.1).await, "it is needed after a logout");
        // After a forgotten password, the browser in which it was reset stays known.
        let page = desk.step(&desk.begin().await, LoginAct::Forgot { username: "ann@example.com".to_owned() }).await;
        let reset = LoginAct::Reset { code: desk.mail.code(1).await, password: Secret::new(PASSWORD) };
        let session = desk.step(&page.unwrap().page, reset).await.unwrap().session.unwrap();
        assert_eq!(rows(&desk).await, 1);
        assert!(is_known(&desk, ann.id, "ann", &session.device.unwrap()).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_browser_can_always_request_a_new_password() {
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
