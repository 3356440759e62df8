//! A machine's clock that jumps ahead and comes back: nobody is locked out for as long as it jumped, and nothing stays
//! fresh for that long.

use identity_api::SecurityAct;
use testkit::for_each_engine;

use crate::people::harness::{Desk, PASSWORD, why};

const DAY: i64 = 86_400;

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_jump_does_not_lengthen_a_wait() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        desk.person("ann", &["customer"]).await;
        let right = kernel::Clock::now(&desk.clock);
        desk.clock.set(right.plus_seconds(DAY));
        for _ in 0..6 {
            assert_eq!(why(desk.password("ann", "wrong password").await), "wrong_credentials");
        }
        assert_eq!(why(desk.password("ann", PASSWORD).await), "too_many_failures");
        desk.clock.set(right);
        desk.password("ann", PASSWORD).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authentication_in_the_future_is_not_recent() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        desk.person("ann", &["customer"]).await;
        let right = kernel::Clock::now(&desk.clock);
        desk.clock.set(right.plus_seconds(3_600));
        let session = desk.session("ann").await;
        desk.act(&session, SecurityAct::BeginTotp).await.unwrap();
        desk.clock.set(right);
        assert_eq!(why(desk.act(&session, SecurityAct::BeginTotp).await), "step_up_required");
    })
    .await;
}
