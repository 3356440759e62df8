//! Responses: 201 for something new, 200 for something that existed already or did not really happen, and refusals as
//! problems with their details.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode};
use ledger_api::{Account, Asset, LedgerError, Shape, Transaction, field_of};
use platform::error::REPLAYED;
use platform::http::{Json, Problem};
use serde::Serialize;
use utoipa::ToSchema;

/// The response to an executed command.
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
    /// Send this back as `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<String>,
    /// The last log row included in the page.
    pub(super) as_of_seq: u64,
}

/// An account and its balances.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccountAnswer {
    #[serde(flatten)]
    account: Account,
    /// Whether the account may go below zero without limit.
    may_go_negative: bool,
}

impl From<Account> for AccountAnswer {
    fn from(account: Account) -> AccountAnswer {
        AccountAnswer { may_go_negative: account.floor.is_none(), account }
    }
}

/// A refusal of the ledger as a problem; `shape` says how the request names amounts.
pub(super) fn problem(error: LedgerError, shape: Shape) -> Problem {
    let field = error.refusal().and_then(|refusal| field_of(refusal, shape));
    let problem = Problem::from(error);
    match field {
        Some(field) => problem.renamed_field(field),
        None => problem,
    }
}
