//! Many callers at once: one answer for one request, and no limit overrun.

use cards::{Cards, Controls, Limit, Per, Status};
use futures_util::future::join_all;
use kernel::Money;
use testkit::for_each_engine;

use crate::cards::stage::{Till, VISA, ask, usd};

#[tokio::test(flavor = "multi_thread")]
async fn fifty_callers_with_one_request_get_one_answer_and_one_hold() {
    for_each_engine(async |store| {
        let till = Till::open(store).await;
        till.card(VISA).await;
        let elsewhere = till.again().await;
        let ctx = till.ctx();
        let call = |place: usize| {
            // Half of them reach another process.
            let cards = if place.is_multiple_of(2) { till.cards.clone() } else { elsewhere.clone() };
            let ctx = ctx.clone();
            async move { cards.authorize(&ctx, ask("test123", VISA, "10.00")).await.unwrap() }
        };
        let answers = join_all((0..50).map(call)).await;
        assert!(answers.iter().all(|answer| answer.id == answers[0].id && answer.status == Status::Approved));
        assert_eq!(till.held().await, 1_000);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_parallel_payments_overrun_no_limit() {
    for_each_engine(async |store| {
        let till = Till::open(store).await;
        let limit = Limit { per: Per::Day, amount: Some(Money::new(5_000, usd())), count: Some(60) };
        till.card_with(VISA, |_| {}, Controls { limits: vec![limit], ..Controls::default() }).await;
        let elsewhere = till.again().await;
        let ctx = till.ctx();
        let call = |place: usize| {
            let cards = if place.is_multiple_of(2) { till.cards.clone() } else { elsewhere.clone() };
            let ctx = ctx.clone();
            async move { cards.authorize(&ctx, ask(&format!("r{place}"), VISA, "1.00")).await.unwrap() }
        };
        let answers = join_all((0..200).map(call)).await;
        let approved = answers.iter().filter(|answer| answer.status == Status::Approved).count();
        assert_eq!((approved, till.held().await), (50, 5_000));
    })
    .await;
}
