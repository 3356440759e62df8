//! From a name to a session, and what is not revealed on the way.

use identity_api::{BeginLogin, IdentityError, LoginAct, Refusal, Stage, UserChange};
use kernel::{Clock, Principal, Secret};
use testkit::for_each_way;

use crate::people::harness::{Desk, PASSWORD, by_password, here, refused, why};

#[tokio::test(flavor = "multi_thread")]
async fn a_name_and_a_password_begin_a_session() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        desk.person("ann", &["customer"]).await;
        let page = desk.begin().await;
        assert_eq!(page.stage, Stage::Password);
        let reply = desk.step(&page, by_password("ANN", PASSWORD)).await.unwrap();
        assert_eq!((reply.page.stage, reply.page.return_to.as_str()), (Stage::Done, "/account"));
        let view = desk.view(&reply.session.unwrap()).await.unwrap();
        assert_eq!((view.user.username.as_str(), view.second_factor), ("ann@example.com", false));
        assert!(view.user.last_login_at.is_some());
        assert_eq!(view.sessions[0].address.as_deref(), Some("192.0.2.1"));
        assert_eq!(desk.events().await, ["identity.user.created", "identity.session.began"]);
        // The login has ended.
        assert_eq!(desk.step(&page, by_password("ann", PASSWORD)).await, Err(refused(Refusal::LoginUnknown)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_cannot_tell_whether_a_name_exists() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        desk.person("ann", &["customer"]).await;
        let gone = desk.person("gone", &["customer"]).await;
        let change = identity_api::ChangeUser { id: gone.id, change: UserChange::Disable };
        desk.face.change_user(&desk.ctx, change).await.unwrap();
        let mut told = Vec::new();
        for (name, password) in [("ann", "wrong"), ("nobody", "wrong"), ("gone", "wrong"), ("gone", PASSWORD)] {
            let hashed = desk.service.passwords_hashed();
            let events = desk.events().await.len();
            let error = desk.password_from(name, password, "192.0.2.9").await.unwrap_err();
            let events = desk.events().await.split_off(events);
            told.push((
                error.to_string(),
                error.code(),
                error.status(),
                desk.service.passwords_hashed() - hashed,
                events,
            ));
        }
        let failed = vec!["identity.login.failed".to_owned()];
        let expected = ("the name and the password do not match".to_owned(), "wrong_credentials", 401, 1, failed);
        assert!(told.iter().all(|told| *told == expected), "{told:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_name_their_actor_and_logins_their_address() {
    for_each_way(async |store| {
        let mut desk = Desk::open(store).await;
        let ann = desk.person("ann", &["customer"]).await;
        let change = identity_api::ChangeUser { id: ann.id, change: UserChange::Enable };
        desk.face.change_user(&desk.caller(&["*:*:*"]), change).await.unwrap();
        desk.ctx = Desk::ctx_of(&desk.clock, Principal::nobody());
        assert_eq!(why(desk.password_from("ann", "wrong", "192.0.2.9").await), "wrong_credentials");
        let session = desk.session("ann").await;
        desk.act(&session, identity_api::SecurityAct::LogOut).await.unwrap();
        let events = desk.texts("select event from outbox order by seq").await;
        let events = events.iter().map(|event| serde_json::from_str::<serde_json::Value>(event).unwrap());
        let events: Vec<_> = events.filter(|event| event["type"] != "identity.key.rotated").collect();
        let who = |place: usize| {
            let event: &serde_json::Value = &events[place];
            ["type", "actor", "actorkind"].map(|field| event[field].as_str().unwrap().to_owned())
        };
        let subject = ann.subject.as_str();
        assert_eq!(who(1), ["identity.user.enabled", "emp_eve", "employee"]);
        assert_eq!(who(2), ["identity.login.failed", "nobody", "nobody"]);
        assert_eq!(who(3), ["identity.session.began", subject, "customer"]);
        assert_eq!(who(4), ["identity.session.ended", subject, "customer"]);
        assert_eq!(events[2]["data"]["address"], "192.0.2.9");
        assert_eq!(events[3]["data"]["address"], "192.0.2.1");
        assert_eq!(events[3]["session"], events[3]["data"]["session"]);
        assert!(events[1..].iter().all(|event| event["requestid"] == "req-1"), "{events:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_keeps_a_login_until_there_are_too_many() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        desk.person("ann", &["customer"]).await;
        let page = desk.begin().await;
        for address in 0..15 {
            let origin = identity_api::Origin { address: Some([198, 51, 100, address].into()), agent: None };
            let name = format!("nobody{address}");
            assert_eq!(why(desk.step_from(&page, by_password(&name, "wrong"), origin).await), "wrong_credentials");
        }
        assert_eq!(why(desk.step(&page, by_password("ann", PASSWORD)).await), "login_unknown");
        let page = desk.begin().await;
        assert_eq!(why(desk.step(&page, by_password("ann", "wrong")).await), "wrong_credentials");
        assert!(desk.step(&page, by_password("ann", PASSWORD)).await.unwrap().session.is_some());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_ends_after_ten_minutes_and_needs_its_key() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        desk.person("ann", &["customer"]).await;
        let page = desk.begin().await;
        desk.pass(599);
        assert!(desk.face.resume_login(&desk.ctx, page.key.clone()).await.is_ok());
        desk.pass(1);
        assert_eq!(why(desk.step(&page, by_password("ann", PASSWORD)).await), "login_unknown");
        let other = Secret::new("another key");
        assert_eq!(why(desk.face.resume_login(&desk.ctx, other).await), "login_unknown");
        desk.begin().await;
        let over = [platform::db::Value::Int(desk.clock.now().micros())];
        assert_eq!(desk.number("select count(*) from login where expires_at <= $1", &over).await, 0, "it is cleared");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_step_out_of_order_is_refused() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        let secret = || Secret::new("123456");
        let page = desk.begin().await;
        for act in [
            LoginAct::Code { code: secret() },
            LoginAct::BackupCode { code: secret() },
            LoginAct::SentCode { code: secret() },
            LoginAct::SendCode { by: identity_api::FactorKind::Email },
            LoginAct::Enrol { code: secret() },
            LoginAct::Kept,
            LoginAct::NewPassword { password: Secret::new(PASSWORD) },
            LoginAct::Reset { code: secret(), password: Secret::new(PASSWORD) },
        ] {
            assert_eq!(desk.step(&page, act.clone()).await, Err(refused(Refusal::StepOutOfTurn)), "{act:?}");
        }
        desk.person("eve", &["employee"]).await;
        let page = desk.step(&page, by_password("eve", PASSWORD)).await.unwrap().page;
        let forgot = LoginAct::Forgot { username: "eve@example.com".to_owned() };
        for act in [LoginAct::Kept, forgot, LoginAct::Code { code: secret() }, by_password("eve", PASSWORD)] {
            assert_eq!(why(desk.step(&page, act).await), "step_out_of_turn");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_steps_are_refused_before_anything_happens() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        let away =
            |to: &str| BeginLogin { return_to: to.to_owned(), origin: here(), again: None, second_factor: false };
        assert_eq!(why(desk.begin_as(away("https://evil.example")).await), "field_invalid");
        let again = BeginLogin { again: Some(Secret::new("no session")), ..away("/account") };
        assert_eq!(desk.begin_as(again).await, Err(refused(Refusal::NotLoggedIn)));
        let hashed = desk.service.passwords_hashed();
        let page = desk.begin().await;
        let long = "x".repeat(257);
        assert_eq!(why(desk.step(&page, by_password("ann", &long)).await), "password_too_long");
        let spaces = LoginAct::Password { username: "a b".to_owned(), password: Secret::new("x") };
        assert_eq!(why(desk.step(&page, spaces).await), "field_invalid");
        assert_eq!(desk.service.passwords_hashed(), hashed);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_disabled_during_a_login_cannot_continue() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        let eve = desk.person("eve", &["employee"]).await;
        let page = desk.password("eve", PASSWORD).await.unwrap().page;
        let change = identity_api::ChangeUser { id: eve.id, change: UserChange::Disable };
        desk.face.change_user(&desk.ctx, change).await.unwrap();
        let answer: Result<_, IdentityError> = desk.step(&page, LoginAct::Enrol { code: Secret::new("1") }).await;
        assert_eq!(why(answer), "login_unknown");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logins_key_works_for_one_stage_only() {
    for_each_way(async |store| {
        let desk = Desk::open(store).await;
        desk.person("eve", &["employee"]).await;
        let before = desk.begin().await;
        let behind = desk.step(&before, by_password("eve", PASSWORD)).await.unwrap().page;
        assert_ne!(before.key, behind.key);
        assert_eq!(why(desk.face.resume_login(&desk.ctx, before.key).await), "login_unknown");
    })
    .await;
}
