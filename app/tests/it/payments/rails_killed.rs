//! Killed between any two steps of a payment over a rail: it goes on, and nothing leaves or comes back twice.

use payments::{Orders, PaymentState, Rails, TakeAnswer};
use testkit::for_each_engine;

use super::desk::{Desk, code};
use super::kills::fresh;
use super::rails::{GOOD, outside};
use crate::cards::gate::At;
use payments::simulator::Bank;

/// Until nothing is left to do.
pub(crate) async fn rounds(desk: &Desk, payments: &payments::PaymentsService) {
    for _ in 0..4 {
        desk.clock.advance_millis(20_000);
        payments.round().await.unwrap();
    }
    desk.agrees(payments).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_killed_at_its_hold_is_held_once() {
    for_each_engine(async |store| {
        for point in [At::Before("submit"), At::After("submit")] {
            let desk = Desk::open_with(&fresh(store), Default::default(), 300).await;
            desk.stop.set(point);
            let (payments, ctx) = (desk.payments.clone(), desk.keyed("rent-1"));
            let running = tokio::spawn(async move { payments.create(&ctx, outside(1_000)).await });
            desk.stop.stopped.notified().await;
            running.abort();
            let payments = desk.again().await;
            rounds(&desk, &payments).await;
            let paid = payments.create(&desk.keyed("rent-1"), outside(1_000)).await.unwrap();
            assert_eq!((paid.state, paid.replayed), (PaymentState::Held, true), "{point:?}");
            assert_eq!(desk.balances("customers:uta").await, (100_000, Some(99_000)), "{point:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_killed_in_the_making_leaves_once() {
    for_each_engine(async |store| {
        for point in [At::Before("submit_batch"), At::After("submit_batch")] {
            let desk = Desk::open_with(&fresh(store), Default::default(), 400).await;
            for number in 0..3 {
                desk.pay_outside(&format!("rent-{number}"), 1_000).await;
            }
            desk.stop.set(point);
            let (payments, ctx) = (desk.payments.clone(), desk.ctx());
            let running = tokio::spawn(async move { payments.make_files(&ctx).await });
            desk.stop.stopped.notified().await;
            running.abort();
            let payments = desk.again().await;
            let making = payments.rail_files(&desk.ctx()).await.unwrap().items.remove(0);
            assert_eq!(code(payments.rail_file_content(&desk.ctx(), making.id).await), "rail_file_not_ready");
            rounds(&desk, &payments).await;
            let files = payments.rail_files(&desk.ctx()).await.unwrap().items;
            assert_eq!((files.len(), files[0].count, files[0].ready_at.is_some()), (1, 3, true), "{point:?}");
            assert_eq!(desk.balance("clearing:sepa").await, 3_000, "{point:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_killed_in_the_middle_is_applied_once() {
    for_each_engine(async |store| {
        for point in [At::Before("submit"), At::After("submit")] {
            for bank in [GOOD, Bank { rejects: 100, ..GOOD }, Bank { returns: 100, ..GOOD }] {
                let desk = Desk::open_with(&fresh(store), Default::default(), 500).await;
                let paid = desk.pay_outside("rent-1", 1_000).await;
                let file = desk.payments.make_files(&desk.ctx()).await.unwrap().items.remove(0);
                let answers = desk.answers_to(&desk.payments, file.id, bank).await;
                let (last, before) = answers.split_last().unwrap();
                for answer in before {
                    desk.take(answer).await;
                }
                let content = String::from_utf8(last.content.clone()).unwrap();
                desk.stop.set(point);
                let (payments, ctx) = (desk.payments.clone(), desk.ctx());
                let command = TakeAnswer { content: content.clone() };
                let running = tokio::spawn(async move { payments.take_answer(&ctx, command).await });
                desk.stop.stopped.notified().await;
                running.abort();
                let payments = desk.again().await;
                rounds(&desk, &payments).await;
                let report = payments.take_answer(&desk.ctx(), TakeAnswer { content }).await.unwrap();
                assert!(report.replayed, "{point:?} {bank:?}");
                let (state, balance, rail) = match (bank.rejects, bank.returns) {
                    (100, _) => (PaymentState::Rejected, 100_000, [0, 0, 0]),
                    (_, 100) => (PaymentState::Returned, 100_000, [0, 0, 0]),
                    _ => (PaymentState::Settled, 99_000, [0, -1_000, 0]),
                };
                assert_eq!(payments.payment(&desk.ctx(), paid.id).await.unwrap().payment.state, state);
                assert_eq!((desk.balance("customers:uta").await, desk.rail().await), (balance, rail), "{point:?}");
            }
        }
    })
    .await;
}
