//! Transactions, and what people decide about them.

use axum::extract::State;
use banking_api::{ChangeTransaction, Day, Status, Transaction, TransactionChange, TransactionId, TransactionQuery};
use platform::http::{CallCtx, Json, Path, Problem, Query, Repeatable, decode_cursor, encode_cursor, page_limit};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::accounts::AccountAt;
use super::{Desk, Nothing};

const LIST: &str = "bank-transactions";

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct TransactionAt {
    /// The transaction's id.
    #[param(value_type = String)]
    id: TransactionId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct TransactionParams {
    /// The first day.
    #[serde(default)]
    from: Option<Day>,
    /// The last day.
    #[serde(default)]
    to: Option<Day>,
    /// Only these; without it all that were not removed.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    status: Option<Status>,
    /// `next` of the page before.
    #[serde(default)]
    cursor: Option<String>,
    /// 50 unless given, at most 500.
    #[serde(default)]
    limit: Option<u32>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TransactionList {
    items: Vec<Transaction>,
    /// Send this back as `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CategoryBody {
    /// Null gives the category back to the rules.
    category: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MergeBody {
    /// The transaction that this one repeats.
    into: TransactionId,
}

/// List transactions
///
/// The newest day first.
#[utoipa::path(
    get, path = "/accounts/{id}/transactions", tag = "Bank accounts", params(AccountAt, TransactionParams),
    responses((status = 200, description = "One page", body = TransactionList))
)]
pub(super) async fn list_bank_transactions(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<AccountAt>,
    Query(params): Query<TransactionParams>,
) -> Result<Json<TransactionList>, Problem> {
    let TransactionParams { from, to, status, cursor, limit } = params;
    let after = cursor.as_deref().map(|cursor| decode_cursor(LIST, cursor)).transpose()?;
    let query = TransactionQuery { account: at.id, from, to, status, after, limit: page_limit(limit)? };
    let page = desk.banking.transactions(&ctx, query).await?;
    let next = page.items.last().filter(|_| page.more).map(|last| encode_cursor(LIST, &last.id));
    Ok(Json(TransactionList { items: page.items, next }))
}

/// Read a transaction
///
/// Also one that was removed.
#[utoipa::path(
    get, path = "/transactions/{id}", tag = "Bank accounts", params(TransactionAt),
    responses((status = 200, description = "The transaction", body = Transaction))
)]
pub(super) async fn get_bank_transaction(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<TransactionAt>,
) -> Result<Json<Transaction>, Problem> {
    Ok(Json(desk.banking.transaction(&ctx, at.id).await?))
}

async fn change(
    desk: &Desk,
    ctx: &kernel::Ctx,
    id: TransactionId,
    change: TransactionChange,
) -> Result<Json<Transaction>, Problem> {
    Ok(Json(desk.banking.change_transaction(ctx, ChangeTransaction { id, change }).await?))
}

/// Choose a category
///
/// No import and no rule changes it afterwards. `null` gives it back to the rules.
#[utoipa::path(
    put, path = "/transactions/{id}/category", tag = "Bank accounts", params(TransactionAt, Repeatable),
    request_body(content = CategoryBody, example = json!({ "category": "office rent" })),
    responses((status = 200, description = "As it is now", body = Transaction))
)]
pub(super) async fn set_bank_category(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<TransactionAt>,
    Json(CategoryBody { category }): Json<CategoryBody>,
) -> Result<Json<Transaction>, Problem> {
    change(&desk, &ctx, at.id, TransactionChange::Category { category }).await
}

/// Keep a possible duplicate
///
/// It is a movement of its own, and counts. `undo` takes the decision back.
#[utoipa::path(
    post, path = "/transactions/{id}/keep", tag = "Bank accounts", params(TransactionAt, Repeatable),
    request_body(content = Nothing, example = json!({})),
    responses((status = 200, description = "Booked", body = Transaction))
)]
pub(super) async fn keep_bank_transaction(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<TransactionAt>,
    Json(Nothing {}): Json<Nothing>,
) -> Result<Json<Transaction>, Problem> {
    change(&desk, &ctx, at.id, TransactionChange::Keep).await
}

/// Merge a possible duplicate
///
/// It is the other transaction, told again. `undo` takes the decision back.
#[utoipa::path(
    post, path = "/transactions/{id}/merge", tag = "Bank accounts", params(TransactionAt, Repeatable),
    request_body(content = MergeBody, example = json!({ "into": "btxn_01kppyzd5gfmra2qsx5rkvr8wb" })),
    responses((status = 200, description = "Removed", body = Transaction))
)]
pub(super) async fn merge_bank_transaction(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<TransactionAt>,
    Json(MergeBody { into }): Json<MergeBody>,
) -> Result<Json<Transaction>, Problem> {
    change(&desk, &ctx, at.id, TransactionChange::Merge { into }).await
}

/// Undo a decision about a possible duplicate
///
/// Takes back `keep` or `merge`.
#[utoipa::path(
    post, path = "/transactions/{id}/undo", tag = "Bank accounts", params(TransactionAt, Repeatable),
    request_body(content = Nothing, example = json!({})),
    responses((status = 200, description = "A possible duplicate again", body = Transaction))
)]
pub(super) async fn undo_bank_decision(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<TransactionAt>,
    Json(Nothing {}): Json<Nothing>,
) -> Result<Json<Transaction>, Problem> {
    change(&desk, &ctx, at.id, TransactionChange::Undo).await
}
