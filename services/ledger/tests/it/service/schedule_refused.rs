//! Refusals of scheduled transactions, one test each.

use kernel::Clock;
use ledger_api::{Operation, limits};

use crate::service::harness::{Desk, cancel, pay, refusal, scheduled};
use crate::service::refusals::{nothing, refused};
use crate::service::schedule::{ended, later};

#[tokio::test(flavor = "multi_thread")]
async fn schedule_time_missing() {
    refused(400, nothing, async |desk| {
        let Operation::Create(mut create) = pay(1, "bank", "ann", 5) else { unreachable!() };
        create.scheduled = true;
        refusal(desk.run(Operation::Create(create)).await)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn schedule_in_past() {
    refused(422, nothing, async |desk| refusal(desk.run(scheduled(pay(1, "bank", "ann", 5), desk.clock.now())).await))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn schedule_too_far() {
    refused(422, nothing, async |desk| {
        let far = later(desk, limits::SCHEDULE_SECONDS_MAX + 60);
        refusal(desk.run(scheduled(pay(1, "bank", "ann", 5), far)).await)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn not_scheduled() {
    let paid = async |desk: &Desk| drop(desk.run(pay(1, "bank", "ann", 5)).await.unwrap());
    refused(409, paid, async |desk| refusal(desk.run(cancel(2, 1)).await)).await;
}

async fn one_planned(desk: &Desk) {
    desk.run(scheduled(pay(1, "ann", "bob", 5), later(desk, 60))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn already_cancelled() {
    let cancelled = async |desk: &Desk| {
        one_planned(desk).await;
        desk.run(cancel(2, 1)).await.unwrap();
    };
    refused(409, cancelled, async |desk| refusal(desk.run(cancel(3, 1)).await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn already_carried_out() {
    let done = async |desk: &Desk| {
        desk.run(pay(9, "bank", "ann", 5)).await.unwrap();
        one_planned(desk).await;
        desk.clock.advance_millis(61_000);
        ended(desk, 1).await;
    };
    refused(409, done, async |desk| refusal(desk.run(cancel(3, 1)).await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn already_failed() {
    let failed = async |desk: &Desk| {
        one_planned(desk).await;
        desk.clock.advance_millis(61_000);
        ended(desk, 1).await;
    };
    refused(409, failed, async |desk| refusal(desk.run(cancel(3, 1)).await)).await;
}
