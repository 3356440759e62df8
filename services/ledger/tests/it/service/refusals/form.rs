//! The form of a request: refused before the books are looked at, and leaving nothing.

use kernel::Timestamp;
use ledger_api::{AccountQuery, Batch, DeclareAsset, Limits, Side, limits};

use super::{created, nothing, refused};
use crate::service::harness::{Desk, path, pay, posting, reference, refusal, usd};

#[tokio::test(flavor = "multi_thread")]
async fn idempotency_missing() {
    refused(400, nothing, async |desk: &Desk| refusal(desk.run(created(|create| create.id = None)).await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_postings() {
    refused(400, nothing, async |desk: &Desk| refusal(desk.run(created(|create| create.postings.clear())).await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_postings() {
    refused(400, nothing, async |desk: &Desk| {
        refusal(desk.run(created(|create| create.postings = vec![posting("bank", "ann", 1); 65])).await)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn amount_zero() {
    refused(400, nothing, async |desk: &Desk| refusal(desk.run(pay(1, "bank", "ann", 0)).await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn amount_negative() {
    refused(400, nothing, async |desk: &Desk| refusal(desk.run(pay(1, "bank", "ann", -1)).await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn amount_too_large() {
    refused(400, nothing, async |desk: &Desk| refusal(desk.run(pay(1, "bank", "ann", limits::AMOUNT_MAX + 1)).await))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn same_account() {
    refused(400, nothing, async |desk: &Desk| refusal(desk.run(pay(1, "ann", "ann", 1)).await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn posting_malformed() {
    refused(400, nothing, async |desk: &Desk| {
        refusal(desk.run(created(|create| create.postings[0].credit = None)).await)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_too_large() {
    refused(400, nothing, async |desk: &Desk| {
        refusal(desk.run(created(|create| create.metadata = [("note".to_owned(), "x".repeat(5_000))].into())).await)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn batch_empty() {
    refused(400, nothing, async |desk: &Desk| {
        refusal(desk.ledger.submit_batch(&desk.ctx, Batch { atomic: true, dry_run: false, lines: vec![] }).await)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn batch_too_large() {
    refused(400, nothing, async |desk: &Desk| {
        refusal(
            desk.ledger
                .submit_batch(
                    &desk.ctx,
                    Batch { atomic: true, dry_run: false, lines: vec![pay(1, "bank", "ann", 1); 1_001] },
                )
                .await,
        )
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_invalid() {
    refused(400, nothing, async |desk: &Desk| {
        refusal(
            desk.account(
                "new",
                Side::Debit,
                Limits { floor: Some(usd(5)), ceiling: Some(usd(4)), may_go_negative: false },
            )
            .await,
        )
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn asset_invalid() {
    refused(400, nothing, async |desk: &Desk| {
        refusal(desk.ledger.declare_asset(&desk.ctx, DeclareAsset { code: "USD".to_owned(), scale: 2 }).await)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn expiry_invalid() {
    refused(400, nothing, async |desk: &Desk| {
        refusal(desk.run(created(|create| create.expires_at = Some(Timestamp::from_micros(i64::MAX)))).await)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn query_unsupported() {
    refused(400, nothing, async |desk: &Desk| {
        refusal(
            desk.ledger
                .accounts(
                    &desk.ctx,
                    AccountQuery { prefix: Some(path("ann")), reference: Some(reference("R")), ..Default::default() },
                )
                .await,
        )
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn page_size() {
    refused(400, nothing, async |desk: &Desk| {
        refusal(desk.ledger.accounts(&desk.ctx, AccountQuery { limit: Some(501), ..Default::default() }).await)
    })
    .await;
}
