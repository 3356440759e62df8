//! Reversals, and times that the books do not allow.

use kernel::Timestamp;
use ledger_api::{Operation, WantedStatus};

use super::{created, nothing, refused};
use crate::service::harness::{Desk, hold, pay, refusal, reverse};

fn expiring(expires_at: Timestamp) -> Operation {
    created(|create| (create.status, create.expires_at) = (WantedStatus::Pending, Some(expires_at)))
}

#[tokio::test(flavor = "multi_thread")]
async fn transaction_unknown() {
    refused(404, nothing, async |desk: &Desk| refusal(desk.run(reverse(2, 1)).await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn not_reversible() {
    refused(
        422,
        async |desk: &Desk| {
            desk.run(hold(1, "bank", "ann", 5)).await.unwrap();
        },
        async |desk: &Desk| refusal(desk.run(reverse(2, 1)).await),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reversal_of_reversal() {
    refused(
        422,
        async |desk: &Desk| {
            desk.run(pay(1, "bank", "ann", 5)).await.unwrap();
            desk.run(reverse(2, 1)).await.unwrap();
        },
        async |desk: &Desk| refusal(desk.run(reverse(3, 2)).await),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn already_reversed() {
    refused(
        409,
        async |desk: &Desk| {
            desk.run(pay(1, "bank", "ann", 5)).await.unwrap();
            desk.run(reverse(2, 1)).await.unwrap();
        },
        async |desk: &Desk| refusal(desk.run(reverse(3, 1)).await),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn effective_in_future() {
    refused(422, nothing, async |desk: &Desk| {
        refusal(desk.run(created(|create| create.effective_at = Some(Timestamp::from_micros(i64::MAX)))).await)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn effective_before_opening() {
    refused(422, nothing, async |desk: &Desk| {
        refusal(desk.run(created(|create| create.effective_at = Some(Timestamp::EPOCH))).await)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn expiry_too_far() {
    refused(422, nothing, async |desk: &Desk| refusal(desk.run(expiring(Timestamp::from_micros(i64::MAX))).await))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn expires_in_past() {
    refused(422, nothing, async |desk: &Desk| refusal(desk.run(expiring(Timestamp::EPOCH)).await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sibling_failed() {
    refused(422, nothing, async |desk: &Desk| {
        refusal(desk.batch(true, vec![pay(1, "bank", "ann", 1), pay(2, "bob", "ann", 1)]).await.swap_remove(0))
    })
    .await;
}
