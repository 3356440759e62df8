//! Killed between every pair of steps: the same request continues, or the sweeper declines and releases.

use std::sync::Arc;
use std::time::Duration;

use cards::{Cards, CardsService, Reason, Status, StepKind};
use testkit::for_each_engine;

use crate::cards::gate::At;
use crate::cards::stage::{Till, VISA, ask, take};

/// From before the first commit to before the last one.
const POINTS: [At; 4] = [At::Before("find"), At::After("find"), At::Before("submit"), At::After("submit")];

/// Begins a payment, and stops it for good at this point.
async fn killed_at(till: &Till, point: At) {
    till.stop.set(point);
    let (cards, ctx) = (till.cards.clone(), till.ctx());
    let running = tokio::spawn(async move { cards.authorize(&ctx, ask("test123", VISA, "10.00")).await });
    till.stop.stopped.notified().await;
    running.abort();
    assert!(running.await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_payment_is_continued_by_the_same_request() {
    for_each_engine(async |store| {
        for point in POINTS {
            let own = fresh(store);
            let till = Till::open_with(&own, Default::default(), 100).await;
            till.card(VISA).await;
            killed_at(&till, point).await;
            let cards = till.again().await;
            let paid = cards.authorize(&till.ctx(), ask("test123", VISA, "10.00")).await.unwrap();
            assert_eq!(paid.status, Status::Approved, "{point:?}");
            assert_eq!(till.held().await, 1_000, "{point:?}");
            sweep_later(&till, &cards).await;
            assert_eq!(till.held().await, 1_000, "{point:?}: the sweeper undid an approval");
        }
    })
    .await;
}

/// Both engines give a store, and each payment begins with an empty one.
fn fresh(store: &testkit::TestStore) -> testkit::TestStore {
    match store.engine() {
        platform::db::Engine::Sqlite => testkit::TestStore::sqlite(),
        platform::db::Engine::Postgres => testkit::TestStore::postgres(store.url()),
    }
}

async fn sweep_later(till: &Till, cards: &Arc<CardsService>) {
    for _ in 0..3 {
        till.clock.advance_millis(15_000);
        cards.sweep().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_payment_that_nobody_repeats_is_declined() {
    for_each_engine(async |store| {
        for point in [At::Before("submit"), At::After("submit")] {
            let own = fresh(store);
            let till = Till::open_with(&own, Default::default(), 200).await;
            till.card(VISA).await;
            killed_at(&till, point).await;
            let cards = till.again().await;
            sweep_later(&till, &cards).await;
            assert_eq!(till.held().await, 0, "{point:?}");
            let answer = cards.authorize(&till.ctx(), ask("test123", VISA, "10.00")).await.unwrap();
            assert!(answer.replayed);
            assert_eq!((answer.status, answer.reason), (Status::Declined, Some(Reason::TimedOut)), "{point:?}");
            assert_eq!(till.held().await, 0, "{point:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_is_declined_and_its_hold_released_if_the_ledger_is_away() {
    for_each_engine(async |store| {
        let till = Till::open(store).await;
        let card = till.card(VISA).await;
        till.stop.close(true);
        let command = cards::Authorize { pan: None, token: Some(card.token), ..ask("test123", VISA, "10.00") };
        let answer = till.cards.authorize(&till.ctx(), command).await.unwrap();
        assert_eq!((answer.reason, answer.response_code.as_deref()), (Some(Reason::LedgerAway), Some("91")));
        till.stop.close(false);
        sweep_later(&till, &till.cards).await;
        assert_eq!(till.held().await, 0);
        // What arrives late is remembered as released.
        let (available, held, posted) = till.balances("customers:ann").await;
        assert_eq!((available, held, posted), (Some(10_000), 0, 10_000));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_step_is_finished_by_its_repeat_or_the_sweeper() {
    for_each_engine(async |store| {
        for (point, swept) in [
            (At::Before("submit"), false),
            (At::After("submit"), false),
            (At::Before("submit"), true),
            (At::After("submit"), true),
        ] {
            let own = fresh(store);
            let till = Till::open_with(&own, Default::default(), 300).await;
            till.card(VISA).await;
            let paid = till.pay("test123", "10.00").await;
            till.stop.set(point);
            let (cards, ctx) = (till.cards.clone(), till.ctx());
            let command = take("clear", &paid, StepKind::Clearing, Some("10.00"));
            let running = tokio::spawn({
                let command = command.clone();
                async move { cards.take_step(&ctx, command).await }
            });
            till.stop.stopped.notified().await;
            running.abort();
            let cards = till.again().await;
            if swept {
                sweep_later(&till, &cards).await;
            }
            let stepped = cards.take_step(&till.ctx(), command).await.unwrap();
            assert_eq!((stepped.authorization.status, stepped.replayed), (Status::Cleared, true), "{point:?} {swept}");
            assert_eq!(till.balances("customers:ann").await, (Some(9_000), 0, 9_000), "{point:?} {swept}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_retry_and_the_sweeper_one_wins() {
    for_each_engine(async |store| {
        for round in 0..6 {
            let own = fresh(store);
            let till = Till::open_with(&own, Default::default(), 400 + round).await;
            till.card(VISA).await;
            killed_at(&till, At::After("submit")).await;
            till.clock.advance_millis(15_000);
            let (one, other) = (till.again().await, till.again().await);
            let ctx = till.ctx();
            let (answer, swept) = tokio::join!(one.authorize(&ctx, ask("test123", VISA, "10.00")), async {
                tokio::time::sleep(Duration::from_micros(300 * round)).await;
                other.sweep().await
            });
            swept.unwrap();
            sweep_later(&till, &other).await;
            let (answer, held) = (answer.unwrap(), till.held().await);
            let expected = if answer.status == Status::Approved { 1_000 } else { 0 };
            assert_eq!(held, expected, "{round}: {:?}", answer.reason);
            let again = one.authorize(&ctx, ask("test123", VISA, "10.00")).await.unwrap();
            assert_eq!(again.status, answer.status);
        }
    })
    .await;
}
