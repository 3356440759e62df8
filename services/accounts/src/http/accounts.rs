//! Accounts of customers.

use accounts_api::{
    Account, AccountFacts, AccountId, AccountQuery, AddBlock, BlockId, BlockKind, ChangeAccount, CloseAccount,
    CustomerId, FindAccount, InterestPage, InterestQuery, OpenAccount, RemoveBlock,
};
use axum::extract::State;
use http::StatusCode;
use jiff::civil::Date;
use kernel::{Money, Timestamp};
use platform::http::{CallCtx, Json, Page, Path, Problem, Query, Repeatable, decode_cursor, encode_cursor, page_limit};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::Desk;

const LIST: &str = "customer-accounts";

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct AccountAt {
    /// The account's id.
    #[param(value_type = String)]
    id: AccountId,
}

impl AccountAt {
    pub(super) fn id(&self) -> AccountId {
        self.id
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct BlockAt {
    /// The account's id.
    #[param(value_type = String)]
    id: AccountId,
    /// The block's id.
    #[param(value_type = String)]
    block: BlockId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AccountParams {
    /// Only what this customer holds.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    customer: Option<CustomerId>,
    /// Items on one page, 1 to 500.
    #[serde(default)]
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
    /// `next` of the page before, unchanged.
    #[serde(default)]
    cursor: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct NumberParam {
    /// An account number, with or without blanks.
    #[param(example = "DE89 3704 0044 0532 0130 00")]
    number: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct InterestParams {
    /// Only days before this one.
    #[serde(default)]
    #[param(value_type = Option<String>, format = Date)]
    before: Option<Date>,
    /// Days that are looked at, 1 to 500.
    #[serde(default)]
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitsBody {
    /// How far below zero the account may go.
    overdraft: Money,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BlockBody {
    kind: BlockKind,
    #[schema(example = "court order 12/2026")]
    reason: String,
    /// It ends by itself; without this, when it is removed.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CloseBody {
    /// Takes what is left, after interest.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    rest_to: Option<AccountId>,
}

/// Open an account
///
/// It is `opening` until its account in the ledger is open, which is usually at once.
#[utoipa::path(
    post, path = "/accounts", tag = "Customer accounts", params(Repeatable),
    request_body(content = OpenAccount, example = json!({
        "product": "prod_01kppyzd5gfmra2qsx5rkvr8wb", "holders": ["cust_01kppyzd5gfmra2qsx5rkvr8wb"]
    })),
    responses((status = 201, description = "The account", body = Account))
)]
pub(super) async fn open_customer_account(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Json(body): Json<OpenAccount>,
) -> Result<(StatusCode, Json<Account>), Problem> {
    Ok((StatusCode::CREATED, Json(desk.open_account(&ctx, body).await?)))
}

/// List accounts
///
/// Those that the caller may see, in order of opening, without balances.
#[utoipa::path(
    get, path = "/accounts", tag = "Customer accounts", params(AccountParams),
    responses((status = 200, description = "One page", body = Page<Account>))
)]
pub(super) async fn list_customer_accounts(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Query(params): Query<AccountParams>,
) -> Result<Json<Page<Account>>, Problem> {
    let after = params.cursor.as_deref().map(|cursor| decode_cursor(LIST, cursor)).transpose()?;
    let query = AccountQuery { customer: params.customer, after, limit: page_limit(params.limit)? };
    let page = desk.accounts(&ctx, query).await?;
    let next = page.items.last().filter(|_| page.more).map(|last| encode_cursor(LIST, &last.id));
    Ok(Json(Page { items: page.items, next }))
}

/// Find an account by its number
///
/// With what payments and cards need to know before they begin.
#[utoipa::path(
    get, path = "/accounts/resolve", tag = "Customer accounts", params(NumberParam),
    responses((status = 200, description = "The account", body = AccountFacts))
)]
pub(super) async fn resolve_account(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Query(NumberParam { number }): Query<NumberParam>,
) -> Result<Json<AccountFacts>, Problem> {
    Ok(Json(desk.facts(&ctx, FindAccount::Number(number)).await?))
}

/// Read an account
///
/// With its balances, as the ledger says.
#[utoipa::path(
    get, path = "/accounts/{id}", tag = "Customer accounts", params(AccountAt),
    responses((status = 200, description = "The account", body = Account))
)]
pub(super) async fn get_customer_account(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<AccountAt>,
) -> Result<Json<Account>, Problem> {
    Ok(Json(desk.account(&ctx, at.id).await?))
}

/// Set an account's overdraft
///
/// Up to what the product allows. The ledger refuses what would go further.
#[utoipa::path(
    put, path = "/accounts/{id}/limits", tag = "Customer accounts", params(AccountAt, Repeatable),
    request_body(content = LimitsBody, example = json!({ "overdraft": { "amount": "100.00", "currency": "EUR" } })),
    responses((status = 200, description = "As it is now", body = Account))
)]
pub(super) async fn change_customer_account(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<AccountAt>,
    Json(LimitsBody { overdraft }): Json<LimitsBody>,
) -> Result<Json<Account>, Problem> {
    Ok(Json(desk.change_account(&ctx, ChangeAccount { id: at.id, overdraft }).await?))
}

/// Block an account
///
/// Payments and cards ask for blocks before they begin. A block that expires ends by itself.
#[utoipa::path(
    post, path = "/accounts/{id}/blocks", tag = "Customer accounts", params(AccountAt, Repeatable),
    request_body(content = BlockBody, example = json!({ "kind": "debit", "reason": "card reported stolen" })),
    responses((status = 201, description = "The account with its blocks", body = Account))
)]
pub(super) async fn add_account_block(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<AccountAt>,
    Json(BlockBody { kind, reason, expires_at }): Json<BlockBody>,
) -> Result<(StatusCode, Json<Account>), Problem> {
    let command = AddBlock { account: at.id, kind, reason, expires_at };
    Ok((StatusCode::CREATED, Json(desk.add_block(&ctx, command).await?)))
}

/// Remove a block
///
/// It ends at once.
#[utoipa::path(
    delete, path = "/accounts/{id}/blocks/{block}", tag = "Customer accounts", params(BlockAt, Repeatable),
    responses((status = 200, description = "The account with the blocks that are left", body = Account))
)]
pub(super) async fn remove_account_block(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(BlockAt { id, block }): Path<BlockAt>,
) -> Result<Json<Account>, Problem> {
    Ok(Json(desk.remove_block(&ctx, RemoveBlock { account: id, block }).await?))
}

/// Close an account
///
/// Interest is paid out up to the last day that is over, the rest goes to `rest_to`, and the ledger's account is closed.
/// Until then it is `closing`.
#[utoipa::path(
    post, path = "/accounts/{id}/close", tag = "Customer accounts", params(AccountAt, Repeatable),
    request_body(content = CloseBody, example = json!({ "rest_to": "acct_01kppyzd5gfmra2qsx5rkvr8wb" })),
    responses((status = 200, description = "As it is now", body = Account))
)]
pub(super) async fn close_customer_account(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<AccountAt>,
    Json(CloseBody { rest_to }): Json<CloseBody>,
) -> Result<Json<Account>, Problem> {
    Ok(Json(desk.close_account(&ctx, CloseAccount { id: at.id, rest_to }).await?))
}

/// Read interest of an account
///
/// Day by day, the newest first, in millionths of the smallest unit; days without interest are left out.
#[utoipa::path(
    get, path = "/accounts/{id}/interest", tag = "Customer accounts", params(AccountAt, InterestParams),
    responses((status = 200, description = "One page", body = InterestPage))
)]
pub(super) async fn list_account_interest(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<AccountAt>,
    Query(params): Query<InterestParams>,
) -> Result<Json<InterestPage>, Problem> {
    let query = InterestQuery { account: at.id, before: params.before, limit: page_limit(params.limit)? };
    Ok(Json(desk.interest(&ctx, query).await?))
}
