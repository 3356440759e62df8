//! Statements of an account, in several forms.

mod sheet;

use std::sync::Arc;

use accounts_api::{AccountId, Statement, StatementList, StatementQuery, limits};
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures_util::stream::try_unfold;
use http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use kernel::{Clock, Ctx, Deadline};
use platform::http::{CallCtx, Json, Path, Problem, Query};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::Desk;
use super::accounts::AccountAt;
use sheet::Sheet;

/// For each page of a file that is sent page by page.
const PAGE_MS: u64 = 10_000;
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct StatementAt {
    /// The account's id.
    #[param(value_type = String)]
    id: AccountId,
    /// The statement's number, from 1.
    #[param(example = 1)]
    number: u32,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Form {
    #[default]
    Json,
    Csv,
    /// A page to print.
    Page,
    #[serde(rename = "camt.053")]
    Camt053,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct FormParam {
    /// JSON, CSV, a page to print, or camt.053.001.08.
    #[serde(default)]
    #[param(inline)]
    format: Form,
}

/// List statements
///
/// One for each month that is over, the newest first.
#[utoipa::path(
    get, path = "/accounts/{id}/statements", tag = "Statements", params(AccountAt),
    responses((status = 200, description = "All of them", body = StatementList))
)]
pub(super) async fn list_account_statements(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<AccountAt>,
) -> Result<Json<StatementList>, Problem> {
    Ok(Json(desk.statements(&ctx, at.id()).await?))
}

/// Read a statement
///
/// The same bytes whenever it is asked for, until the customer is erased; sent page by page. `unavailable` while the index
/// has not reached the end of the month. In CSV, text that a spreadsheet could take for a formula has an apostrophe before
/// it.
#[utoipa::path(
    get, path = "/accounts/{id}/statements/{number}", tag = "Statements", params(StatementAt, FormParam),
    responses((
        status = 200, description = "The whole statement",
        content(
            (Statement = "application/json"), (String = "text/csv"), (String = "text/html"), (String = "application/xml")
        )
    ))
)]
pub(super) async fn get_account_statement(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Extension(clock): Extension<Arc<dyn Clock>>,
    Path(StatementAt { id, number }): Path<StatementAt>,
    Query(FormParam { format }): Query<FormParam>,
) -> Result<Response, Problem> {
    let query = StatementQuery { account: id, number, after: None, limit: limits::PAGE_MAX };
    // A refusal comes before the first byte.
    let first = desk.statement(&ctx, query.clone()).await?;
    let name = format!("statement-{}-{number}", first.account_number);
    let (kind, ending) = match format {
        Form::Json => ("application/json", None),
        Form::Csv => ("text/csv; charset=utf-8", Some("csv")),
        Form::Page => ("text/html; charset=utf-8", None),
        Form::Camt053 => ("application/xml", Some("xml")),
    };
    let sheet = Sheet::new(format, &first).map_err(Problem::internal)?;
    let rest = Rest { desk, ctx, clock, query, sheet, page: Some(first) };
    let body = Body::from_stream(try_unfold(rest, next));
    let mut response = ([(CONTENT_TYPE, kind), (CONTENT_SECURITY_POLICY, POLICY)], body).into_response();
    if let Some(value) = ending.and_then(|ending| format!("attachment; filename=\"{name}.{ending}\"").parse().ok()) {
        response.headers_mut().insert(CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

/// The page to be written, and what follows it.
struct Rest {
    desk: Desk,
    ctx: Ctx,
    clock: Arc<dyn Clock>,
    query: StatementQuery,
    sheet: Sheet,
    page: Option<Statement>,
}

/// The next piece; a failure aborts the answer, so that half of it is not mistaken for the whole.
async fn next(mut rest: Rest) -> Result<Option<(Vec<u8>, Rest)>, std::io::Error> {
    let Some(page) = rest.page.take() else { return Ok(None) };
    let bytes = rest.sheet.page(&page).map_err(std::io::Error::other)?;
    if page.next.is_some() {
        let query = StatementQuery { after: page.next, ..rest.query.clone() };
        let ctx = for_page(&rest.ctx, &*rest.clock);
        rest.page = Some(rest.desk.statement(&ctx, query).await.map_err(std::io::Error::other)?);
    }
    Ok(Some((bytes, rest)))
}

/// A file of many pages may take longer than one request.
pub(super) fn for_page(ctx: &Ctx, clock: &dyn Clock) -> Ctx {
    Ctx { deadline: Deadline::after_millis(clock, PAGE_MS), ..ctx.clone() }
}
