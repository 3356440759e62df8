//! Files to banks, and their answers.

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use platform::http::{CallCtx, Json, Nothing, Path, Problem, Scope, refusals};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Shared;
use crate::face::*;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct FileAt {
    /// The file's id.
    #[param(value_type = String)]
    file: RailFileId,
}

/// Make files to the bank
///
/// Puts the payments that are `held` into a file now, at most 1,000 of them, instead of after `payments.sepa_file_every_s`.
/// Each is booked out of its payer's account and becomes `submitted` before the file is ready. Without such payments there
/// is no file.
#[utoipa::path(
    post, path = "/payments/bank-files", tag = "Payment files", request_body = Option<Nothing>,
    responses((status = 200, description = "The new files", body = RailFileList))
)]
pub(super) async fn make_payment_files(
    State(payments): State<Shared>,
    CallCtx(ctx): CallCtx,
    _: Json<Nothing>,
) -> Result<Json<RailFileList>, Problem> {
    Ok(Json(payments.make_files(&ctx).await?))
}

/// List files to the bank
///
/// The newest 100 of them, the newest first.
#[utoipa::path(
    get, path = "/payments/bank-files", tag = "Payment files",
    responses((status = 200, description = "Files", body = RailFileList))
)]
pub(super) async fn list_payment_files(
    State(payments): State<Shared>,
    CallCtx(ctx): CallCtx,
) -> Result<Json<RailFileList>, Problem> {
    Ok(Json(payments.rail_files(&ctx).await?))
}

/// Get a file to the bank
///
/// Its state, count and sum.
#[utoipa::path(
    get, path = "/payments/bank-files/{file}", tag = "Payment files", params(FileAt),
    responses((status = 200, description = "The file", body = RailFile))
)]
pub(super) async fn get_payment_file(
    State(payments): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<FileAt>,
) -> Result<Json<RailFile>, Problem> {
    Ok(Json(payments.rail_file(&ctx, at.file).await?))
}

/// Read the content of a file to the bank
///
/// pain.001.001.09, the same bytes each time. It can be sent to the bank again: the bank knows it by its message id.
#[utoipa::path(
    get, path = "/payments/bank-files/{file}/content", tag = "Payment files", params(FileAt),
    responses((status = 200, description = "Its name and content", body = RailFileContent))
)]
pub(super) async fn read_payment_file(
    State(payments): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<FileAt>,
) -> Result<Json<RailFileContent>, Problem> {
    Ok(Json(payments.rail_file_content(&ctx, at.file).await?))
}

/// Take an answer of the bank
///
/// The body is the file itself (`application/xml`): pain.002 with what the bank accepts and rejects, or camt.052, camt.053 or camt.054
/// with what it has carried out and what has come back. Each line changes its payment once, whatever is sent again or says the
/// same. A line that no payment agrees with changes nothing and is in the report.
#[utoipa::path(
    post, path = "/payments/bank-answers", tag = "Payment files",
    request_body(
        content = Vec<u8>, content_type = "application/xml", description = "The file",
        example = json!("<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.002.001.10\"><CstmrPmtStsRpt>...</CstmrPmtStsRpt></Document>")
    ),
    responses((status = 200, description = "What became of its lines", body = AnswerReport))
)]
pub(super) async fn take_bank_answer(
    State(payments): State<Shared>,
    CallCtx(ctx): CallCtx,
    Extension(scope): Extension<Scope>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<AnswerReport>), Problem> {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/xml") {
        return Err(refusals::CONTENT_TYPE_WRONG.because("send the header Content-Type: application/xml"));
    }
    let content = text(body, scope.limits.body_bytes_max).await?;
    Ok((StatusCode::OK, Json(payments.take_answer(&ctx, TakeAnswer { content }).await?)))
}

pub(super) async fn text(body: Body, bytes_max: usize) -> Result<String, Problem> {
    let bytes = match Limited::new(body, bytes_max).collect().await {
        Ok(collected) => collected.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            return Err(refusals::BODY_TOO_LARGE.because(format!("expected at most {bytes_max} bytes")));
        }
        Err(_) => return Err(refusals::BODY_UNREADABLE.into()),
    };
    String::from_utf8(bytes.to_vec()).map_err(|_| refusals::BAD_UTF8.into())
}
