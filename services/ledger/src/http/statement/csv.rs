//! A statement as CSV for spreadsheets, sent page by page as it is read.
//!
//! Invariant: no text in it is taken for a formula. Amounts are numbers and are not changed.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use kernel::Ctx;
use ledger_api::{LedgerError, Movement, Side, Statement, StatementBalance, StatementOrder, StatementQuery, limits};
use platform::http::Problem;

use super::super::Shared;
use super::statement;

const HEADER: &str = "recorded_at,effective_at,transaction,kind,counterpart,reference,currency,debit,credit,posted,\
                      pending_in,pending_out\r\n";

/// The page to be written, and what follows it.
struct Rest {
    ledger: Shared,
    ctx: Ctx,
    query: StatementQuery,
    page: Option<Statement>,
}

pub(super) async fn response(ledger: Shared, ctx: Ctx, query: StatementQuery) -> Result<Response, Problem> {
    let query = StatementQuery { limit: Some(limits::PAGE_MAX), ..query };
    // Refusals come before the first byte.
    let first = statement(&ledger, &ctx, query.clone()).await?;
    let name = format!("attachment; filename=\"statement-{}.csv\"", first.path.as_str().replace(':', "_"));
    let begin = format!("{HEADER}{}", edge(&first, true));
    let rest = Rest { ledger, ctx, query, page: Some(first) };
    let pages = stream::try_unfold((begin, rest), async |(begin, rest)| next(begin, rest).await);
    let headers = [(CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (CONTENT_DISPOSITION, name)];
    Ok((headers, Body::from_stream(pages)).into_response())
}

/// The next piece of text; a failure aborts the response, so that nobody mistakes half of it for the whole.
async fn next(begin: String, mut rest: Rest) -> Result<Option<(String, (String, Rest))>, LedgerError> {
    let Some(page) = rest.page.take() else { return Ok(None) };
    let mut text = begin;
    page.movements.iter().for_each(|movement| text.push_str(&line(movement)));
    match page.next {
        Some(after) => {
            let query = StatementQuery { after: Some(after), ..rest.query.clone() };
            rest.page = Some(rest.ledger.statement(&rest.ctx, query).await?);
        }
        None => text.push_str(&edge(&page, false)),
    }
    Ok(Some((text, (String::new(), rest))))
}

/// The first or the last line: the balance before the range or after it, in the statement's order.
fn edge(statement: &Statement, first: bool) -> String {
    let opens = first == (statement.order == StatementOrder::OldestFirst);
    let (kind, balance) = if opens { ("opening", &statement.opening) } else { ("closing", &statement.closing) };
    format!(",,,{kind},,,{},,,{}\r\n", statement.currency, balances(balance))
}

fn line(movement: &Movement) -> String {
    let kind = serde_json::to_value(movement.kind).unwrap_or_default();
    let amount = movement.amount.amount();
    let (debit, credit) = if movement.direction == Side::Debit { (amount.as_str(), "") } else { ("", amount.as_str()) };
    let reference = movement.reference.as_ref().map_or("", |reference| reference.as_str());
    let cells = [
        movement.recorded_at.to_string(),
        movement.effective_at.to_string(),
        movement.transaction.to_string(),
        kind.as_str().unwrap_or_default().to_owned(),
        cell(movement.counterpart.as_str()),
        cell(reference),
        movement.amount.currency().to_string(),
        debit.to_owned(),
        credit.to_owned(),
        balances(&movement.balance),
    ];
    cells.join(",") + "\r\n"
}

fn balances(balance: &StatementBalance) -> String {
    [balance.posted, balance.pending_in, balance.pending_out].map(|money| money.amount()).join(",")
}

/// Text from others: neither a formula nor more than one cell.
pub(super) fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '|', '%']);
    let safe = if formula { format!("'{text}") } else { text.to_owned() };
    if safe.contains([',', '"', '\n', '\r', ';', '\'']) { format!("\"{}\"", safe.replace('"', "\"\"")) } else { safe }
}
