//! Accounts, their limits and states, and names that are taken.

use kernel::Money;
use ledger_api::{AccountChange, DeclareAsset, Limits, Operation, Side, VersionCondition, limits};

use super::{created, nothing, refused};
use crate::service::harness::{Desk, create, hold, path, pay, posting, referenced, refusal, usd};

fn points(minor: i64, scale: u8) -> Money {
    Money::new(minor, kernel::Currency::with_scale("POINTS", scale).unwrap())
}

async fn declare(desk: &Desk) {
    desk.ledger.declare_asset(&desk.ctx, DeclareAsset { code: "POINTS".to_owned(), scale: 0 }).await.unwrap();
}

/// Takes the sums of two accounts as high as possible.
async fn fill(desk: &Desk) {
    let full = i64::MAX / limits::AMOUNT_MAX;
    let lines = (0..full / 64).map(|number| filling(number as u128 + 10, 64)).collect();
    assert!(desk.batch(false, lines).await.iter().all(Result::is_ok));
    desk.run(filling(5, full % 64)).await.unwrap();
}

fn filling(bits: u128, count: i64) -> Operation {
    Operation::Create(create(bits, vec![posting("bank", "bob", limits::AMOUNT_MAX); count as usize]))
}

#[tokio::test(flavor = "multi_thread")]
async fn not_found() {
    refused(404, nothing, async |desk: &Desk| refusal(desk.find(999).await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn account_unknown() {
    refused(422, nothing, async |desk: &Desk| refusal(desk.run(pay(1, "bank", "nobody", 1)).await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn account_exists() {
    refused(422, nothing, async |desk: &Desk| refusal(desk.account("ann", Side::Debit, Limits::default()).await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn currency_unknown() {
    refused(422, nothing, async |desk: &Desk| {
        refusal(desk.run(created(|create| create.postings[0].amount = points(1, 0))).await)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn currency_scale() {
    refused(422, declare, async |desk: &Desk| {
        refusal(desk.run(created(|create| create.postings[0].amount = points(1, 3))).await)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn asset_exists() {
    refused(422, declare, async |desk: &Desk| refusal(desk.declare_once("POINTS", 2).await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn id_taken() {
    refused(
        422,
        async |desk: &Desk| {
            desk.run(pay(1, "bank", "ann", 1)).await.unwrap();
        },
        async |desk: &Desk| refusal(desk.run(pay(1, "bank", "ann", 2)).await),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn idempotency_key_taken() {
    refused(
        422,
        async |desk: &Desk| {
            desk.run_as(&desk.keyed("K"), pay(1, "bank", "ann", 1)).await.unwrap();
        },
        async |desk: &Desk| refusal(desk.run_as(&desk.keyed("K"), pay(2, "bank", "ann", 2)).await),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reference_taken() {
    refused(
        422,
        async |desk: &Desk| {
            desk.run(referenced(1)).await.unwrap();
        },
        async |desk: &Desk| refusal(desk.run(referenced(2)).await),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn account_frozen() {
    refused(
        422,
        async |desk: &Desk| {
            desk.change("ann", AccountChange::Freeze).await.unwrap();
        },
        async |desk: &Desk| refusal(desk.run(pay(1, "bank", "ann", 1)).await),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn account_closed() {
    refused(
        422,
        async |desk: &Desk| {
            desk.change("ann", AccountChange::Close).await.unwrap();
        },
        async |desk: &Desk| refusal(desk.run(pay(1, "bank", "ann", 1)).await),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn account_not_zero() {
    refused(
        422,
        async |desk: &Desk| {
            desk.run(pay(1, "bank", "ann", 1)).await.unwrap();
        },
        async |desk: &Desk| refusal(desk.change_once("ann", AccountChange::Close).await),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn account_has_holds() {
    refused(
        422,
        async |desk: &Desk| {
            desk.run(hold(1, "bank", "ann", 1)).await.unwrap();
        },
        async |desk: &Desk| refusal(desk.change_once("ann", AccountChange::Close).await),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn currency_mismatch() {
    refused(422, nothing, async |desk: &Desk| {
        refusal(desk.run(created(|create| create.postings[0].amount = Money::new(1, "EUR".parse().unwrap()))).await)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sum_overflow() {
    refused(422, fill, async |desk: &Desk| refusal(desk.run(filling(6, 1)).await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn insufficient_funds() {
    refused(422, nothing, async |desk: &Desk| refusal(desk.run(pay(1, "ann", "bob", 1)).await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn above_ceiling() {
    refused(
        422,
        async |desk: &Desk| {
            desk.account("full", Side::Credit, Limits { ceiling: Some(usd(5)), ..Limits::default() }).await.unwrap();
        },
        async |desk: &Desk| refusal(desk.run(pay(1, "bank", "full", 6)).await),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn version_mismatch() {
    refused(409, nothing, async |desk: &Desk| {
        refusal(
            desk.run(created(|create| create.if_version = vec![VersionCondition { account: path("ann"), version: 7 }]))
                .await,
        )
    })
    .await;
}
