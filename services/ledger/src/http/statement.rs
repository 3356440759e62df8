//! Statements: as paged JSON, as CSV for spreadsheets, and as a page for people.

mod csv;
mod page;
#[cfg(test)]
mod tests;

use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use http::header::ACCEPT;
use kernel::{Ctx, Currency, Timestamp};
use ledger_api::{
    AccountPath, BookName, Movement, Refusal, Shape, Side, Statement, StatementBalance, StatementCursor,
    StatementOrder, StatementQuery, TimeBasis,
};
use platform::http::{CallCtx, Json, Path, Problem, Query, decode_cursor, encode_cursor};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Shared;
use super::accounts::AccountAt;
use super::answer::problem;
use super::book::{InBook, list};

#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// The first instant of the range; the account's opening if omitted.
    #[param(example = "2026-01-01T00:00:00Z")]
    from: Option<Timestamp>,
    /// The first instant after the range, so that one range ends where the next one begins; everything known if
    /// omitted.
    #[param(example = "2027-01-01T00:00:00Z")]
    to: Option<Timestamp>,
    /// `record`: in record order. `event`: in the order of taking effect.
    #[serde(default)]
    by: TimeBasis,
    /// Whether the oldest or the newest comes first.
    #[serde(default)]
    order: StatementOrder,
    /// Include rows that move no money: holds, increases, releases.
    #[serde(default)]
    #[param(default = false)]
    holds: bool,
    /// Movements on one page, 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<usize>,
    /// `next` or `previous` of another page, unchanged, with the same other parameters.
    cursor: Option<String>,
    /// If omitted, the header `Accept` decides: `application/json`, `text/csv` or `text/html`, whichever it names
    /// first.
    #[param(inline)]
    format: Option<Format>,
    /// Removed from the query before this is parsed.
    #[serde(skip, default = "BookName::main")]
    book: BookName,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Format {
    Json,
    /// The whole range as CSV for spreadsheets.
    Csv,
    /// A page for people.
    Page,
}

/// A page of an account's movements.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StatementAnswer {
    path: AccountPath,
    currency: Currency,
    /// The account's normal side.
    normal: Side,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    by: TimeBasis,
    order: StatementOrder,
    /// The last log row included, the same on all pages of the statement.
    as_of_seq: u64,
    /// Before the whole range.
    opening: StatementBalance,
    /// After the whole range.
    closing: StatementBalance,
    movements: Vec<Movement>,
    /// The cursor of the next page; absent on the last one. A page may be short and still have one.
    next: Option<String>,
    /// The cursor of the previous page; absent on the first one.
    previous: Option<String>,
}

/// Read an account's statement
///
/// Every movement of the account in a time range: direction, counterpart, reference, and the balance after it.
/// `opening` plus all movements equals `closing`, however a range is divided into ranges and pages. All pages reached
/// from each other show one state of the books, `as_of_seq`, even while more is recorded.
///
/// As CSV it is the whole range in one response, with `opening` and `closing` as its first and last line; text that a
/// spreadsheet could take for a formula is prefixed with an apostrophe. As a page it can be read and printed.
#[utoipa::path(
    get, path = "/accounts/{path}/statement", tag = "History", params(AccountAt, Asked),
    responses((
        status = 200, description = "One page, or the whole range as CSV",
        content(
            (StatementAnswer = "application/json"),
            (String = "text/csv"),
            (String = "text/html"),
        )
    ))
)]
pub(super) async fn account_statement(
    InBook { ledger, book }: InBook,
    CallCtx(ctx): CallCtx,
    Path(account): Path<AccountAt>,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let asked = Asked { book, ..asked };
    let query = asked.query(account.path)?;
    match asked.format.unwrap_or_else(|| accepted(&headers)) {
        Format::Json => Ok(Json(StatementAnswer::of(statement(&ledger, &ctx, query).await?, &asked)).into_response()),
        Format::Page => Ok(page::response(&statement(&ledger, &ctx, query).await?, &asked)),
        Format::Csv => csv::response(ledger, ctx, asked.whole(query)?).await,
    }
}

async fn statement(ledger: &Shared, ctx: &Ctx, query: StatementQuery) -> Result<Statement, Problem> {
    ledger.statement(ctx, query).await.map_err(|error| problem(error, Shape::Postings))
}

/// The first media type that is both named and offered.
fn accepted(headers: &HeaderMap) -> Format {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let format = |kind: &str| match kind.split(';').next().unwrap_or_default().trim() {
        "application/json" | "*/*" => Some(Format::Json),
        "text/csv" => Some(Format::Csv),
        "text/html" => Some(Format::Page),
        _ => None,
    };
    accept.split(',').find_map(format).unwrap_or(Format::Json)
}

impl Asked {
    fn query(&self, path: AccountPath) -> Result<StatementQuery, Problem> {
        let list = self.list(&path);
        let after = self.cursor.as_ref().map(|cursor| decode_cursor(&list, cursor)).transpose()?;
        let Asked { from, to, by, order, holds, limit, .. } = *self;
        Ok(StatementQuery { path, from, to, by, order, holds, after, limit })
    }

    /// The query of a CSV, which has no pages.
    fn whole(&self, query: StatementQuery) -> Result<StatementQuery, Problem> {
        if self.limit.is_none() && self.cursor.is_none() {
            return Ok(query);
        }
        let detail = "CSV contains the whole range; omit limit and cursor".to_owned();
        Err(problem(Refusal::QueryUnsupported { detail }.into(), Shape::Postings))
    }

    /// The statement's name in its cursors, so that another list's cursor is refused.
    fn list(&self, path: &AccountPath) -> String {
        let Asked { from, to, by, order, holds, .. } = self;
        list(&self.book, &format!("ledger.statement {path} {from:?} {to:?} {by:?} {order:?} {holds}"))
    }

    fn cursor(&self, path: &AccountPath, cursor: Option<StatementCursor>) -> Option<String> {
        cursor.map(|cursor| encode_cursor(&self.list(path), &cursor))
    }
}

impl StatementAnswer {
    fn of(statement: Statement, asked: &Asked) -> StatementAnswer {
        let next = asked.cursor(&statement.path, statement.next);
        let previous = asked.cursor(&statement.path, statement.previous);
        let Statement { path, currency, normal, from, to, by, order, as_of_seq, opening, closing, movements, .. } =
            statement;
        StatementAnswer {
            path,
            currency,
            normal,
            from,
            to,
            by,
            order,
            as_of_seq,
            opening,
            closing,
            movements,
            next,
            previous,
        }
    }
}
