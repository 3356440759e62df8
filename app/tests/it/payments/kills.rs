//! Killed between any two steps: the same command continues, or the sweeper does, and nothing is paid twice.

use payments::{Orders, PaymentState};
use testkit::for_each_engine;

use super::desk::{Desk, order};
use crate::cards::gate::At;

/// Begins a payment, and stops it for good at this point.
async fn killed_at(desk: &Desk, point: At) {
    desk.stop.set(point);
    let (payments, ctx) = (desk.payments.clone(), desk.keyed("rent-1"));
    let running = tokio::spawn(async move { payments.create(&ctx, order(1_000)).await });
    desk.stop.stopped.notified().await;
    running.abort();
    assert!(running.await.is_err());
}

pub(crate) fn fresh(store: &testkit::TestStore) -> testkit::TestStore {
    match store.engine() {
        platform::db::Engine::Sqlite => testkit::TestStore::sqlite(),
        platform::db::Engine::Postgres => testkit::TestStore::postgres(store.url()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_payment_is_continued_by_the_same_command() {
    for_each_engine(async |store| {
        for point in [At::Before("submit"), At::After("submit")] {
            let own = fresh(store);
            let desk = Desk::open_with(&own, Default::default(), 100).await;
            killed_at(&desk, point).await;
            let payments = desk.again().await;
            let paid = payments.create(&desk.keyed("rent-1"), order(1_000)).await.unwrap();
            assert_eq!((paid.state, paid.replayed), (PaymentState::Settled, true), "{point:?}");
            desk.sweep_later(&payments).await;
            assert_eq!(desk.balance("customers:bob").await, 11_000, "{point:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_payment_that_nobody_repeats_is_carried_out_once() {
    for_each_engine(async |store| {
        for point in [At::Before("submit"), At::After("submit")] {
            let own = fresh(store);
            let desk = Desk::open_with(&own, Default::default(), 200).await;
            killed_at(&desk, point).await;
            let (one, other) = (desk.again().await, desk.again().await);
            desk.clock.advance_millis(15_000);
            let (first, second) = tokio::join!(one.sweep(), other.sweep());
            first.and(second).unwrap();
            desk.sweep_later(&one).await;
            assert_eq!(desk.balance("customers:bob").await, 11_000, "{point:?}");
            let paid = one.create(&desk.keyed("rent-1"), order(1_000)).await.unwrap();
            assert_eq!((paid.state, paid.replayed), (PaymentState::Settled, true), "{point:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_goes_on_when_the_ledger_is_back() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let tomorrow = "2026-02-01".parse().unwrap();
        let dated = payments::CreatePayment { on: Some(tomorrow), ..order(1_000) };
        let waits = desk.payments.create(&desk.keyed("rent-1"), dated).await.unwrap();
        desk.clock.advance_millis(86_400_000);
        desk.stop.close(true);
        desk.payments.sweep().await.unwrap();
        let begun = desk.payments.payment(&desk.ctx(), waits.id).await.unwrap().payment;
        assert_eq!(begun.state, PaymentState::Processing);
        desk.sweep_later(&desk.payments).await;
        assert_eq!(desk.balance("customers:bob").await, 10_000);
        desk.stop.close(false);
        desk.sweep_later(&desk.payments).await;
        assert_eq!(desk.balance("customers:bob").await, 11_000);
        let ended = desk.payments.payment(&desk.ctx(), waits.id).await.unwrap().payment;
        assert_eq!(ended.state, PaymentState::Settled);
    })
    .await;
}
