//! Scheduled transactions: listing and cancelling.

use ledger_api::{ScheduledQuery, Shape, Transaction};
use platform::http::{CallCtx, Json, Path, Problem, Query, Repeatable, decode_cursor, encode_cursor};
use serde::Deserialize;
use utoipa::IntoParams;

use super::answer::{Done, Page, problem};
use super::body::Undo;
use super::book::InBook;
use super::transactions::{TransactionAt, submit};

/// The list's name in its cursors, so that another list's cursor is refused.
const LIST: &str = "ledger.scheduled";

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ListScheduled {
    /// Transactions on one page, 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 50, value_type = Option<u32>)]
    limit: Option<usize>,
    /// `next` of the previous page, unchanged.
    cursor: Option<String>,
}

/// List scheduled transactions
///
/// Waiting transactions, in the order in which they will be executed. If there are more, `next` is present: send it
/// back as `cursor`. Executed, failed and cancelled ones are no longer listed; read them by id.
#[utoipa::path(
    get, path = "/scheduled", tag = "Transactions", params(ListScheduled),
    responses((status = 200, description = "One page", body = Page<Transaction>))
)]
pub(super) async fn list_scheduled(
    at: InBook,
    CallCtx(ctx): CallCtx,
    Query(list): Query<ListScheduled>,
) -> Result<Json<Page<Transaction>>, Problem> {
    let after = list.cursor.map(|cursor| decode_cursor(&at.list(LIST), &cursor)).transpose()?;
    let query = ScheduledQuery { after, limit: list.limit };
    let page = at.ledger.scheduled(&ctx, query).await.map_err(|error| problem(error, Shape::Postings))?;
    let next = page.next.map(|place| encode_cursor(&at.list(LIST), &place));
    Ok(Json(Page { items: page.items, next, as_of_seq: page.as_of_seq }))
}

/// Cancel a scheduled transaction
///
/// It will not be executed. The cancellation is a separate transaction with its own id, which names the scheduled one
/// as its `target` and moves nothing.
#[utoipa::path(
    post, path = "/transactions/{id}/cancel", tag = "Transactions", params(TransactionAt, Repeatable),
    request_body = Option<Undo>,
    responses(
        (status = 201, description = "Cancelled", body = Transaction),
        (status = 200, description = "Already cancelled (`replayed`), or not really cancelled (`dry_run`)", body = Transaction),
    )
)]
pub(super) async fn cancel_transaction(
    InBook { ledger, .. }: InBook,
    CallCtx(ctx): CallCtx,
    Path(at): Path<TransactionAt>,
    Json(body): Json<Option<Undo>>,
) -> Result<Done<Transaction>, Problem> {
    submit(ledger, ctx, body.unwrap_or_default().cancel(at.id), Shape::Amounts).await
}
