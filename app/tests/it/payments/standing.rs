//! Standing orders: one payment for each day, whatever is repeated, missed or restarted.

use jiff::ToSpan;
use jiff::civil::Date;
use kernel::{Clock, Money};
use payments::{
    AddStanding, Arrangements, BusinessDays, Missed, Orders, PaymentQuery, PaymentState, Rhythm, StandingState,
};
use testkit::for_each_engine;

use super::desk::{Desk, code, side, usd};

const DAY_MS: u64 = 86_400_000;

fn today(desk: &Desk) -> Date {
    let now = jiff::Timestamp::from_microsecond(desk.clock.now().micros()).unwrap();
    now.to_zoned(jiff::tz::TimeZone::UTC).date()
}

fn weekly(first: Date) -> AddStanding {
    AddStanding {
        from: side("customers:ann"),
        to: side("customers:bob"),
        amount: Money::new(1_000, usd()),
        text: Some("pocket money".to_owned()),
        every: Rhythm::Weekly,
        first,
        last: None,
        count: None,
        business_days: BusinessDays::Any,
        missed: Missed::CatchUp,
        retries: 0,
    }
}

async fn rounds(desk: &Desk, days: u64) {
    for _ in 0..days {
        desk.clock.advance_millis(DAY_MS);
        for _ in 0..5 {
            desk.payments.round().await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_due_day_pays_once_and_missed_days_follow() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let order = AddStanding { count: Some(4), ..weekly(today(&desk)) };
        let added = desk.payments.add_standing(&desk.keyed("s"), order.clone()).await.unwrap();
        assert_eq!(desk.payments.add_standing(&desk.keyed("s"), order).await.unwrap().id, added.id);
        let (one, other) = (desk.again().await, desk.again().await);
        let (first, second) = tokio::join!(one.round(), other.round());
        first.and(second).unwrap();
        assert_eq!(desk.balance("customers:bob").await, 11_000);
        // Two weeks without a process, then both of them.
        desk.clock.advance_millis(14 * DAY_MS);
        rounds(&desk, 1).await;
        assert_eq!(desk.balance("customers:bob").await, 13_000);
        rounds(&desk, 14).await;
        assert_eq!(desk.balance("customers:bob").await, 14_000);
        let all = desk.payments.standing_orders(&desk.ctx()).await.unwrap().items;
        assert_eq!((all[0].state, all[0].made, all[0].next), (StandingState::Finished, 4, None));
        let query = PaymentQuery { from: None, state: None, before: None, limit: 10 };
        let paid = desk.payments.payments(&desk.ctx(), query).await.unwrap().items;
        assert_eq!(paid.len(), 4);
        assert!(paid.iter().all(|one| one.standing_order == Some(added.id) && one.state == PaymentState::Settled));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn missed_days_are_skipped_if_the_order_says_so() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let order = AddStanding { missed: Missed::Skip, ..weekly(today(&desk)) };
        desk.payments.add_standing(&desk.ctx(), order).await.unwrap();
        desk.clock.advance_millis(15 * DAY_MS);
        rounds(&desk, 6).await;
        assert_eq!(desk.balance("customers:bob").await, 11_000, "only the day on which it ran");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_without_funds_is_tried_again_on_the_next_days() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let amount = Money::new(15_000, usd());
        let order = AddStanding { amount, retries: 2, count: Some(1), ..weekly(today(&desk)) };
        desk.payments.add_standing(&desk.ctx(), order).await.unwrap();
        desk.payments.round().await.unwrap();
        rounds(&desk, 1).await;
        assert_eq!(desk.balance("customers:bob").await, 10_000);
        desk.pay_in("customers:ann", 10_000).await;
        rounds(&desk, 3).await;
        assert_eq!(desk.balance("customers:bob").await, 25_000);
        let query = PaymentQuery { from: None, state: None, before: None, limit: 10 };
        let states: Vec<PaymentState> =
            desk.payments.payments(&desk.ctx(), query).await.unwrap().items.iter().map(|one| one.state).collect();
        assert_eq!(states, [PaymentState::Settled, PaymentState::Rejected, PaymentState::Rejected]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_order_pays_no_more() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let first = today(&desk).saturating_add(1.day());
        let added = desk.payments.add_standing(&desk.ctx(), weekly(first)).await.unwrap();
        let ended = desk.payments.end_standing(&desk.ctx(), added.id).await.unwrap();
        assert_eq!((ended.state, ended.next), (StandingState::Ended, None));
        assert_eq!(desk.payments.end_standing(&desk.ctx(), added.id).await.unwrap(), ended);
        assert_eq!(code(desk.payments.end_standing(&desk.clerk("maria"), added.id).await), "standing_unknown");
        rounds(&desk, 3).await;
        assert_eq!(desk.balance("customers:bob").await, 10_000);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn missed_days_without_funds_are_each_tried_once_a_day() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let amount = Money::new(15_000, usd());
        let order = AddStanding { amount, retries: 2, count: Some(2), ..weekly(today(&desk)) };
        desk.payments.add_standing(&desk.ctx(), order).await.unwrap();
        let made = async || {
            let query = PaymentQuery { from: None, state: None, before: None, limit: 20 };
            desk.payments.payments(&desk.ctx(), query).await.unwrap().items.len()
        };
        desk.clock.advance_millis(14 * DAY_MS);
        rounds(&desk, 1).await;
        assert_eq!(made().await, 2, "the two days, once each");
        rounds(&desk, 1).await;
        assert_eq!(made().await, 4);
        rounds(&desk, 3).await;
        assert_eq!(made().await, 6, "two retries of each and no more");
    })
    .await;
}
