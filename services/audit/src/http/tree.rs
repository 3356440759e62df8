//! Signed heads, proofs and tiles.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use platform::http::{CallCtx, Json, Path, Problem, Query};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::entries::EntryAt;
use super::{Shared, plain};
use crate::face::*;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Form {
    #[default]
    Json,
    /// As other programs for such logs read it.
    Text,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SizeAsked {
    /// Of the tree of so many entries; of the newest signed head unless given.
    #[serde(default)]
    size: Option<u64>,
    /// The form of the answer: `json` unless given.
    #[param(inline)]
    #[serde(default)]
    format: Form,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct TreesAsked {
    /// The size of the smaller tree.
    #[param(example = 1)]
    from: u64,
    /// The size of the larger tree.
    #[param(example = 1)]
    to: u64,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct TileAsked {
    /// As in tlog-tiles, without `tile/`: `0/x001/067`, `1/000.p/3`, `entries/000.p/12`.
    #[param(example = "0/000.p/1")]
    path: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct KeysAsked {
    /// The form of the answer: `json` unless given.
    #[param(inline)]
    #[serde(default)]
    format: Form,
}

/// Prove an entry
///
/// The hashes beside the entry's way to a signed root. `format=text` gives the proof alone, as `c2sp.org/tlog-proof@v1`.
#[utoipa::path(
    get, path = "/entries/{index}/proof", tag = "Audit proofs", params(EntryAt, SizeAsked),
    responses((status = 200, description = "The proof", body = Proof))
)]
pub(super) async fn prove_audit_entry(
    State(audit): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<EntryAt>,
    Query(asked): Query<SizeAsked>,
) -> Result<Response, Problem> {
    let proof = audit.proof(&ctx, ProofQuery { index: at.index, size: asked.size }).await?;
    Ok(match asked.format {
        Form::Json => Json(proof).into_response(),
        Form::Text => plain("text/plain; charset=utf-8", proof.text),
    })
}

/// Get a signed head
///
/// Keep one: it proves later that nothing before it was changed or removed. `format=text` gives the note alone.
#[utoipa::path(
    get, path = "/checkpoint", tag = "Audit proofs", params(SizeAsked),
    responses((status = 200, description = "The head", body = SignedHead))
)]
pub(super) async fn get_audit_checkpoint(
    State(audit): State<Shared>,
    CallCtx(ctx): CallCtx,
    Query(asked): Query<SizeAsked>,
) -> Result<Response, Problem> {
    let head = audit.checkpoint(&ctx, asked.size).await?;
    Ok(match asked.format {
        Form::Json => Json(head).into_response(),
        Form::Text => plain("text/plain; charset=utf-8", head.checkpoint),
    })
}

/// Prove that the log only grew
///
/// The hashes that show that the tree of `from` entries is the beginning of that of `to` entries.
#[utoipa::path(
    get, path = "/consistency", tag = "Audit proofs", params(TreesAsked),
    responses((status = 200, description = "The proof", body = Consistency))
)]
pub(super) async fn get_audit_consistency(
    State(audit): State<Shared>,
    CallCtx(ctx): CallCtx,
    Query(asked): Query<TreesAsked>,
) -> Result<Json<Consistency>, Problem> {
    let query = ConsistencyQuery { from: asked.from, to: asked.to };
    Ok(Json(audit.consistency(&ctx, query).await?))
}

/// Get a tile
///
/// Up to 256 hashes of one level of the tree, or the entries below a tile, in the bytes of tlog-tiles.
#[utoipa::path(
    get, path = "/tile", tag = "Audit proofs", params(TileAsked),
    responses((status = 200, description = "The bytes", content_type = "application/octet-stream", body = Vec<u8>))
)]
pub(super) async fn get_audit_tile(
    State(audit): State<Shared>,
    CallCtx(ctx): CallCtx,
    Query(asked): Query<TileAsked>,
) -> Result<Response, Problem> {
    let tile = audit.tile(&ctx, asked.path).await?;
    let bytes = STANDARD.decode(tile.bytes).map_err(|_| Problem::internal("a tile is sent in base64"))?;
    Ok(plain("application/octet-stream", bytes))
}

/// List the log's keys
///
/// Heads are checked by them. Keep them outside of this system. `format=text` gives one a line.
#[utoipa::path(
    get, path = "/keys", tag = "Audit proofs", params(KeysAsked),
    responses((status = 200, description = "All keys, the newest first", body = KeyList))
)]
pub(super) async fn list_audit_keys(
    State(audit): State<Shared>,
    CallCtx(ctx): CallCtx,
    Query(asked): Query<KeysAsked>,
) -> Result<Response, Problem> {
    let keys = audit.keys(&ctx).await?;
    Ok(match asked.format {
        Form::Json => Json(keys).into_response(),
        Form::Text => {
            let lines: String = keys.items.iter().map(|key| format!("{}\n", key.key)).collect();
            plain("text/plain; charset=utf-8", lines)
        }
    })
}
