//! Pending transactions: what is no longer pending, and what was asked for too much.

use super::{nothing, refused};
use crate::service::harness::{Desk, hold, increase, pay, post, refusal, void};

#[tokio::test(flavor = "multi_thread")]
async fn pending_unknown() {
    refused(404, nothing, async |desk: &Desk| refusal(desk.run(post(2, 1, &[], true)).await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn not_pending() {
    refused(
        409,
        async |desk: &Desk| {
            desk.run(pay(1, "bank", "ann", 1)).await.unwrap();
        },
        async |desk: &Desk| refusal(desk.run(void(2, 1, &[])).await),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn already_posted() {
    refused(
        409,
        async |desk: &Desk| {
            desk.run(hold(1, "bank", "ann", 5)).await.unwrap();
            desk.run(post(2, 1, &[], true)).await.unwrap();
        },
        async |desk: &Desk| refusal(desk.run(void(3, 1, &[])).await),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn already_voided() {
    refused(
        409,
        async |desk: &Desk| {
            desk.run(hold(1, "bank", "ann", 5)).await.unwrap();
            desk.run(void(2, 1, &[])).await.unwrap();
        },
        async |desk: &Desk| refusal(desk.run(post(3, 1, &[], true)).await),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn expired() {
    refused(
        409,
        async |desk: &Desk| {
            desk.run(hold(1, "bank", "ann", 5)).await.unwrap();
            desk.clock.advance_millis(8 * 86_400_000);
            desk.run(pay(2, "bank", "ann", 1)).await.unwrap();
        },
        async |desk: &Desk| refusal(desk.run(post(3, 1, &[], true)).await),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn amount_above_remaining() {
    refused(
        422,
        async |desk: &Desk| {
            desk.run(hold(1, "bank", "ann", 5)).await.unwrap();
        },
        async |desk: &Desk| refusal(desk.run(post(2, 1, &[6], true)).await),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn amounts_mismatch() {
    refused(
        422,
        async |desk: &Desk| {
            desk.run(hold(1, "bank", "ann", 5)).await.unwrap();
        },
        async |desk: &Desk| refusal(desk.run(post(2, 1, &[1, 1], true)).await),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn increase_refused() {
    refused(
        422,
        async |desk: &Desk| {
            desk.run(pay(1, "bank", "ann", 5)).await.unwrap();
            desk.run(hold(2, "ann", "bob", 5)).await.unwrap();
        },
        async |desk: &Desk| refusal(desk.run(increase(3, 2, &[1])).await),
    )
    .await;
}
