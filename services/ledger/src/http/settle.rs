//! Posting, voiding and increasing a pending transaction, and reversing a posted one.

use ledger_api::{Shape, Transaction};
use platform::http::{CallCtx, Json, Path, Problem, Repeatable};

use super::answer::Done;
use super::body::{Release, Settle, Undo};
use super::book::InBook;
use super::transactions::{TransactionAt, submit};

type Answer = Result<Done<Transaction>, Problem>;

/// Post a pending transaction
///
/// Moves the held money: all that remains, or as much as `amount` says (`amounts`, one per posting, if there are
/// several). The rest is released, unless `"final": false` keeps it pending for another post. This is a separate
/// transaction with its own id, which names the pending one as its `target`.
#[utoipa::path(
    post, path = "/transactions/{id}/post", tag = "Transactions", params(TransactionAt, Repeatable),
    request_body = Option<Settle>,
    responses(
        (status = 201, description = "Posted", body = Transaction),
        (status = 200, description = "Already posted (`replayed`), or not really posted (`dry_run`)", body = Transaction),
    )
)]
pub(super) async fn post_transaction(
    InBook { ledger, .. }: InBook,
    CallCtx(ctx): CallCtx,
    Path(at): Path<TransactionAt>,
    Json(body): Json<Option<Settle>>,
) -> Answer {
    let body = body.unwrap_or_default();
    let shape = body.shape();
    submit(ledger, ctx, body.post(at.id)?, shape).await
}

/// Void a pending transaction
///
/// Releases the hold: all that remains, or as much as `amount` says. This works on frozen accounts too.
#[utoipa::path(
    post, path = "/transactions/{id}/void", tag = "Transactions", params(TransactionAt, Repeatable),
    request_body = Option<Release>,
    responses(
        (status = 201, description = "Released", body = Transaction),
        (status = 200, description = "Already released (`replayed`), or not really released (`dry_run`)", body = Transaction),
    )
)]
pub(super) async fn void_transaction(
    InBook { ledger, .. }: InBook,
    CallCtx(ctx): CallCtx,
    Path(at): Path<TransactionAt>,
    Json(body): Json<Option<Release>>,
) -> Answer {
    let body = body.unwrap_or_default();
    let shape = body.shape();
    submit(ledger, ctx, body.void(at.id)?, shape).await
}

/// Increase a hold
///
/// Raises the held amount; floor and ceiling are checked again. The expiry does not change.
#[utoipa::path(
    post, path = "/transactions/{id}/increase", tag = "Transactions", params(TransactionAt, Repeatable),
    request_body = Release,
    responses(
        (status = 201, description = "Increased", body = Transaction),
        (status = 200, description = "Already increased (`replayed`), or not really increased (`dry_run`)", body = Transaction),
    )
)]
pub(super) async fn increase_transaction(
    InBook { ledger, .. }: InBook,
    CallCtx(ctx): CallCtx,
    Path(at): Path<TransactionAt>,
    Json(body): Json<Release>,
) -> Answer {
    let shape = body.shape();
    submit(ledger, ctx, body.increase(at.id)?, shape).await
}

/// Reverse a posted transaction
///
/// Books the opposite of all its postings, once; the two name each other (`target`, `reversed_by`). To reverse a
/// pending transaction that was posted, use the id of the transaction that posted it.
#[utoipa::path(
    post, path = "/transactions/{id}/reverse", tag = "Transactions", params(TransactionAt, Repeatable),
    request_body = Option<Undo>,
    responses(
        (status = 201, description = "Reversed", body = Transaction),
        (status = 200, description = "Already reversed (`replayed`), or not really reversed (`dry_run`)", body = Transaction),
    )
)]
pub(super) async fn reverse_transaction(
    InBook { ledger, .. }: InBook,
    CallCtx(ctx): CallCtx,
    Path(at): Path<TransactionAt>,
    Json(body): Json<Option<Undo>>,
) -> Answer {
    submit(ledger, ctx, body.unwrap_or_default().reverse(at.id), Shape::Amounts).await
}
