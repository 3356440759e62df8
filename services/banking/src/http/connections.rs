//! Connections to banks.

use axum::extract::State;
use banking_api::{
    ChangeConnection, Connect, Connection, ConnectionChange, ConnectionId, ConnectionList, ConnectionTest, LinkBank,
    LinkToken,
};
use http::StatusCode;
use kernel::Ctx;
use platform::http::{CallCtx, Json, Path, Problem, Repeatable};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{Desk, Nothing};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct ConnectionAt {
    /// The connection's id.
    #[param(value_type = String)]
    id: ConnectionId,
}

/// Connect a bank
///
/// Its accounts, balances and transactions are then read by themselves. The key is in the environment or a file of the
/// server, under the name that the bank's dialect gives; no request and no answer has it.
#[utoipa::path(
    post, path = "/connections", tag = "Bank connections", params(Repeatable),
    request_body(content = Connect, example = json!({ "bank": "chase", "entity": "acme-us" })),
    responses((status = 201, description = "Connected", body = Connection))
)]
pub(super) async fn connect_bank(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Json(body): Json<Connect>,
) -> Result<(StatusCode, Json<Connection>), Problem> {
    Ok((StatusCode::CREATED, Json(desk.banking.connect(&ctx, body).await?)))
}

/// Link a bank through Plaid
///
/// Returns a token that opens Plaid's page, in which a person chooses a bank. The token that the page returns connects it.
#[utoipa::path(
    post, path = "/connections/link", tag = "Bank connections",
    request_body(content = LinkBank, example = json!({ "entity": "acme-us" })),
    responses((status = 200, description = "The token, and until when it is valid", body = LinkToken))
)]
pub(super) async fn link_bank(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Json(body): Json<LinkBank>,
) -> Result<Json<LinkToken>, Problem> {
    Ok(Json(desk.banking.link(&ctx, body).await?))
}

/// List connections
///
/// In the order in which they were made.
#[utoipa::path(
    get, path = "/connections", tag = "Bank connections",
    responses((status = 200, description = "All of them", body = ConnectionList))
)]
pub(super) async fn list_bank_connections(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
) -> Result<Json<ConnectionList>, Problem> {
    Ok(Json(desk.banking.connections(&ctx).await?))
}

/// Read a connection
///
/// Its state, and the reason if its bank cannot be read.
#[utoipa::path(
    get, path = "/connections/{id}", tag = "Bank connections", params(ConnectionAt),
    responses((status = 200, description = "The connection", body = Connection))
)]
pub(super) async fn get_bank_connection(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<ConnectionAt>,
) -> Result<Json<Connection>, Problem> {
    Ok(Json(desk.banking.connection(&ctx, at.id).await?))
}

async fn change(
    desk: &Desk,
    ctx: &Ctx,
    id: ConnectionId,
    change: ConnectionChange,
) -> Result<Json<Connection>, Problem> {
    Ok(Json(desk.banking.change_connection(ctx, ChangeConnection { id, change }).await?))
}

/// Ask the bank now
///
/// The next round begins within seconds, also where the bank has failed. It does not wait for the round.
#[utoipa::path(
    post, path = "/connections/{id}/sync", tag = "Bank connections", params(ConnectionAt),
    request_body(content = Nothing, example = json!({})),
    responses((status = 200, description = "The next round is due", body = Connection))
)]
pub(super) async fn sync_bank_connection(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<ConnectionAt>,
    Json(Nothing {}): Json<Nothing>,
) -> Result<Json<Connection>, Problem> {
    change(&desk, &ctx, at.id, ConnectionChange::Sync).await
}

/// Disable a connection
///
/// Its bank is not asked before it is renewed. Its accounts stay, with what they have.
#[utoipa::path(
    post, path = "/connections/{id}/disable", tag = "Bank connections", params(ConnectionAt),
    request_body(content = Nothing, example = json!({})),
    responses((status = 200, description = "The bank is not asked any more", body = Connection))
)]
pub(super) async fn disable_bank_connection(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<ConnectionAt>,
    Json(Nothing {}): Json<Nothing>,
) -> Result<Json<Connection>, Problem> {
    change(&desk, &ctx, at.id, ConnectionChange::Disable).await
}

/// Renew a connection
///
/// After the key was renewed, or to enable a disabled one.
#[utoipa::path(
    post, path = "/connections/{id}/consent", tag = "Bank connections", params(ConnectionAt),
    request_body(content = Nothing, example = json!({})),
    responses((status = 200, description = "The next round is due", body = Connection))
)]
pub(super) async fn renew_bank_connection(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<ConnectionAt>,
    Json(Nothing {}): Json<Nothing>,
) -> Result<Json<Connection>, Problem> {
    change(&desk, &ctx, at.id, ConnectionChange::Consent).await
}

/// Test a connection
///
/// Calls the bank and stores nothing. Shows each step, and no secret.
#[utoipa::path(
    post, path = "/connections/{id}/test", tag = "Bank connections", params(ConnectionAt),
    request_body(content = Nothing, example = json!({})),
    responses((status = 200, description = "The steps", body = ConnectionTest))
)]
pub(super) async fn test_bank_connection(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<ConnectionAt>,
    Json(Nothing {}): Json<Nothing>,
) -> Result<Json<ConnectionTest>, Problem> {
    Ok(Json(desk.banking.test_connection(&ctx, at.id).await?))
}
