//! Sums as of an instant: of one account, of all below a path, and of the whole book.

use kernel::Timestamp;
use ledger_api::{
    AccountBalance, AccountPath, BalanceQuery, RollUp, RollUpQuery, Shape, TimeBasis, TrialBalance, TrialBalanceQuery,
};
use platform::http::{CallCtx, Json, Path, Problem, Query};
use serde::Deserialize;
use utoipa::IntoParams;

use super::accounts::AccountAt;
use super::answer::problem;
use super::book::InBook;
use super::examples;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct AsOf {
    /// The instant; what happened at it counts. Nothing is now, and so is an instant behind the last commit.
    #[param(example = "2026-01-31T12:00:00Z")]
    at: Option<Timestamp>,
    /// `record`: as the books stood then. `event`: as is known today, with what was recorded later and counts from before.
    #[serde(default)]
    by: TimeBasis,
}

/// Read an account's balance as of an instant
///
/// By record time it is what the account was said to stand at then; it never changes again. By event time, transactions that
/// were recorded later with an `effective_at` up to the instant count as well. Before it was opened, an account stood at zero.
/// `version` is there by record time only.
#[utoipa::path(
    get, path = "/accounts/{path}/balance", tag = "History", params(AccountAt, AsOf),
    responses((status = 200, description = "The balance", body = AccountBalance, example = json!(examples::account_balance())))
)]
pub(super) async fn account_balance(
    InBook { ledger, .. }: InBook,
    CallCtx(ctx): CallCtx,
    Path(account): Path<AccountAt>,
    Query(AsOf { at, by }): Query<AsOf>,
) -> Result<Json<AccountBalance>, Problem> {
    let query = BalanceQuery { path: account.path, at, by };
    ledger.balance(&ctx, query).await.map(Json).map_err(|error| problem(error, Shape::Postings))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Below {
    /// The path whose account, and all below it, are added up.
    #[param(example = "customers")]
    prefix: AccountPath,
    /// The instant; nothing is now.
    #[param(example = "2026-01-31T12:00:00Z")]
    at: Option<Timestamp>,
    /// The clock that the instant is read from.
    #[serde(default)]
    by: TimeBasis,
}

/// Add up the accounts below a path
///
/// Per currency, in one snapshot: all four sums, and `net_debit` as posted debits less posted credits; now, or as of an
/// instant. The root of a book whose every account lies below one path always nets to zero.
#[utoipa::path(
    get, path = "/balances", tag = "History", params(Below),
    responses((status = 200, description = "The sums", body = RollUp, example = json!(examples::roll_up())))
)]
pub(super) async fn roll_up(
    InBook { ledger, .. }: InBook,
    CallCtx(ctx): CallCtx,
    Query(Below { prefix, at, by }): Query<Below>,
) -> Result<Json<RollUp>, Problem> {
    let query = RollUpQuery { prefix, at, by };
    ledger.roll_up(&ctx, query).await.map(Json).map_err(|error| problem(error, Shape::Postings))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Trial {
    /// The instant; nothing is now.
    #[param(example = "2026-01-31T12:00:00Z")]
    at: Option<Timestamp>,
    /// The clock that the instant is read from.
    #[serde(default)]
    by: TimeBasis,
    /// Only the account with this path and those below it.
    #[param(example = "customers")]
    prefix: Option<AccountPath>,
    /// Puts accounts together that share this many segments of their paths, counted below the prefix. Nothing lists each.
    #[param(minimum = 1, maximum = 16, example = 1)]
    depth: Option<u8>,
}

/// Draw up a trial balance
///
/// Per currency: what was debited and credited on every account or group of accounts, the balance in the column of debits or
/// of credits, and the totals. Of the whole book, debits equal credits at any instant by either clock, and `balanced` says
/// so; with a `prefix` they need not.
#[utoipa::path(
    get, path = "/trial-balance", tag = "History", params(Trial),
    responses(
        (status = 200, description = "The trial balance", body = TrialBalance, example = json!(examples::trial_balance()))
    )
)]
pub(super) async fn trial_balance(
    InBook { ledger, .. }: InBook,
    CallCtx(ctx): CallCtx,
    Query(Trial { at, by, prefix, depth }): Query<Trial>,
) -> Result<Json<TrialBalance>, Problem> {
    let query = TrialBalanceQuery { at, by, prefix, depth };
    ledger.trial_balance(&ctx, query).await.map(Json).map_err(|error| problem(error, Shape::Postings))
}
