//! The keys that sign tokens.

use axum::extract::State;
use identity_api::{RotatedKeys, SigningKey};
use platform::http::{CallCtx, Json, Problem, Repeatable};
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::Kept;
use super::{Nothing, Shared};

/// All current keys: the next one, the one that signs, and retired ones with unexpired tokens.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KeyList {
    items: Vec<SigningKey>,
}

/// List signing keys
///
/// Only their public parts. Clients find the keys at `/oauth2/jwks`.
#[utoipa::path(
    get, path = "/keys", tag = "Keys",
    responses((status = 200, description = "The keys", body = KeyList))
)]
pub(super) async fn list_keys(State(identity): State<Shared>, CallCtx(ctx): CallCtx) -> Result<Json<KeyList>, Problem> {
    identity.signing_keys(&ctx).await.map(|items| Json(KeyList { items })).map_err(Problem::from)
}

/// Rotate the signing key
///
/// The next key signs from now on. Tokens of the old one stay valid until they expire. A repeat with the same
/// `Idempotency-Key` rotates nothing. Needs a recent login with a second factor.
#[utoipa::path(
    post, path = "/keys/rotate", tag = "Keys", params(Repeatable),
    request_body = Option<Nothing>,
    responses((status = 200, description = "The keys as they are now", body = KeyList))
)]
pub(super) async fn rotate_keys(
    State(identity): State<Shared>,
    CallCtx(ctx): CallCtx,
    Json(_): Json<Option<Nothing>>,
) -> Result<Kept<KeyList>, Problem> {
    let RotatedKeys { keys: items, replayed } = identity.rotate_keys(&ctx).await?;
    Ok(Kept::changed(KeyList { items }, replayed))
}
