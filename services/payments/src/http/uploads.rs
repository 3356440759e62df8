//! Files of payments.

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use ledger_api::AccountPath;
use platform::http::{
    CallCtx, Json, Page, Path, Problem, Query, Scope, decode_cursor, encode_cursor, page_limit, refusals,
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{Shared, rails};
use crate::face::*;

const LIST: &str = "payment-upload-lines";
const KINDS: [&str; 2] = ["application/xml", "text/csv"];

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct UploadAsked {
    /// The account that pays every line.
    #[param(value_type = String, example = "customers:ann")]
    from: AccountPath,
    /// Lines that are wrong are left out, instead of refusing the file.
    #[serde(default)]
    partial: bool,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct UploadAt {
    /// The file's id.
    #[param(value_type = String)]
    upload: UploadId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct LinesAsked {
    /// `next` of the previous page.
    cursor: Option<String>,
    /// 50 unless given, 500 at most.
    limit: Option<u32>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ReportAsked {
    /// `pain002` or `csv`.
    #[param(value_type = String, example = "csv")]
    form: ReportForm,
}

/// Send a file of payments
///
/// The body is the file: pain.001 (`application/xml`), or CSV (`text/csv`) with a header and the columns `amount`, `currency`,
/// `counterparty`, `counterparty_account` (an IBAN, or the path of an account), and as wished `booked_on` (the day),
/// `text` and `end_to_end_id`; at most 10,000 lines. Each line becomes a payment of `from`, as if it had been made by itself:
/// policies, limits and approvals apply. Wrong counts, sums or lines refuse the whole file, with the first 100 mistakes in the
/// answer; with `partial` wrong lines are left out. The same file again answers the first one; a different file under the id of
/// one that was carried out is refused. A file that takes longer is `working`; read it again later.
#[utoipa::path(
    post, path = "/payments/files", tag = "Payment files", params(UploadAsked),
    request_body(
        content = Vec<u8>, content_type = "text/csv", description = "The file",
        example = json!("amount,currency,counterparty,counterparty_account,text\n10.00,USD,Bob,customers:bob,rent\n")
    ),
    responses((status = 201, description = "The file as it is now", body = Upload))
)]
pub(super) async fn send_payments(
    State(payments): State<Shared>,
    CallCtx(ctx): CallCtx,
    Extension(scope): Extension<Scope>,
    Query(asked): Query<UploadAsked>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Upload>), Problem> {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !KINDS.iter().any(|known| kind.eq_ignore_ascii_case(known)) {
        return Err(refusals::CONTENT_TYPE_WRONG.because("send the header Content-Type: application/xml or text/csv"));
    }
    let content = rails::text(body, scope.limits.body_bytes_max).await?;
    let command = UploadFile { from: asked.from, partial: asked.partial, content };
    Ok((StatusCode::CREATED, Json(payments.upload(&ctx, command).await?)))
}

/// Get a file of payments
///
/// Its state, and what was wrong with it.
#[utoipa::path(
    get, path = "/payments/files/{upload}", tag = "Payment files", params(UploadAt),
    responses((status = 200, description = "The file", body = Upload))
)]
pub(super) async fn get_upload(
    State(payments): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<UploadAt>,
) -> Result<Json<Upload>, Problem> {
    Ok(Json(payments.upload_of(&ctx, at.upload).await?))
}

/// List the lines of a file of payments
///
/// Each with its payment and the payment's state as it is now.
#[utoipa::path(
    get, path = "/payments/files/{upload}/lines", tag = "Payment files", params(UploadAt, LinesAsked),
    responses((status = 200, description = "One page", body = Page<UploadLine>))
)]
pub(super) async fn list_upload_lines(
    State(payments): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<UploadAt>,
    Query(asked): Query<LinesAsked>,
) -> Result<Json<Page<UploadLine>>, Problem> {
    let after = asked.cursor.map(|cursor| decode_cursor::<u64>(LIST, &cursor)).transpose()?.unwrap_or(0);
    let query = UploadLinesQuery { upload: at.upload, after, limit: page_limit(asked.limit)? };
    let UploadLines { items, next } = payments.upload_lines(&ctx, query).await?;
    Ok(Json(Page { items, next: next.map(|next| encode_cursor(LIST, &next)) }))
}

/// Report on a file of payments
///
/// What became of its lines, as pain.002.001.10 or as CSV.
#[utoipa::path(
    get, path = "/payments/files/{upload}/report", tag = "Payment files", params(UploadAt, ReportAsked),
    responses((status = 200, description = "The report's name and content", body = UploadReport))
)]
pub(super) async fn report_on_upload(
    State(payments): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<UploadAt>,
    Query(asked): Query<ReportAsked>,
) -> Result<Json<UploadReport>, Problem> {
    let query = UploadReportQuery { upload: at.upload, form: asked.form };
    Ok(Json(payments.upload_report(&ctx, query).await?))
}
