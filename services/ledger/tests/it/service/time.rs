//! What happens because time passes, or goes back.

use std::time::Duration;

use ledger::LedgerConfig;
use ledger_api::{LedgerError, Side, TransactionKind, TransactionStatus};
use platform::error::{Failure, Refusal as _};
use testkit::FakeClock;

use crate::service::harness::{Desk, hold, may_go_negative, path, pay, post, refusal};
use crate::service::way::for_each_way;

const DAY_MS: u64 = 86_400_000;

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_ledger_releases_expired_holds() {
    for_each_way(async |store| {
        let desk = Desk::with_people(store).await;
        desk.run(pay(1, "bank", "ann", 100)).await.unwrap();
        desk.run(hold(2, "ann", "bob", 60)).await.unwrap();
        let rows = desk.rows().await;
        desk.clock.advance_millis(7 * DAY_MS - 1_000);
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(desk.rows().await, rows);
        // Record time runs a few microseconds ahead of a stopped clock.
        desk.clock.advance_millis(1_001);
        wait_for(&desk, rows + 1).await;
        let released = desk.find(2).await.unwrap();
        assert_eq!(released.status, TransactionStatus::Expired);
        let ann = desk.ledger.account(&desk.ctx, &path("ann")).await.unwrap();
        assert_eq!((ann.balances.pending_out.minor(), ann.balances.version), (0, 3));
        assert_eq!(refusal(desk.run(post(3, 2, &[], true)).await).code(), "expired");
        assert_eq!(released.kind, TransactionKind::Pending);
        desk.ledger.close().await.unwrap();
    })
    .await;
}

/// The timer checks at least once a second.
async fn wait_for(desk: &Desk, rows: u64) {
    for _ in 0..400 {
        if desk.rows().await >= rows {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nothing was released");
}

#[tokio::test(flavor = "multi_thread")]
async fn holds_expired_while_stopped_are_released_at_the_start() {
    for_each_way(async |store| {
        let desk = Desk::with_people(store).await;
        desk.run(pay(1, "bank", "ann", 100)).await.unwrap();
        desk.run(hold(2, "ann", "bob", 60)).await.unwrap();
        let rows = desk.rows().await;
        desk.clock.advance_millis(8 * DAY_MS);
        let desk = desk.reopen(store).await;
        wait_for(&desk, rows + 1).await;
        assert_eq!(desk.find(2).await.unwrap().status, TransactionStatus::Expired);
        desk.ledger.close().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_at_the_expiry_is_too_late() {
    for_each_way(async |store| {
        let desk = Desk::with_people(store).await;
        let expires = kernel::Clock::now(&desk.clock).plus_seconds(60);
        for bits in [2, 3] {
            let ledger_api::Operation::Create(mut create) = hold(bits, "bank", "bob", 60) else { unreachable!() };
            create.expires_at = Some(expires);
            desk.run(ledger_api::Operation::Create(create)).await.unwrap();
        }
        desk.clock.set(expires.plus_micros(-1));
        desk.run(post(4, 2, &[], true)).await.unwrap();
        desk.clock.set(expires);
        assert_eq!(refusal(desk.run(post(5, 3, &[], true)).await).code(), "expired");
        desk.ledger.close().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_kept_for_thirty_days_and_ids_forever() {
    for_each_way(async |store| {
        let desk = Desk::with_people(store).await;
        let keyed = desk.keyed("rent-january");
        let rent = |bits| pay(bits, "bank", "ann", 10);
        assert!(!desk.run_as(&keyed, rent(1)).await.unwrap().replayed);
        desk.clock.advance_millis(29 * DAY_MS);
        assert!(desk.run_as(&keyed, rent(1)).await.unwrap().replayed);
        assert_eq!(refusal(desk.run_as(&keyed, rent(2)).await).code(), "idempotency_key_taken");
        desk.clock.advance_millis(3 * DAY_MS);
        // Any commit removes the old keys.
        desk.run(rent(3)).await.unwrap();
        assert!(!desk.run_as(&keyed, rent(2)).await.unwrap().replayed);
        assert!(desk.run(rent(1)).await.unwrap().replayed);
        assert_eq!(desk.posted("ann").await, 30);
        desk.ledger.close().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn record_time_never_goes_back_and_a_late_clock_stops_writing() {
    for_each_way(async |store| {
        let config = LedgerConfig { clock_behind_max_ms: 500, ..LedgerConfig::default() };
        let desk = Desk::open_at(store, FakeClock::default(), config).await;
        desk.account("bank", Side::Debit, may_go_negative()).await.unwrap();
        desk.account("ann", Side::Credit, may_go_negative()).await.unwrap();
        let first = desk.run(pay(1, "bank", "ann", 1)).await.unwrap();
        desk.clock.step_back_millis(400);
        let second = desk.run(pay(2, "bank", "ann", 1)).await.unwrap();
        assert_eq!(second.recorded_at.micros_since(first.recorded_at), 1);
        desk.clock.step_back_millis(200);
        assert_eq!(desk.run(pay(3, "bank", "ann", 1)).await.unwrap_err(), LedgerError::Failed(Failure::ClockBehind));
        desk.clock.advance_millis(700);
        let third = desk.run(pay(3, "bank", "ann", 1)).await.unwrap();
        assert!(!third.replayed && third.recorded_at > second.recorded_at);
        desk.ledger.close().await.unwrap();
    })
    .await;
}
