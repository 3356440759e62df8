//! Clearing files: read as they arrive, each line on its own and once, and a report of what became of them.
//!
//! A line is known by the file's name and its own id, so a file can be sent again.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use bytes::BytesMut;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http_body_util::BodyExt;
use kernel::Ctx;
use platform::error::Failure;
use platform::http::{CallCtx, Json, Problem, Query, refusals};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;
use utoipa::{IntoParams, ToSchema};

use super::{Desk, Shared};
use crate::Refusal;
use crate::authorization::{About, Approval, FindAuthorization, Origin, Stepped, TakeStep};
use crate::authorize::has_number;
use crate::clearing_line::{ClearingLine, Form};
use crate::life::Status;
use crate::refusal::CardsError;

const LINE_BYTES_MAX: usize = 4_096;
const NAME_BYTES_MAX: usize = 60;
/// Lines that are carried out at the same time.
const AT_ONCE: usize = 256;
/// Rejected lines in a report; all of them are counted.
const SHOWN_MAX: usize = 1_000;
/// Left for the report when the deadline comes near.
const REPORT_US: u64 = 1_000_000;
/// For lines of one authorization, which take turns.
const TRIES_MAX: u32 = 200;
const TURN_PAUSE: Duration = Duration::from_millis(25);

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ClearingParams {
    /// The file's name, 1 to 60 visible ASCII characters.
    #[param(example = "visa-2026-01-31")]
    file: String,
}

/// What became of the lines.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct ClearingReport {
    lines: u64,
    /// All lines were read. If not, send the file again: lines that were carried out are not carried out twice.
    complete: bool,
    /// Lines that ended their authorization.
    matched: u64,
    /// Lines after which something is still held.
    partial: u64,
    /// Lines without an authorization, booked on the card.
    unmatched: u64,
    rejected: u64,
    /// Lines that had been carried out before; each also counts above.
    replayed: u64,
    /// Rejected lines by code.
    reasons: BTreeMap<String, u64>,
    /// The first 1,000 of them.
    rejections: Vec<RejectedLine>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RejectedLine {
    /// In the file, from 1.
    line: u64,
    #[schema(example = "2")]
    id: Option<String>,
    #[schema(example = "authorization_unknown")]
    code: String,
    detail: String,
}

/// Clear a file
///
/// The body is CSV with a header (`text/csv`) or one JSON object a line (`application/x-ndjson`), with the fields `id`, `kind`
/// (`clearing` or `refund`), `authorization`, `request_id`, `token` or `pan`, `approval_code`, `amount`, `currency`, `is_final`, `merchant`, `merchant_name`,
/// `category`, `country`. It is read as it arrives. Each line stands alone: one that is rejected harms no other, and is in the
/// report with its reason. A line is carried out once, however often the file is sent.
#[utoipa::path(
    post, path = "/cards/clearing-files", tag = "Steps", params(ClearingParams),
    request_body(
        content = Vec<u8>, content_type = "application/x-ndjson", description = "The lines",
        example = json!("{\"id\":\"1\",\"request_id\":\"test123\",\"amount\":\"10.00\"}\n")
    ),
    responses((status = 200, description = "What became of the lines", body = ClearingReport))
)]
pub(super) async fn clear_file(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Query(ClearingParams { file }): Query<ClearingParams>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<ClearingReport>, Problem> {
    platform::access::check(&ctx, "authorizations", "advance", None)?;
    if !is_name(&file) {
        let (field, expected) =
            ("file".to_owned(), "1 to 60 visible ASCII characters without a card number".to_owned());
        return Err(CardsError::from(Refusal::AcceptorInvalid { field, expected }).into());
    }
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let form = Form::of(kind).ok_or_else(|| {
        refusals::CONTENT_TYPE_WRONG.because("send the header Content-Type: application/x-ndjson or text/csv")
    })?;
    let lines = Lines { body, waiting: BytesMut::new(), ended: false };
    Ok(Json(carry_out(desk, ctx, file, form, lines).await?))
}

fn is_name(text: &str) -> bool {
    let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
    (1..=NAME_BYTES_MAX).contains(&text.len()) && visible && !has_number(text)
}

async fn carry_out(
    Desk { cards, clock }: Desk,
    ctx: Ctx,
    file: String,
    mut form: Form,
    mut lines: Lines,
) -> Result<ClearingReport, Problem> {
    let (mut report, mut running, mut number) = (ClearingReport::default(), JoinSet::new(), 0);
    loop {
        if running.len() >= AT_ONCE {
            report.add_next(&mut running).await;
            continue;
        }
        if ctx.deadline.micros_left(clock.monotonic()) < REPORT_US {
            break;
        }
        let Some(text) = lines.next().await? else {
            report.complete = true;
            break;
        };
        number += 1;
        match form.read(&text) {
            Ok(None) => {}
            Ok(Some(line)) => {
                let (cards, ctx, file) = (Shared::clone(&cards), ctx.clone(), file.clone());
                running.spawn(async move { (number, line.id.clone(), one(&cards, &ctx, &file, line).await) });
            }
            Err(detail) => {
                report.lines += 1;
                report.reject(number, None, "line_malformed", detail);
            }
        }
    }
    while !running.is_empty() {
        report.add_next(&mut running).await;
    }
    report.rejections.sort_by_key(|one| one.line);
    Ok(report)
}

type Done = (u64, String, Result<Stepped, CardsError>);

/// Lines of one authorization take turns.
async fn one(cards: &Shared, ctx: &Ctx, file: &str, line: ClearingLine) -> Result<Stepped, CardsError> {
    let command = command(cards, ctx, file, line).await?;
    for _ in 0..TRIES_MAX {
        match cards.take_step(ctx, command.clone()).await {
            Err(error) if error.refusal() == Some(&Refusal::StepRunning) => tokio::time::sleep(TURN_PAUSE).await,
            other => return other,
        }
    }
    Err(Refusal::StepRunning.into())
}

async fn command(cards: &Shared, ctx: &Ctx, file: &str, line: ClearingLine) -> Result<TakeStep, CardsError> {
    let invalid = |field: &str, expected: &str| Refusal::AcceptorInvalid {
        field: field.to_owned(),
        expected: expected.to_owned(),
    };
    if !is_name(&line.id) {
        return Err(invalid("id", "1 to 60 visible ASCII characters without a card number").into());
    }
    let request_id = format!("{file}/{}", line.id).parse().map_err(|_| invalid("id", "visible ASCII characters"))?;
    let (kind, at) = (line.step(), line.acceptor());
    let about = match (line.authorization, line.request_id, line.token, line.pan) {
        (Some(id), None, None, None) => About::Authorization(id),
        (None, Some(request), None, None) => {
            let unknown = || Refusal::AuthorizationUnknown { authorization: request.clone() };
            let find = FindAuthorization::RequestId(request.parse().map_err(|_| unknown())?);
            About::Authorization(cards.authorization(ctx, find).await?.authorization.id)
        }
        (None, None, Some(token), None) => approved(cards, ctx, About::Card(token), line.approval_code).await?,
        (None, None, None, Some(pan)) => approved(cards, ctx, About::Pan(pan), line.approval_code).await?,
        _ => return Err(Refusal::CardMissing.into()),
    };
    let (amount, currency, is_final) = (Some(line.amount), line.currency, line.is_final.unwrap_or(false));
    Ok(TakeStep { request_id, kind, about, amount, currency, is_final, is_fraud: false, at })
}

/// The card's authorization with this approval code, or the card itself.
async fn approved(cards: &Shared, ctx: &Ctx, card: About, code: Option<String>) -> Result<About, CardsError> {
    let approval = match (&card, code) {
        (About::Pan(pan), Some(code)) => Approval { pan: Some(pan.clone()), token: None, code },
        (About::Card(token), Some(code)) => Approval { pan: None, token: Some(*token), code },
        _ => return Ok(card),
    };
    match cards.authorization(ctx, FindAuthorization::Approval(approval)).await {
        Err(error) if matches!(error.refusal(), Some(Refusal::AuthorizationUnknown { .. })) => Ok(card),
        found => Ok(About::Authorization(found?.authorization.id)),
    }
}

impl ClearingReport {
    async fn add_next(&mut self, running: &mut JoinSet<Done>) {
        match running.join_next().await {
            Some(Ok(done)) => self.add(done),
            Some(Err(_)) => self.reject(0, None, "internal", "the line was not carried out".to_owned()),
            None => {}
        }
    }

    fn add(&mut self, (number, id, done): Done) {
        self.lines += 1;
        let stepped = match done {
            Ok(stepped) => stepped,
            Err(error) => {
                // The text of a failure of ours is for the log.
                let failure = || error.failure().unwrap_or(Failure::Internal).to_string();
                let detail = error.refusal().map_or_else(failure, ToString::to_string);
                return self.reject(number, Some(id), error.code(), detail);
            }
        };
        self.replayed += u64::from(stepped.replayed);
        if !stepped.step.reason.is_approval() {
            return self.reject(number, Some(id), stepped.step.reason.name(), "the ledger refused it".to_owned());
        }
        match (stepped.authorization.origin, stepped.authorization.status) {
            (Origin::ForcePost | Origin::Refund, _) => self.unmatched += 1,
            (_, Status::PartlyCleared) => self.partial += 1,
            _ => self.matched += 1,
        }
    }

    fn reject(&mut self, line: u64, id: Option<String>, code: &str, detail: String) {
        self.rejected += 1;
        *self.reasons.entry(code.to_owned()).or_default() += 1;
        if self.rejections.len() < SHOWN_MAX {
            self.rejections.push(RejectedLine { line, id, code: code.to_owned(), detail });
        }
    }
}

/// The lines of a body, of which one at a time is in memory.
struct Lines {
    body: Body,
    waiting: BytesMut,
    ended: bool,
}

impl Lines {
    async fn next(&mut self) -> Result<Option<String>, Problem> {
        loop {
            if let Some(end) = self.waiting.iter().position(|byte| *byte == b'\n') {
                return text(&self.waiting.split_to(end + 1)).map(Some);
            }
            if self.ended {
                let last = std::mem::take(&mut self.waiting);
                return if last.is_empty() { Ok(None) } else { text(&last).map(Some) };
            }
            if self.waiting.len() > LINE_BYTES_MAX {
                return Err(
                    refusals::BODY_TOO_LARGE.because(format!("expected lines of at most {LINE_BYTES_MAX} bytes"))
                );
            }
            match self.body.frame().await {
                Some(frame) => {
                    let frame = frame.map_err(|_| Problem::from(refusals::BODY_UNREADABLE))?;
                    self.waiting.extend_from_slice(&frame.into_data().unwrap_or_default());
                }
                None => self.ended = true,
            }
        }
    }
}

fn text(bytes: &[u8]) -> Result<String, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|_| Problem::from(refusals::BAD_UTF8))?;
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}
