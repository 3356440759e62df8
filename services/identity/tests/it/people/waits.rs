//! Who is counted how: the number of strangers' attempts, by any way, and what ends a wait.

use identity_api::{BeginLogin, ChangeUser, LoginPage, NewSession, Origin, People, UserChange};
use testkit::for_each_engine;

use crate::people::harness::{Desk, PASSWORD, by_password, cheap, here, why};

async fn again(desk: &Desk, session: &NewSession) -> LoginPage {
    let (again, return_to) = (Some(session.cookie.clone()), "/account".to_owned());
    desk.begin_as(BeginLogin { return_to, origin: here(), again, second_factor: false }).await.unwrap()
}

async fn tried_again(desk: &Desk, session: &NewSession, name: &str, password: &str, address: &str) -> &'static str {
    let origin = Origin { address: Some(address.parse().unwrap()), agent: None };
    let page = again(desk, session).await;
    why(desk.step_from(&page, by_password(name, password), origin).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_session_other_names_count_as_a_strangers_attempts() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        desk.person("ann", &["customer"]).await;
        desk.person("bob", &["customer"]).await;
        let bob = desk.session("bob").await;
        let mut told = [Vec::new(), Vec::new()];
        for _ in 0..8 {
            for ((name, address), told) in [("ann", "192.0.2.7"), ("nobody", "192.0.2.8")].into_iter().zip(&mut told) {
                told.push(tried_again(&desk, &bob, name, "wrong", address).await);
            }
        }
        assert_eq!(told[0], told[1], "an unknown name waits like a known one");
        assert_eq!(told[0][..6], ["wrong_credentials"; 6]);
        assert_eq!(told[0][6..], ["too_many_failures"; 2]);
        assert_eq!(
            why(desk.password_from("ann", "wrong", "192.0.2.7").await),
            "too_many_failures",
            "one count for both"
        );
        assert!(
            desk.step(&again(&desk, &bob).await, by_password("bob", PASSWORD)).await.is_ok(),
            "bob himself does not wait"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_but_useless_password_costs_as_much_as_a_wrong_one() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        for name in ["ann", "bob", "gone"] {
            desk.person(name, &["customer"]).await;
        }
        let dearer = Desk::open_with(store, identity::IdentityConfig { argon2_memory_kib: 16, ..cheap() }).await;
        let gone = dearer.service.users(&dearer.ctx, identity_api::UserQuery::default()).await.unwrap().users;
        let gone = gone.into_iter().find(|user| user.username.starts_with("gone")).unwrap();
        let change = ChangeUser { id: gone.id, change: UserChange::Disable };
        dearer.service.change_user(&dearer.ctx, change).await.unwrap();
        let bob = dearer.session("bob").await;
        for (name, password) in [("ann", "wrong"), ("ann", PASSWORD), ("gone", PASSWORD), ("nobody", PASSWORD)] {
            let hashed = dearer.service.passwords_hashed();
            assert_eq!(tried_again(&dearer, &bob, name, password, "192.0.2.7").await, "wrong_credentials");
            assert_eq!(dearer.service.passwords_hashed() - hashed, 1, "{name}, {password}");
            let hashed = dearer.service.passwords_hashed();
            if name != "ann" {
                assert_eq!(why(dearer.password(name, password).await), "wrong_credentials");
                assert_eq!(dearer.service.passwords_hashed() - hashed, 1, "{name}, {password}");
            }
        }
        let cost = dearer.texts("select password from person where username like 'ann%'").await;
        assert!(cost[0].contains("m=8,"), "only a login renews it");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_clears_a_users_waits_everywhere() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let ann = desk.person("ann", &["customer"]).await;
        let places = ["192.0.2.1", "198.51.100.7"];
        for place in places {
            for _ in 0..6 {
                assert_eq!(why(desk.password_from("ann", "wrong", place).await), "wrong_credentials");
            }
            assert_eq!(why(desk.password_from("bob", "wrong", place).await), "wrong_credentials");
        }
        for place in places {
            assert_eq!(why(desk.password_from("ann", PASSWORD, place).await), "too_many_failures");
        }
        let change = ChangeUser { id: ann.id, change: UserChange::Enable };
        desk.face.change_user(&desk.ctx, change).await.unwrap();
        for place in places {
            assert!(desk.password_from("ann", PASSWORD, place).await.is_ok(), "{place}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ipv6_site_counts_as_one_network() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        desk.person("ann", &["customer"]).await;
        let mut refused = 0;
        for number in 0..60 {
            let answer = desk.password_from("ann", "wrong", &format!("2001:db8:1:{number:x}::1")).await;
            refused += usize::from(why(answer) == "too_many_failures");
            desk.pass(1);
        }
        assert!(refused > 40, "{refused} of 60 had to wait");
        assert!(desk.password("ann", PASSWORD).await.is_ok(), "one site makes nobody wait elsewhere");
        // Made-up names are stopped soon within one network, and eventually within a whole site.
        let mut tried = Vec::new();
        for number in 0..8 {
            for name in 0..40 {
                let address = format!("2001:db8:2:{number:x}::1");
                let answer = desk.password_from(&format!("nobody{number}x{name}"), "wrong", &address).await;
                if why(answer) == "wrong_credentials" {
                    tried.push(number);
                }
            }
        }
        assert_eq!(tried.iter().filter(|number| **number == 0).count(), 31, "one network");
        assert_eq!(tried.len(), 101, "all of them");
        assert_eq!(why(desk.password_from("new", "wrong", "2001:db8:3::1").await), "wrong_credentials");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_counts_names_and_not_attempts() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        desk.person("ann", &["customer"]).await;
        for name in 0..12 {
            for _ in 0..5 {
                assert_eq!(why(desk.password(&format!("nobody{name}"), "wrong").await), "wrong_credentials");
            }
        }
        // Successful users are not counted.
        for _ in 0..30 {
            assert!(desk.password("ann", PASSWORD).await.is_ok());
        }
        for name in 12..31 {
            assert_eq!(why(desk.password(&format!("nobody{name}"), "wrong").await), "wrong_credentials");
        }
        assert_eq!(why(desk.password("nobody31", "wrong").await), "too_many_failures");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_successful_login_gives_strangers_no_new_attempts() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        desk.person("ann", &["customer"]).await;
        for address in 0..15 {
            let answer = desk.password_from("ann", "wrong", &format!("203.0.113.{address}")).await;
            assert_eq!(why(answer), "wrong_credentials");
        }
        assert!(desk.password("ann", PASSWORD).await.is_ok());
        assert_eq!(why(desk.password_from("ann", "wrong", "203.0.113.20").await), "wrong_credentials");
        assert_eq!(why(desk.password_from("ann", "wrong", "203.0.113.21").await), "too_many_failures");
        // Nor in the same network, where this would reveal that the name exists.
        desk.person("bob", &["customer"]).await;
        for _ in 0..5 {
            assert_eq!(why(desk.password("bob", "wrong").await), "wrong_credentials");
        }
        assert!(desk.password("bob", PASSWORD).await.is_ok());
        assert_eq!(why(desk.password("bob", "wrong").await), "wrong_credentials");
        assert_eq!(why(desk.password("bob", "wrong").await), "too_many_failures");
    })
    .await;
}
