//! Erasing metadata.

use ledger_api::{EraseMetadata, MetadataErased, Shape};
use platform::http::{CallCtx, Json, Problem};

use super::answer::problem;
use super::book::InBook;

/// Erase an owner's metadata
///
/// Erases the metadata of all accounts of an owner, earlier versions included, and of every transaction that touches one of
/// them. Accounts, transactions, balances and the hash chain stay as they are, and so does every head that you have kept. It
/// cannot be undone, and is repeated at the start if an older backup is restored. `preview` only counts. With much metadata an
/// answer may have `next`: send the same again with it as `after`. A repeat is safe.
#[utoipa::path(
    post, path = "/metadata/erasures", tag = "Accounts", request_body = EraseMetadata,
    responses((status = 200, description = "What was erased, or would be", body = MetadataErased))
)]
pub(super) async fn erase_metadata(
    InBook { ledger, .. }: InBook,
    CallCtx(ctx): CallCtx,
    Json(body): Json<EraseMetadata>,
) -> Result<Json<MetadataErased>, Problem> {
    ledger.erase_metadata(&ctx, body).await.map(Json).map_err(|error| problem(error, Shape::Postings))
}
