//! The cost of checking a password, and that it is the same for a name that does not exist.

use identity::IdentityConfig;
use kernel::{Clock, SystemClock};
use testkit::{for_each_engine, on_sqlite};

use crate::people::harness::{Desk, PASSWORD, cheap, why};

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_name_takes_as_long_as_a_known_one() {
    // Expensive enough to stand out from everything else that a step does.
    let config = IdentityConfig { argon2_memory_kib: 8_192, argon2_passes: 2, ..cheap() };
    on_sqlite(async |store| {
        let desk = Desk::open_with(store, config.clone()).await;
        let mut took = [u64::MAX; 2];
        // The best of up to twenty: others use the machine too. Without the work one of them would be ten times as fast.
        for round in 0..20 {
            let (known, unknown) = (format!("ann{round}"), format!("nobody{round}"));
            desk.person(&known, &["customer"]).await;
            for (name, best) in [&known, &unknown].into_iter().zip(&mut took) {
                let page = desk.begin().await;
                let origin = identity_api::Origin { address: Some([203, 0, 113, round].into()), agent: None };
                let begun = SystemClock.monotonic();
                let answer = desk.step_from(&page, crate::people::harness::by_password(name, "wrong"), origin).await;
                *best = SystemClock.monotonic().micros_since(begun).min(*best);
                assert_eq!(why(answer), "wrong_credentials");
            }
            if round >= 2 && took[0] < took[1] * 3 && took[1] < took[0] * 3 {
                return;
            }
        }
        panic!("{took:?} microseconds");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_rehashed_when_the_cost_has_changed() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        desk.person("ann", &["customer"]).await;
        let cost = || desk.texts("select password from person");
        assert!(cost().await[0].starts_with("$argon2id$v=19$m=8,t=1,p=1$"));
        let dearer = Desk::open_with(store, IdentityConfig { argon2_memory_kib: 16, ..cheap() }).await;
        assert_eq!(why(dearer.password("ann", "wrong").await), "wrong_credentials");
        assert!(cost().await[0].contains("m=8,"), "only after the right one");
        assert!(dearer.password("ann", PASSWORD).await.is_ok());
        let renewed = cost().await;
        assert!(renewed[0].starts_with("$argon2id$v=19$m=16,t=1,p=1$"), "{renewed:?}");
        assert!(dearer.password("ann", PASSWORD).await.is_ok());
        assert_eq!(cost().await, renewed);
        assert_eq!(dearer.number("select epoch from person", &[]).await, 1, "it is the same password");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_logins_is_refused_and_does_not_count_as_failed() {
    for_each_engine(async |store| {
        let none = IdentityConfig { password_queue_max: 0, ..cheap() };
        Desk::open(store).await.person("ann", &["customer"]).await;
        let desk = Desk::open_with(store, none).await;
        for _ in 0..20 {
            assert_eq!(why(desk.password("ann", "wrong").await), "overloaded");
        }
        let desk = Desk::open(store).await;
        assert!(desk.password("ann", PASSWORD).await.is_ok());
    })
    .await;
}
