//! Sums and exports of movements.

use std::sync::Arc;

use accounts_api::{AccountId, Movement, MovementPage, MovementQuery, Summary, SummaryBy, SummaryQuery, limits};
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use formats::csv::{Cell, Export};
use formats::statement::WriteError;
use futures_util::stream::try_unfold;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use jiff::civil::Date;
use kernel::{Clock, Ctx, Timestamp};
use platform::http::{CallCtx, Json, Problem, Query};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::Desk;
use super::pipe::Pipe;
use super::statements::for_page;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Form {
    #[default]
    Csv,
    Jsonl,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SummaryParams {
    /// All accounts that the caller holds, if it is left out.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    account: Option<AccountId>,
    /// A day of the first month.
    #[param(value_type = String, format = Date, example = "2026-01-01")]
    from: Date,
    /// A day of the last month.
    #[param(value_type = String, format = Date, example = "2026-12-31")]
    to: Date,
    /// What a line is about.
    #[param(inline)]
    by: SummaryBy,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ExportParams {
    /// CSV, or a JSON object per line.
    #[serde(default)]
    #[param(inline)]
    format: Form,
    /// Only this account; otherwise all that the caller may see.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    account: Option<AccountId>,
    /// Recorded at or after this instant.
    #[serde(default)]
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Recorded before this instant.
    #[serde(default)]
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
}

/// Sum movements
///
/// By category, month, or both, per currency, over up to 24 months.
#[utoipa::path(
    get, path = "/transactions/summary", tag = "Movements", params(SummaryParams),
    responses((status = 200, description = "The sums", body = Summary))
)]
pub(super) async fn summarise_movements(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Query(SummaryParams { account, from, to, by }): Query<SummaryParams>,
) -> Result<Json<Summary>, Problem> {
    Ok(Json(desk.summary(&ctx, SummaryQuery { account, from, to, by }).await?))
}

/// Export movements
///
/// All of them, the newest first, sent page by page as they are read. In CSV, text that a spreadsheet could take for a
/// formula has an apostrophe before it.
#[utoipa::path(
    get, path = "/transactions/export", tag = "Movements", params(ExportParams),
    responses((
        status = 200, description = "The movements",
        content((String = "text/csv"), (String = "application/x-ndjson"))
    ))
)]
pub(super) async fn export_movements(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Extension(clock): Extension<Arc<dyn Clock>>,
    Query(ExportParams { format, account, from, to }): Query<ExportParams>,
) -> Result<Response, Problem> {
    let query = MovementQuery { account, from, to, limit: limits::PAGE_MAX, ..MovementQuery::default() };
    // A refusal comes before the first byte.
    let first = desk.movements(&ctx, query.clone()).await?;
    let sheet = Sheet::new(format).map_err(Problem::internal)?;
    let (kind, name) = match format {
        Form::Csv => ("text/csv; charset=utf-8", "attachment; filename=\"movements.csv\""),
        Form::Jsonl => ("application/x-ndjson", "attachment; filename=\"movements.jsonl\""),
    };
    let rest = Rest { desk, ctx, clock, query, sheet, page: Some(first) };
    let body = Body::from_stream(try_unfold(rest, next));
    Ok(([(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, name)], body).into_response())
}

/// The page to be written, and what follows it.
struct Rest {
    desk: Desk,
    ctx: Ctx,
    clock: Arc<dyn Clock>,
    query: MovementQuery,
    sheet: Sheet,
    page: Option<MovementPage>,
}

/// The next piece; a failure aborts the answer, so that half of it is not mistaken for the whole.
async fn next(mut rest: Rest) -> Result<Option<(Vec<u8>, Rest)>, std::io::Error> {
    let Some(page) = rest.page.take() else { return Ok(None) };
    let bytes = rest.sheet.page(&page.items).map_err(std::io::Error::other)?;
    if page.next.is_some() {
        let query = MovementQuery { before: page.next, ..rest.query.clone() };
        let ctx = for_page(&rest.ctx, &*rest.clock);
        rest.page = Some(rest.desk.movements(&ctx, query).await.map_err(std::io::Error::other)?);
    }
    Ok(Some((bytes, rest)))
}

enum Sheet {
    Csv(Box<Export<Pipe>>, Pipe),
    Jsonl,
}

const NAMES: [&str; 13] = [
    "id",
    "account",
    "at",
    "status",
    "amount",
    "currency",
    "kind",
    "category",
    "name",
    "number",
    "text",
    "counterpart",
    "transaction",
];

impl Sheet {
    fn new(form: Form) -> Result<Sheet, WriteError> {
        let pipe = Pipe::default();
        match form {
            Form::Csv => Ok(Sheet::Csv(Box::new(Export::new(pipe.clone(), &NAMES)?), pipe)),
            Form::Jsonl => Ok(Sheet::Jsonl),
        }
    }

    fn page(&mut self, items: &[Movement]) -> Result<Vec<u8>, WriteError> {
        match self {
            Sheet::Csv(export, pipe) => {
                items.iter().try_for_each(|movement| row(export, movement))?;
                export.flush()?;
                Ok(pipe.taken())
            }
            Sheet::Jsonl => {
                let mut out = Vec::new();
                for movement in items {
                    serde_json::to_writer(&mut out, movement).map_err(std::io::Error::from)?;
                    out.push(b'\n');
                }
                Ok(out)
            }
        }
    }
}

fn row(export: &mut Export<Pipe>, movement: &Movement) -> Result<(), WriteError> {
    let (id, account) = (movement.id.to_string(), movement.account.to_string());
    let (status, kind, category): (&str, &str, &str) =
        (movement.status.into(), movement.kind.into(), movement.category.into());
    export.row([
        Cell::Text(&id),
        Cell::Text(&account),
        Cell::Instant(movement.at),
        Cell::Text(status),
        Cell::Amount(movement.amount),
        Cell::Text(movement.amount.currency().code()),
        Cell::Text(kind),
        Cell::Text(category),
        movement.name.as_deref().into(),
        movement.number.as_deref().into(),
        movement.text.as_deref().into(),
        Cell::Text(&movement.counterpart),
        Cell::Text(&movement.transaction),
    ])
}
