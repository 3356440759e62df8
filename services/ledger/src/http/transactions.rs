//! Transactions: recording them and reading them.

use kernel::Ctx;
use ledger_api::{FindTransaction, Shape, Submit, Transaction, TransactionId};
use platform::http::{CallCtx, Json, Path, Problem, Repeatable};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Shared;
use super::answer::{Done, problem};
use super::body::CreateTransaction;
use super::book::{Chosen, InBook};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct TransactionAt {
    /// The transaction's id.
    pub(super) id: TransactionId,
}

/// Executes one operation and returns its result.
pub(super) async fn submit(
    ledger: Shared,
    ctx: Ctx,
    submit: Submit,
    shape: Shape,
) -> Result<Done<Transaction>, Problem> {
    let transaction = ledger.submit(&ctx, submit).await.map_err(|error| problem(error, shape))?;
    Ok(Done::transaction(transaction))
}

/// Record a transaction
///
/// 1 to 64 postings, all or none. Each debits one account and credits another with the same `amount`, so the books
/// always balance. `"status": "pending"` holds the money instead of moving it, until it is posted, voided or expires.
///
/// Send your own `id` or an `Idempotency-Key`: then a repeat gets the first response, and after a timeout you can ask
/// for the outcome. Refusals that depend on the books are remembered too, so a delayed repeat of a refused command
/// never succeeds later: use a new id or key to try again.
///
/// With `scheduled` it waits until `effective_at` and is executed within a second of that time, as if it had been sent
/// then. Until then its status is `scheduled`, it reserves nothing and can be cancelled. Afterwards its status is
/// `posted`, `pending`, or `failed` with the refusal in `failure`.
///
/// `up_to_available` takes what is available, up to `amount`. `split` divides one side by percentages without losing a
/// unit. `"override": "floor"` may take an account below its floor, and is recorded. `dry_run` replies as usual and
/// stores nothing. Every response includes the balances after the transaction.
#[utoipa::path(
    post, path = "/transactions", tag = "Transactions", params(Repeatable),
    request_body = CreateTransaction,
    responses(
        (status = 201, description = "Recorded", body = Transaction),
        (
            status = 200, description = "Already recorded (`replayed`), or not really recorded (`dry_run`)", body = Transaction,
            headers(("Idempotency-Replayed" = bool, description = "Present and true if this is the first response again"))
        ),
    )
)]
pub(super) async fn create_transaction(
    chosen: Chosen,
    CallCtx(ctx): CallCtx,
    Json(body): Json<CreateTransaction>,
) -> Result<Done<Transaction>, Problem> {
    let command = Submit::from(body);
    let ledger = chosen.ledger_of(std::slice::from_ref(&command.operation)).await?;
    submit(ledger, ctx, command, Shape::Postings).await
}

/// Read one transaction
///
/// Its current state: a scheduled one is waiting, cancelled, failed, or shows what it became; a pending one shows what
/// was posted, released and remains of each posting, and a reversed one names its reversal. A refused command answers
/// with its refusal, marked as replayed.
#[utoipa::path(
    get, path = "/transactions/{id}", tag = "Transactions", params(TransactionAt),
    responses((
        status = 200, description = "The transaction", body = Transaction
    ))
)]
pub(super) async fn get_transaction(
    InBook { ledger, .. }: InBook,
    CallCtx(ctx): CallCtx,
    Path(at): Path<TransactionAt>,
) -> Result<Json<Transaction>, Problem> {
    let find = FindTransaction::Id(at.id);
    ledger.transaction(&ctx, find).await.map(Json).map_err(|error| problem(error, Shape::Postings))
}
