//! Imports: the one body that is not JSON, passed on in parts as it arrives.

use axum::body::Body;
use axum::extract::State;
use banking_api::limits::PART_BYTES_MAX;
use banking_api::{
    AccountId, ChangeImport, Counts, Import, ImportChange, ImportFile, ImportId, ImportOptions, ImportQuery,
    ImportState, Part, PartBytes, Refusal,
};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use kernel::Ctx;
use platform::crypto::random_token;
use platform::http::{
    CallCtx, Json, Path, Problem, Query, Repeatable, decode_cursor, encode_cursor, page_limit, refusals,
};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use utoipa::{IntoParams, ToSchema};

use super::{Desk, Nothing};
use crate::read::hexadecimal;

const LIST: &str = "bank-imports";
const UPLOAD_BYTES: usize = 16;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ImportParams {
    /// The account of a file that names none; a file of another account is refused.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    account: Option<AccountId>,
    /// The company whose accounts the file describes.
    #[serde(default)]
    entity: Option<String>,
    /// The customer whose accounts the file describes. Customers always import for themselves.
    #[serde(default)]
    owner: Option<String>,
    /// The name of the CSV profile; without it one is guessed.
    #[serde(default)]
    profile: Option<String>,
    /// Leave unreadable entries out, instead of refusing the file.
    #[serde(default)]
    partial: bool,
    /// Wrong control totals of BAI2 are a warning.
    #[serde(default)]
    lenient: bool,
    /// This bank's ids of entries never change, so an entry is known by its id.
    #[serde(default)]
    stable_ids: bool,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct ImportAt {
    /// The import's id.
    #[param(value_type = String)]
    id: ImportId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PageParams {
    /// `next` of the page before.
    #[serde(default)]
    pub(super) cursor: Option<String>,
    /// 50 unless given, at most 500.
    #[serde(default)]
    pub(super) limit: Option<u32>,
}

/// One page of imports.
#[derive(Debug, serde::Serialize, ToSchema)]
pub(super) struct ImportList {
    items: Vec<Import>,
    /// Send this back as `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Import a file of statements
///
/// The body is the file itself, of at most 256 MiB: camt.052, camt.053 or camt.054, MT940 or MT942, BAI2, OFX or QFX, CSV. Its
/// format is recognised by its content. A file that is known already is answered with its first import and changes
/// nothing; one that overlaps others adds what is new. A mistake in any entry refuses the whole file. A large file that
/// is still being read is answered with 202 and `received`; read the import again later.
#[utoipa::path(
    post, path = "/imports", tag = "Bank imports", params(ImportParams, Repeatable),
    request_body(
        content = Vec<u8>, content_type = "application/octet-stream", description = "The file",
        example = json!(":20:JANUARY\r\n:25:4099001234\r\n:28C:1/1\r\n:60F:C260101EUR1000,00\r\n:62F:C260131EUR1000,00\r\n-")
    ),
    responses(
        (status = 201, description = "Applied", body = Import),
        (status = 202, description = "Being read", body = Import, example = json!(being_read()))
    )
)]
pub(super) async fn import_statement(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Query(params): Query<ImportParams>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Import>), Problem> {
    says_bytes(&headers)?;
    let ImportParams { account, entity, owner, profile, partial, lenient, stable_ids } = params;
    let options = ImportOptions { account, entity, owner, profile, partial, lenient, stable_ids };
    let command = received(&desk, &ctx, body, options).await?;
    let import = desk.banking.import(&ctx, command).await?;
    let is_open = import.state == ImportState::Received;
    Ok((if is_open { StatusCode::ACCEPTED } else { StatusCode::CREATED }, Json(import)))
}

/// The example of an import that takes a while.
fn being_read() -> serde_json::Value {
    let counts = Counts::default();
    serde_json::json!({
        "id": "imp_01kppyzd5gfmra2qsx5rkvr8wb", "state": "received", "sha256": "0".repeat(64), "counts": counts,
        "warnings": [], "accounts": [], "created_at": "2026-01-31T12:00:00.000000Z"
    })
}

/// A page from elsewhere cannot send this type without the browser asking us first.
fn says_bytes(headers: &HeaderMap) -> Result<(), Problem> {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = given.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/octet-stream") {
        return Ok(());
    }
    Err(refusals::CONTENT_TYPE_WRONG.because("send the header Content-Type: application/octet-stream"))
}

/// Passes the body on in parts; nothing more of it is in memory.
async fn received(desk: &Desk, ctx: &Ctx, mut body: Body, options: ImportOptions) -> Result<ImportFile, Problem> {
    let upload = random_token(UPLOAD_BYTES).expose().to_owned();
    let (mut digest, mut bytes, mut parts, mut part) = (Sha256::new(), 0_u64, 0_u32, Vec::new());
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Problem::from(refusals::BODY_UNREADABLE))?;
        let Ok(data) = frame.into_data() else { continue };
        bytes += data.len() as u64;
        if bytes > desk.file_bytes_max {
            let refusal = Refusal::FileTooLarge { max: desk.file_bytes_max };
            return Err(banking_api::BankingError::from(refusal).into());
        }
        digest.update(&data);
        let mut rest = data.as_ref();
        while !rest.is_empty() {
            let (taken, after) = rest.split_at(rest.len().min(PART_BYTES_MAX - part.len()));
            part.extend_from_slice(taken);
            rest = after;
            if part.len() == PART_BYTES_MAX {
                send(desk, ctx, &upload, &mut parts, std::mem::take(&mut part)).await?;
            }
        }
    }
    if !part.is_empty() || parts == 0 {
        send(desk, ctx, &upload, &mut parts, part).await?;
    }
    Ok(ImportFile { upload, parts, bytes, sha256: hexadecimal(&digest.finalize()), options })
}

async fn send(desk: &Desk, ctx: &Ctx, upload: &str, parts: &mut u32, bytes: Vec<u8>) -> Result<(), Problem> {
    let part = Part { upload: upload.to_owned(), number: *parts, bytes: PartBytes(bytes) };
    desk.banking.receive(ctx, part).await?;
    *parts += 1;
    Ok(())
}

/// List imports
///
/// The newest first.
#[utoipa::path(
    get, path = "/imports", tag = "Bank imports", params(PageParams),
    responses((status = 200, description = "One page", body = ImportList))
)]
pub(super) async fn list_bank_imports(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Query(params): Query<PageParams>,
) -> Result<Json<ImportList>, Problem> {
    let before = params.cursor.as_deref().map(|cursor| decode_cursor(LIST, cursor)).transpose()?;
    let page = desk.banking.imports(&ctx, ImportQuery { before, limit: page_limit(params.limit)? }).await?;
    let next = page.items.last().filter(|_| page.more).map(|last| encode_cursor(LIST, &last.id));
    Ok(Json(ImportList { items: page.items, next }))
}

/// Read an import
///
/// What it did, its warnings, or why it was refused.
#[utoipa::path(
    get, path = "/imports/{id}", tag = "Bank imports", params(ImportAt),
    responses((status = 200, description = "The import", body = Import))
)]
pub(super) async fn get_bank_import(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<ImportAt>,
) -> Result<Json<Import>, Problem> {
    Ok(Json(desk.banking.import_of(&ctx, at.id).await?))
}

/// Withdraw an import
///
/// Takes back what only this import brought: transactions that another import told too stay. `restore` undoes it.
#[utoipa::path(
    post, path = "/imports/{id}/withdraw", tag = "Bank imports", params(ImportAt, Repeatable),
    request_body(content = Nothing, example = json!({})),
    responses((status = 200, description = "Withdrawn", body = Import))
)]
pub(super) async fn withdraw_bank_import(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<ImportAt>,
    Json(Nothing {}): Json<Nothing>,
) -> Result<Json<Import>, Problem> {
    let command = ChangeImport { id: at.id, change: ImportChange::Withdraw };
    Ok(Json(desk.banking.change_import(&ctx, command).await?))
}

/// Restore a withdrawn import
///
/// What `withdraw` took back is there again, under the same ids.
#[utoipa::path(
    post, path = "/imports/{id}/restore", tag = "Bank imports", params(ImportAt, Repeatable),
    request_body(content = Nothing, example = json!({})),
    responses((status = 200, description = "Applied again", body = Import))
)]
pub(super) async fn restore_bank_import(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<ImportAt>,
    Json(Nothing {}): Json<Nothing>,
) -> Result<Json<Import>, Problem> {
    let command = ChangeImport { id: at.id, change: ImportChange::Restore };
    Ok(Json(desk.banking.change_import(&ctx, command).await?))
}
