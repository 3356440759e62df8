//! The vault over HTTP. Looking numbers up and issuing them is for other services, and has no route.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, HeaderValue};
use platform::error;
use platform::http::document::Part;
use platform::http::{CallCtx, Json, Path, Problem};
use platform::room::{Operation, Routes, needs};
use serde::Deserialize;
use utoipa::openapi::OpenApi;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vault_api::{Destroy, Kept, Refusal, Reveal, Revealed, Rotation, Token, Tokenize, Vault};

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation { name: "tokenize_card", word: needs("vault", "tokenize"), refusals: &[] },
    Operation {
        name: "reveal_card",
        word: needs("vault", "reveal"),
        refusals: &["token_unknown", "reason_invalid", "step_up_required"],
    },
    Operation { name: "destroy_card", word: needs("vault", "destroy"), refusals: &["token_unknown"] },
    Operation { name: "rotate_card_keys", word: needs("vault", "rotate"), refusals: &[] },
    Operation { name: "get_card_key_rotation", word: needs("vault", "rotate"), refusals: &[] },
];

pub(crate) const TAGS: &[(&str, &str)] = &[(
    "Vault",
    "Card numbers. Everything else has tokens, which say nothing about the number. Each access to a number is an event.",
)];

type Shared = Arc<dyn Vault>;

pub fn routes(vault: Shared) -> Routes {
    Routes::under_v1(Router::from(router()).with_state(vault))
}

/// Only the description.
pub(crate) fn api() -> OpenApi {
    let part = Part {
        room: "vault",
        tags: TAGS,
        samples: error::samples::<Refusal>(),
        operations: OPERATIONS,
        story: include_str!("../story.json"),
    };
    part.finish(router().into_openapi())
}

fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(tokenize_card))
        .routes(routes!(reveal_card))
        .routes(routes!(destroy_card))
        .routes(routes!(rotate_card_keys, get_card_key_rotation))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct TokenAt {
    /// The number's token.
    token: Token,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RevealBody {
    /// Why the number is needed, 1 to 200 bytes; it is part of the record.
    reason: String,
}

/// Store a card number
///
/// Returns the token that stands for the number. The same number has one token, however often it is stored.
#[utoipa::path(
    post, path = "/vault/tokens", tag = "Vault", request_body = Tokenize,
    responses(
        (status = 201, description = "Stored", body = Kept),
        (status = 200, description = "The number was stored before", body = Kept)
    )
)]
async fn tokenize_card(
    State(vault): State<Shared>,
    CallCtx(ctx): CallCtx,
    Json(body): Json<Tokenize>,
) -> Result<(StatusCode, Json<Kept>), Problem> {
    let kept = vault.tokenize(&ctx, body).await?;
    Ok((if kept.replayed { StatusCode::OK } else { StatusCode::CREATED }, Json(kept)))
}

/// Reveal a card number
///
/// For a person who has authenticated with a second factor in the last minutes. Who revealed which number and why is
/// recorded before the number is returned; refused attempts are recorded too.
#[utoipa::path(
    post, path = "/vault/tokens/{token}/reveal", tag = "Vault", params(TokenAt), request_body = RevealBody,
    responses((status = 200, description = "The number, its expiry date and its verification code", body = Revealed))
)]
async fn reveal_card(
    State(vault): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(TokenAt { token }): Path<TokenAt>,
    Json(RevealBody { reason }): Json<RevealBody>,
) -> Result<Response, Problem> {
    let revealed = vault.reveal(&ctx, Reveal { token, reason }).await?;
    Ok(([(CACHE_CONTROL, HeaderValue::from_static("no-store"))], Json(revealed)).into_response())
}

/// Destroy a card number
///
/// Permanent: the number cannot be recovered, and payments with it are declined as an unknown card.
#[utoipa::path(
    delete, path = "/vault/tokens/{token}", tag = "Vault", params(TokenAt),
    responses((status = 204, description = "The number was removed"))
)]
async fn destroy_card(
    State(vault): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(TokenAt { token }): Path<TokenAt>,
) -> Result<StatusCode, Problem> {
    vault.destroy(&ctx, Destroy { token }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Rotate the vault's keys
///
/// Makes new keys and moves every number to them while the vault is in use. A rotation in progress is not begun twice. Old
/// fingerprint keys stay for a minute, until every process uses the new ones.
#[utoipa::path(
    post, path = "/vault/rotations", tag = "Vault",
    responses((status = 200, description = "The state of the rotation", body = Rotation))
)]
async fn rotate_card_keys(State(vault): State<Shared>, CallCtx(ctx): CallCtx) -> Result<Json<Rotation>, Problem> {
    Ok(Json(vault.rotate(&ctx).await?))
}

/// Get the state of the rotation
///
/// `done` says that no number is left under an old key.
#[utoipa::path(
    get, path = "/vault/rotations", tag = "Vault",
    responses((status = 200, description = "The state of the last rotation", body = Rotation))
)]
async fn get_card_key_rotation(State(vault): State<Shared>, CallCtx(ctx): CallCtx) -> Result<Json<Rotation>, Problem> {
    Ok(Json(vault.rotation(&ctx).await?))
}
