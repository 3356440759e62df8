//! A machine's clock that jumps ahead and comes back: nobody is shut out by it for as long as it jumped, and nothing stays fresh
//! for so long.

use identity_api::SecurityAct;
use testkit::for_each_engine;

use crate::people::harness::{Desk, PASSWORD, why};

const DAY: i64 = 86_400;

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_is_not_as_long_as_the_clock_had_jumped() {
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
async fn a_proof_of_a_time_that_has_not_come_is_not_fresh() {
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
