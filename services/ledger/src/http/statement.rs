//! Statements: as JSON in pages, as a table for spreadsheets, and as a page for people.

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
use super::examples;

#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// The first instant of the range. Nothing is the account's opening.
    #[param(example = "2026-01-01T00:00:00Z")]
    from: Option<Timestamp>,
    /// The first instant behind the range, so that one range ends where the next one begins. Nothing is all that is known.
    #[param(example = "2027-01-01T00:00:00Z")]
    to: Option<Timestamp>,
    /// `record`: in the order in which it was recorded. `event`: in the order in which it counts.
    #[serde(default)]
    by: TimeBasis,
    /// Which end of the range comes first.
    #[serde(default)]
    order: StatementOrder,
    /// Also rows that move no money: holds, increases, releases.
    #[serde(default)]
    #[param(default = false)]
    holds: bool,
    /// Movements on one page, 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<usize>,
    /// `next` or `previous` of another page, unchanged, with the same parameters beside it.
    cursor: Option<String>,
    /// Without it, the header `Accept` decides: `application/json`, `text/csv` or `text/html`, whichever it names first.
    #[param(inline)]
    format: Option<Format>,
    /// Taken out of the query before this is read.
    #[serde(skip, default = "BookName::main")]
    book: BookName,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Format {
    Json,
    /// The whole range as a table for spreadsheets.
    Csv,
    /// A page for people.
    Page,
}

/// A page of what moved on an account.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StatementAnswer {
    path: AccountPath,
    currency: Currency,
    /// The side on which the account grows.
    normal: Side,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    by: TimeBasis,
    order: StatementOrder,
    /// The last row of the log that the statement knows, the same on all of its pages.
    as_of_seq: u64,
    /// Before the whole range.
    opening: StatementBalance,
    /// Behind the whole range.
    closing: StatementBalance,
    movements: Vec<Movement>,
    /// The cursor of the page behind this one; nothing on the last one. A page may be short and have one all the same.
    next: Option<String>,
    /// The cursor of the page before this one; nothing on the first one.
    previous: Option<String>,
}

/// Read an account's statement
///
/// Everything that moved the account in a range of time: direction, counterpart, reference, and the balance behind each
/// movement. `opening` plus all movements is `closing`, however a range is cut into ranges and pages. All pages that are
/// reached from one another show one state of the books, `as_of_seq`, even while more is recorded.
///
/// As CSV it is the whole range in one answer, with `opening` and `closing` as its first and last line; texts that a
/// spreadsheet could take for a formula have an apostrophe in front. As a page it can be read and printed.
#[utoipa::path(
    get, path = "/accounts/{path}/statement", tag = "History", params(AccountAt, Asked),
    responses((
        status = 200, description = "One page, or the whole range as CSV",
        content(
            (StatementAnswer = "application/json", example = json!(examples::statement())),
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

/// The first kind that is named and offered.
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

    /// The query of a table, which has no pages.
    fn whole(&self, query: StatementQuery) -> Result<StatementQuery, Problem> {
        if self.limit.is_none() && self.cursor.is_none() {
            return Ok(query);
        }
        let detail = "a table holds the whole range; leave limit and cursor away".to_owned();
        Err(problem(Refusal::QueryUnsupported { detail }.into(), Shape::Postings))
    }

    /// Names the statement in its cursors, so that the cursor of another one is refused.
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
