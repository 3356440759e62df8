//! Accounts, balances, holdings and gaps.

use axum::extract::State;
use banking_api::{
    AccountId, AccountKind, AccountQuery, BalanceKind, BalancePage, BalanceQuery, BankAccount, ChangeAccount, Day, Gap,
    HoldingList, InterimReports, Source,
};
use platform::http::{CallCtx, Json, Path, Problem, Query, Repeatable, decode_cursor, encode_cursor, page_limit};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Desk;
use super::imports::PageParams;

const LIST: &str = "bank-accounts";

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct AccountAt {
    /// The account's id.
    #[param(value_type = String)]
    pub(super) id: AccountId,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AccountList {
    items: Vec<BankAccount>,
    /// Send this back as `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountBody {
    /// Unchanged if it is left out.
    #[serde(default)]
    kind: Option<AccountKind>,
    /// How reports of the day so far (camt.052) are read.
    #[serde(default)]
    interim_reports: Option<InterimReports>,
    /// Only this source books from now on.
    #[serde(default)]
    leading: Option<Source>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct BalanceParams {
    /// The balances as of this day; without it the latest ones.
    #[serde(default)]
    at: Option<Day>,
    /// Only this type.
    #[serde(default, rename = "type")]
    #[param(value_type = Option<String>)]
    kind: Option<BalanceKind>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct GapParams {
    /// Only this account.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    account: Option<AccountId>,
    /// `next` of the answer before.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    after: Option<AccountId>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GapList {
    items: Vec<Gap>,
    /// Send this back as `after` for further accounts; absent after the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<AccountId>,
}

/// List bank accounts
///
/// In the order in which they were first told of.
#[utoipa::path(
    get, path = "/accounts", tag = "Bank accounts", params(PageParams),
    responses((status = 200, description = "One page", body = AccountList))
)]
pub(super) async fn list_bank_accounts(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Query(params): Query<PageParams>,
) -> Result<Json<AccountList>, Problem> {
    let after = params.cursor.as_deref().map(|cursor| decode_cursor(LIST, cursor)).transpose()?;
    let query = AccountQuery { account: None, after, limit: page_limit(params.limit)? };
    let page = desk.banking.accounts(&ctx, query).await?;
    let next = page.items.last().filter(|_| page.more).map(|last| encode_cursor(LIST, &last.id));
    Ok(Json(AccountList { items: page.items, next }))
}

/// Read a bank account
///
/// With the latest balance of each type.
#[utoipa::path(
    get, path = "/accounts/{id}", tag = "Bank accounts", params(AccountAt),
    responses((status = 200, description = "The account", body = BankAccount))
)]
pub(super) async fn get_bank_account(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<AccountAt>,
) -> Result<Json<BankAccount>, Problem> {
    Ok(Json(desk.banking.account(&ctx, at.id).await?))
}

/// Change how a bank account is read
///
/// What is left out stays as it is.
#[utoipa::path(
    put, path = "/accounts/{id}", tag = "Bank accounts", params(AccountAt, Repeatable),
    request_body(content = AccountBody, example = json!({ "kind": "savings" })),
    responses((status = 200, description = "As it is now", body = BankAccount))
)]
pub(super) async fn change_bank_account(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<AccountAt>,
    Json(AccountBody { kind, interim_reports, leading }): Json<AccountBody>,
) -> Result<Json<BankAccount>, Problem> {
    let command = ChangeAccount { id: at.id, kind, interim_reports, leading };
    Ok(Json(desk.banking.change_account(&ctx, command).await?))
}

/// Read balances
///
/// The latest of each type as its bank stated it, now or as of a day.
#[utoipa::path(
    get, path = "/accounts/{id}/balances", tag = "Bank accounts", params(AccountAt, BalanceParams),
    responses((status = 200, description = "One of each type", body = BalancePage))
)]
pub(super) async fn list_bank_balances(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<AccountAt>,
    Query(params): Query<BalanceParams>,
) -> Result<Json<BalancePage>, Problem> {
    let query = BalanceQuery { account: at.id, at: params.at, kind: params.kind };
    Ok(Json(desk.banking.balances(&ctx, query).await?))
}

/// Read holdings
///
/// The securities of a brokerage account, as they were told last.
#[utoipa::path(
    get, path = "/accounts/{id}/holdings", tag = "Bank accounts", params(AccountAt),
    responses((status = 200, description = "All of them", body = HoldingList))
)]
pub(super) async fn list_bank_holdings(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<AccountAt>,
) -> Result<Json<HoldingList>, Problem> {
    Ok(Json(desk.banking.holdings(&ctx, at.id).await?))
}

/// List gaps
///
/// Days between two booked balances whose entries do not make the difference. A gap closes when the missing statement
/// is imported.
#[utoipa::path(
    get, path = "/gaps", tag = "Bank accounts", params(GapParams),
    responses((status = 200, description = "Gaps of up to 50 accounts", body = GapList))
)]
pub(super) async fn list_bank_gaps(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Query(params): Query<GapParams>,
) -> Result<Json<GapList>, Problem> {
    let query = AccountQuery { account: params.account, after: params.after, limit: 0 };
    let page = desk.banking.gaps(&ctx, query).await?;
    Ok(Json(GapList { items: page.items, next: page.next }))
}
