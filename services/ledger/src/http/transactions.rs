//! Transactions: recording them and reading them.

use kernel::Ctx;
use ledger_api::{FindTransaction, Shape, Submit, Transaction, TransactionId};
use platform::http::{CallCtx, Json, Path, Problem};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Shared;
use super::answer::{Done, problem};
use super::body::CreateTransaction;
use super::book::{Chosen, InBook};
use super::examples;

/// The header that makes a repeat harmless.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes a header that the platform's call context reads")]
pub(super) struct Repeatable {
    /// Makes a repeat harmless for 30 days: the same command under the same key gets the first answer again, with the
    /// header `Idempotency-Replayed: true`; another command under it is refused. 1 to 128 visible ASCII characters.
    #[param(rename = "Idempotency-Key", example = "order-17-attempt", max_length = 128)]
    idempotency_key: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct TransactionAt {
    /// The transaction's id.
    pub(super) id: TransactionId,
}

/// Carries one operation out and answers with what became of it.
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
/// 1 to 64 postings, all or none. Each debits one account and credits another with the same `amount`, so the books always
/// balance. `"status": "pending"` holds the money instead of moving it, until it is posted, voided or expires.
///
/// Give an `id` of your own or an `Idempotency-Key`: then a repeat gets the first answer, and after a timeout you can ask
/// what became of it. Refusals that depend on the books are remembered too, so a delayed repeat of a refused command never
/// succeeds later: use a new id or key to try anew.
///
/// With `scheduled` it waits until `effective_at` and is carried out then, within a second, as if it had been sent at that
/// moment: until then it reserves nothing, can be cancelled, and reads `scheduled`; afterwards `posted` or `pending`, or
/// `failed` with the refusal that it got in `failure`.
///
/// `up_to_available` takes what is there, up to `amount`. `split` shares one side out by percentages without losing a unit.
/// `"override": "floor"` may take an account below its floor, and is kept on record. `dry_run` answers as if, and leaves
/// nothing. Every answer carries the balances after it. Also at `/v1/transactions`.
#[utoipa::path(
    post, path = "/transactions", tag = "Transactions", params(Repeatable),
    request_body(content = CreateTransaction, examples(
        ("at_once" = (summary = "Money moves now", value = json!(examples::create_transaction()))),
        ("held" = (summary = "Money is held", value = json!(examples::create_pending()))),
        ("split" = (summary = "One side is shared out", value = json!(examples::create_split()))),
        ("scheduled" = (summary = "Money moves later, by itself", value = json!(examples::create_scheduled()))),
        ("sweep" = (summary = "As much as is there, if nobody else was faster", value = json!(examples::create_sweep()))),
    )),
    responses(
        (status = 201, description = "Recorded", body = Transaction, example = json!(examples::transaction())),
        (
            status = 200, description = "Recorded before (`replayed`), or not at all (`dry_run`)", body = Transaction,
            headers(("Idempotency-Replayed" = bool, description = "There, and true, when this is the first answer again"))
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
/// As it stands now: a scheduled one waits, was cancelled, has failed, or shows what it became; a pending one shows what was posted, what was released and what remains of each posting, and a
/// reversed one names its reversal. A command that was refused answers with its refusal, marked as replayed.
#[utoipa::path(
    get, path = "/transactions/{id}", tag = "Transactions", params(TransactionAt),
    responses((
        status = 200, description = "The transaction", body = Transaction,
        example = json!(examples::known(examples::pending()))
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
