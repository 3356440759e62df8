//! What callers get: 201 for what is new, 200 for what was there already or did not really happen, and refusals as
//! problems with their particulars.

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode};
use ledger_api::{Account, Asset, LedgerError, Refusal, Transaction};
use platform::http::{Json, Problem, members_of};
use serde::Serialize;
use utoipa::ToSchema;

use super::field;

pub(super) const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// Seconds after which it is worth trying again: a commit takes milliseconds.
const RETRY_AFTER_S: u32 = 1;

/// The answer to a command that was carried out.
pub(super) struct Done<T> {
    status: StatusCode,
    replayed: bool,
    body: T,
}

impl Done<Transaction> {
    pub(super) fn transaction(body: Transaction) -> Done<Transaction> {
        Done { status: status_of(&body), replayed: body.replayed, body }
    }
}

impl Done<Asset> {
    pub(super) fn asset(body: Asset) -> Done<Asset> {
        Done { status: created(!body.replayed), replayed: body.replayed, body }
    }
}

impl Done<AccountAnswer> {
    pub(super) fn opened(account: Account) -> Done<AccountAnswer> {
        Done { status: created(!account.replayed), replayed: account.replayed, body: account.into() }
    }

    pub(super) fn changed(account: Account) -> Done<AccountAnswer> {
        Done { status: StatusCode::OK, replayed: account.replayed, body: account.into() }
    }
}

pub(super) fn status_of(transaction: &Transaction) -> StatusCode {
    created(!transaction.replayed && !transaction.dry_run)
}

fn created(new: bool) -> StatusCode {
    if new { StatusCode::CREATED } else { StatusCode::OK }
}

impl<T: Serialize> IntoResponse for Done<T> {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        if self.replayed {
            response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Page<T> {
    pub(super) items: Vec<T>,
    /// Hand this back as `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<String>,
    /// The last row of the log that was known to the page.
    pub(super) as_of_seq: u64,
}

/// An account and its three balances.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccountAnswer {
    #[serde(flatten)]
    account: Account,
    /// Whether the account may go below zero without any bound.
    may_go_negative: bool,
}

impl From<Account> for AccountAnswer {
    fn from(account: Account) -> AccountAnswer {
        AccountAnswer { may_go_negative: account.floor.is_none(), account }
    }
}

/// A refusal of the ledger as a problem; `shape` says what the request called the things that it is about.
pub(super) fn problem(error: LedgerError, shape: field::Shape) -> Problem {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = platform::http::Refusal::new(status, error.code(), error.title());
    let problem = kind.because(error.to_string());
    match error {
        LedgerError::Refused { refusal, replayed } => refused(problem, &refusal, replayed, shape),
        LedgerError::Overloaded
        | LedgerError::AccessStale
        | LedgerError::Unavailable
        | LedgerError::ClockBehind
        | LedgerError::DeadlineExceeded
        | LedgerError::OutcomeUnknown => problem.retry_after_s(RETRY_AFTER_S),
        LedgerError::Internal => problem.caused_by("the ledger failed; its own line in the log says why"),
        LedgerError::Forbidden | LedgerError::StorageFull => problem,
    }
}

fn refused(problem: Problem, refusal: &Refusal, replayed: bool, shape: field::Shape) -> Problem {
    let mut problem =
        members_of(refusal).into_iter().fold(problem, |problem, (name, value)| problem.member(name, value));
    if let Some(field) = field::of(refusal, shape) {
        problem = problem.and_field(field, refusal.to_string());
    }
    if replayed {
        problem = problem.header(REPLAYED, HeaderValue::from_static("true")).member("replayed", true);
    }
    problem
}
