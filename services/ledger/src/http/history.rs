//! Sums as of an instant: of one account, of all accounts below a path, and of the whole book.

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

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct AsOf {
    /// The instant, inclusive. Omitted or after the last commit, it means now.
    #[param(example = "2026-01-31T12:00:00Z")]
    at: Option<Timestamp>,
    /// `record`: as the books were then. `event`: as known today, including what was recorded later and took effect by
    /// then.
    #[serde(default)]
    by: TimeBasis,
}

/// Read an account's balance as of an instant
///
/// By record time it is what the books said at that instant; it never changes. By event time, transactions recorded
/// later with an `effective_at` up to the instant count too. Before it was opened, an account's balance is zero.
/// `version` is present by record time only.
#[utoipa::path(
    get, path = "/accounts/{path}/balance", tag = "History", params(AccountAt, AsOf),
    responses((status = 200, description = "The balance", body = AccountBalance))
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
    /// The path whose account, and all below it, are summed.
    #[param(example = "customers")]
    prefix: AccountPath,
    /// The instant; now if omitted.
    #[param(example = "2026-01-31T12:00:00Z")]
    at: Option<Timestamp>,
    /// The clock that the instant refers to.
    #[serde(default)]
    by: TimeBasis,
}

/// Sum the accounts below a path
///
/// Per currency, in one snapshot: all four sums, and `net_debit` as posted debits minus posted credits; now, or as of
/// an instant. A path that contains every account of a book always nets to zero.
#[utoipa::path(
    get, path = "/balances", tag = "History", params(Below),
    responses((status = 200, description = "The sums", body = RollUp))
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
    /// The instant; now if omitted.
    #[param(example = "2026-01-31T12:00:00Z")]
    at: Option<Timestamp>,
    /// The clock that the instant refers to.
    #[serde(default)]
    by: TimeBasis,
    /// Only the account with this path and those below it.
    #[param(example = "customers")]
    prefix: Option<AccountPath>,
    /// Groups accounts that share this many path segments, counted below the prefix. If omitted, each is listed.
    #[param(minimum = 1, maximum = 16, example = 1)]
    depth: Option<u8>,
}

/// Read a trial balance
///
/// Per currency: debits and credits of every account or group of accounts, the balance in the debit or credit column,
/// and the totals. Over the whole book, debits equal credits at any instant by either clock, and `balanced` says so;
/// with a `prefix` they need not.
#[utoipa::path(
    get, path = "/trial-balance", tag = "History", params(Trial),
    responses(
        (status = 200, description = "The trial balance", body = TrialBalance)
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
