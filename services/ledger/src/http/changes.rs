//! Changes to an account: freezing, limits, metadata.

use ledger_api::{AccountChange, ChangeAccount, Shape};
use platform::http::{CallCtx, Json, Path, Problem, Repeatable};

use super::Shared;
use super::accounts::AccountAt;
use super::answer::{AccountAnswer, Done, problem};
use super::body::{NewLimits, NewMetadata, Nothing};
use super::book::InBook;

type Answer = Result<Done<AccountAnswer>, Problem>;

async fn change(ledger: Shared, CallCtx(ctx): CallCtx, at: AccountAt, change: AccountChange) -> Answer {
    let command = ChangeAccount { path: at.path, change };
    let account = ledger.change_account(&ctx, command).await.map_err(|error| problem(error, Shape::Postings))?;
    Ok(Done::changed(account))
}

/// Freeze an account
///
/// It takes no new debits or credits from now on; pending transactions can still be voided and still expire. Freezing a
/// frozen account is safe.
#[utoipa::path(
    post, path = "/accounts/{path}/freeze", tag = "Accounts", params(AccountAt, Repeatable),
    request_body = Option<Nothing>,
    responses((status = 200, description = "Frozen", body = AccountAnswer))
)]
pub(super) async fn freeze_account(
    InBook { ledger, .. }: InBook,
    ctx: CallCtx,
    Path(at): Path<AccountAt>,
    Json(_): Json<Option<Nothing>>,
) -> Answer {
    change(ledger, ctx, at, AccountChange::Freeze).await
}

/// Unfreeze an account
///
/// It takes debits and credits again.
#[utoipa::path(
    post, path = "/accounts/{path}/unfreeze", tag = "Accounts", params(AccountAt, Repeatable),
    request_body = Option<Nothing>,
    responses((status = 200, description = "Open again", body = AccountAnswer))
)]
pub(super) async fn unfreeze_account(
    InBook { ledger, .. }: InBook,
    ctx: CallCtx,
    Path(at): Path<AccountAt>,
    Json(_): Json<Option<Nothing>>,
) -> Answer {
    change(ledger, ctx, at, AccountChange::Unfreeze).await
}

/// Close an account permanently
///
/// Only at zero and without pending transactions. A closed account stays readable and cannot be opened again.
#[utoipa::path(
    post, path = "/accounts/{path}/close", tag = "Accounts", params(AccountAt, Repeatable),
    request_body = Option<Nothing>,
    responses((status = 200, description = "Closed", body = AccountAnswer))
)]
pub(super) async fn close_account(
    InBook { ledger, .. }: InBook,
    ctx: CallCtx,
    Path(at): Path<AccountAt>,
    Json(_): Json<Option<Nothing>>,
) -> Answer {
    change(ledger, ctx, at, AccountChange::Close).await
}

/// Set an account's limits
///
/// These replace all current ones: what is omitted is as for a new account, so the floor is zero again. An account that
/// is already beyond a new limit stays there and can only come back.
#[utoipa::path(
    put, path = "/accounts/{path}/limits", tag = "Accounts", params(AccountAt, Repeatable),
    request_body = NewLimits,
    responses((status = 200, description = "Set", body = AccountAnswer))
)]
pub(super) async fn set_limits(
    InBook { ledger, .. }: InBook,
    ctx: CallCtx,
    Path(at): Path<AccountAt>,
    Json(limits): Json<NewLimits>,
) -> Answer {
    change(ledger, ctx, at, AccountChange::SetLimits(limits.into())).await
}

/// Set an account's metadata
///
/// It replaces all current metadata. Keep personal data out of paths and references and put it here: metadata is stored
/// outside of the log, so that it can be erased.
#[utoipa::path(
    put, path = "/accounts/{path}/metadata", tag = "Accounts", params(AccountAt, Repeatable),
    request_body = NewMetadata,
    responses((status = 200, description = "Set", body = AccountAnswer))
)]
pub(super) async fn set_metadata(
    InBook { ledger, .. }: InBook,
    ctx: CallCtx,
    Path(at): Path<AccountAt>,
    Json(body): Json<NewMetadata>,
) -> Answer {
    change(ledger, ctx, at, AccountChange::SetMetadata(body.metadata)).await
}
