//! Several operations in one request: all or none, or each on its own.

use http::StatusCode;
use ledger_api::{Batch, BatchReply, LedgerError, LineOutcome, Operation, Refusal, Shape, Transaction};
use platform::http::{CallCtx, Json, Problem, Repeatable};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::answer::{problem, status_of};
use super::book::Chosen;

/// The result of each line, in request order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BatchAnswer {
    lines: Vec<LineAnswer>,
}

/// The response that the line would have had on its own.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LineAnswer {
    /// The HTTP status that the line would have had on its own.
    #[schema(example = 201)]
    status: u16,
    /// For a line that was executed.
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction: Option<Box<Transaction>>,
    /// For a line that was refused: a problem like that of a whole request.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<platform::http::ProblemBody<'static>>)]
    problem: Option<Value>,
}

/// Execute many operations
///
/// Each line is an object with one member: `create` (a transaction to record), `post`, `void`, `increase`, `reverse` or
/// `cancel` (with the `transaction` it is about). Lines are executed in order, each seeing the effects of those before
/// it.
///
/// With `"atomic": true` all lines are executed or none (at most 1,000 lines). A line that fails makes the response a
/// problem with status 422, that line's code, and `lines` with the result of each; the others have `sibling_failed`.
/// With `false` each line stands alone (at most 10,000) and the response is 200 whatever the results.
///
/// A batch is in one book: the query's, or the one that postings name. If two are named, nothing is booked.
///
/// Give every line an `id`, or send one `Idempotency-Key` for the batch.
#[utoipa::path(
    post, path = "/batches", tag = "Batches", params(Repeatable),
    request_body = Batch,
    responses((status = 200, description = "The result of each line", body = BatchAnswer))
)]
pub(super) async fn submit_batch(
    chosen: Chosen,
    CallCtx(ctx): CallCtx,
    Json(batch): Json<Batch>,
) -> Result<Json<BatchAnswer>, Problem> {
    let ledger = chosen.ledger_of(&batch.lines).await?;
    let (atomic, shapes) = (batch.atomic, batch.lines.iter().map(named).collect::<Vec<_>>());
    let reply = ledger.submit_batch(&ctx, batch).await.map_err(|error| problem(error, Shape::Postings))?;
    let failed = if atomic { failed_line(&reply) } else { None };
    let lines = lines(reply, &shapes, &ctx.request_id);
    match failed {
        Some(failed) => Err(failed.problem(&shapes, lines)),
        None => Ok(Json(BatchAnswer { lines })),
    }
}

/// The name of a line's operation, and how it names its amounts.
type Named = (&'static str, Shape);

fn named(operation: &Operation) -> Named {
    let name = match operation {
        Operation::Create(_) => "create",
        Operation::Post(_) => "post",
        Operation::Void(_) => "void",
        Operation::Increase(_) => "increase",
        Operation::Reverse(_) => "reverse",
        Operation::Cancel(_) => "cancel",
    };
    (name, Shape::of(operation))
}

fn lines(reply: BatchReply, shapes: &[Named], request_id: &str) -> Vec<LineAnswer> {
    let outcomes = reply.lines.into_iter().zip(shapes).enumerate();
    outcomes.map(|(place, (outcome, named))| line(place, outcome, *named, request_id)).collect()
}

fn line(place: usize, outcome: LineOutcome, named: Named, request_id: &str) -> LineAnswer {
    match outcome {
        LineOutcome::Done(transaction) => {
            let status = status_of(&transaction).as_u16();
            LineAnswer { status, transaction: Some(transaction), problem: None }
        }
        LineOutcome::Failed(error) => {
            let problem = line_problem(place, error, named);
            let body = serde_json::to_value(problem.body(request_id)).unwrap_or_default();
            LineAnswer { status: problem.refusal().status.as_u16(), transaction: None, problem: Some(body) }
        }
    }
}

fn line_problem(place: usize, error: LedgerError, (name, shape): Named) -> Problem {
    problem(error, shape).within(&format!("lines[{place}].{name}."))
}

/// The line that made the others of an atomic batch fail.
struct FailedLine {
    place: usize,
    error: LedgerError,
}

fn failed_line(reply: &BatchReply) -> Option<FailedLine> {
    let error = |(place, line): (usize, &LineOutcome)| match line {
        LineOutcome::Done(_) => None,
        LineOutcome::Failed(error) => Some(FailedLine { place, error: error.clone() }),
    };
    let mut failed = reply.lines.iter().enumerate().filter_map(error).peekable();
    // In a repeat, all lines but one may be answered from memory; if none stands out, the first will do.
    let first = failed.peek().map(|first| FailedLine { place: first.place, error: first.error.clone() });
    let sibling =
        |error: &LedgerError| matches!(error, LedgerError::Refused { refusal: Refusal::SiblingFailed { .. }, .. });
    failed.find(|line| !sibling(&line.error)).or(first)
}

impl FailedLine {
    /// The whole batch's response: 422 with the code of the line, whatever status the line alone would have had.
    fn problem(self, shapes: &[Named], lines: Vec<LineAnswer>) -> Problem {
        let FailedLine { place, error } = self;
        let detail = format!("line {place}: {error}; nothing of the batch was booked");
        let kind = platform::http::Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, error.code(), error.title());
        let named = shapes.get(place).copied().unwrap_or(("create", Shape::Postings));
        let line = line_problem(place, error, named);
        let problem = kind.because(detail).headers_of(&line).member("line", place);
        let problem =
            line.errors().iter().fold(problem, |problem, error| problem.and_field(&error.field, &error.detail));
        problem.member("lines", serde_json::to_value(lines).unwrap_or_default())
    }
}
