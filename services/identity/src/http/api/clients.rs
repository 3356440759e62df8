//! Clients: programs that get tokens.

use axum::extract::State;
use identity_api::{ChangeClient, Client, ClientChange, CreateClient, NewClient};
use kernel::Ctx;
use platform::http::{CallCtx, Json, Path, Problem, Repeatable};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::answer::Kept;
use super::user_changes::Roles;
use super::{Nothing, Shared};

type Answer = Result<Json<Client>, Problem>;
type Changed = Result<Kept<Client>, Problem>;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct ClientAt {
    /// The client's id.
    #[param(example = "reporting")]
    id: String,
}

/// Every client; there are never enough to need pages.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ClientList {
    items: Vec<Client>,
}

/// Create a client
///
/// A `service` acts for itself, a `confidential` client is a web application with a server, a `public` one is an app or
/// page that cannot keep a secret. The secret, if there is one, is only in this response. A repeat with the same
/// `Idempotency-Key` gets 200 and the client without its secret (`withheld`); without a key it is refused because the id
/// is taken. Needs a recent login with a second factor.
#[utoipa::path(
    post, path = "/clients", tag = "Clients", params(Repeatable),
    request_body = CreateClient,
    responses(
        (status = 201, description = "Created", body = NewClient),
        (status = 200, description = "Already created (`replayed`), without the secret (`withheld`)", body = NewClient),
    )
)]
pub(super) async fn create_client(
    State(identity): State<Shared>,
    CallCtx(ctx): CallCtx,
    Json(body): Json<CreateClient>,
) -> Result<Kept<NewClient>, Problem> {
    let made = identity.create_client(&ctx, body).await?;
    let replayed = made.replayed;
    Ok(Kept::made(made, replayed))
}

/// List clients
///
/// All of them, including disabled ones, without their secrets: a secret is only shown when it is created.
#[utoipa::path(
    get, path = "/clients", tag = "Clients",
    responses((status = 200, description = "All of them", body = ClientList))
)]
pub(super) async fn list_clients(
    State(identity): State<Shared>,
    CallCtx(ctx): CallCtx,
) -> Result<Json<ClientList>, Problem> {
    identity.clients(&ctx).await.map(|items| Json(ClientList { items })).map_err(Problem::from)
}

/// Read one client
///
/// Its scopes, redirect URIs, and whether it is enabled. Its secret is not shown.
#[utoipa::path(
    get, path = "/clients/{id}", tag = "Clients", params(ClientAt),
    responses((status = 200, description = "The client", body = Client))
)]
pub(super) async fn get_client(
    State(identity): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<ClientAt>,
) -> Answer {
    identity.client(&ctx, at.id).await.map(Json).map_err(Problem::from)
}

async fn change(identity: &Shared, ctx: &Ctx, at: ClientAt, change: ClientChange) -> Result<NewClient, Problem> {
    identity.change_client(ctx, ChangeClient { id: at.id, change }).await.map_err(Problem::from)
}

async fn changed(identity: &Shared, ctx: &Ctx, at: ClientAt, to: ClientChange) -> Changed {
    let NewClient { client, replayed, .. } = change(identity, ctx, at, to).await?;
    Ok(Kept::changed(client, replayed))
}

/// Give a client a new secret
///
/// The secret is only in this response; a repeat with the same `Idempotency-Key` does not show it again. The old one and
/// its tokens stop working at once.
#[utoipa::path(
    post, path = "/clients/{id}/new-secret", tag = "Clients", params(ClientAt, Repeatable),
    request_body = Option<Nothing>,
    responses((status = 200, description = "Made", body = NewClient))
)]
pub(super) async fn new_client_secret(
    State(identity): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<ClientAt>,
    Json(_): Json<Option<Nothing>>,
) -> Result<Kept<NewClient>, Problem> {
    let changed = change(&identity, &ctx, at, ClientChange::NewSecret).await?;
    let replayed = changed.replayed;
    Ok(Kept::changed(changed, replayed))
}

/// Set a client's roles
///
/// The roles of a client that acts for itself. They replace its current ones at once.
#[utoipa::path(
    put, path = "/clients/{id}/roles", tag = "Clients", params(ClientAt, Repeatable),
    request_body = Roles,
    responses((status = 200, description = "Changed", body = Client))
)]
pub(super) async fn set_client_roles(
    State(identity): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<ClientAt>,
    Json(body): Json<Roles>,
) -> Changed {
    changed(&identity, &ctx, at, ClientChange::SetRoles { roles: body.roles }).await
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Scopes {
    /// All scopes that it may request from now on.
    #[schema(example = json!(["read:accounts"]))]
    scopes: Vec<String>,
}

/// Set a client's scopes
///
/// They replace its current ones. A token never does more than its scopes say, whatever the roles grant. The client's
/// tokens are refused from the next request on; it has to request new ones. Needs a recent login with a second factor.
#[utoipa::path(
    put, path = "/clients/{id}/scopes", tag = "Clients", params(ClientAt, Repeatable),
    request_body = Scopes,
    responses((status = 200, description = "Changed", body = Client))
)]
pub(super) async fn set_client_scopes(
    State(identity): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<ClientAt>,
    Json(body): Json<Scopes>,
) -> Changed {
    changed(&identity, &ctx, at, ClientChange::SetScopes { scopes: body.scopes }).await
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RedirectUris {
    /// Compared exactly.
    redirect_uris: Vec<String>,
    #[serde(default)]
    post_logout_redirect_uris: Vec<String>,
}

/// Set a client's redirect URIs
///
/// They replace the current ones, for after a login (`redirect_uris`) and after a logout (`post_logout_redirect_uris`).
/// They are compared exactly: https, or http on this machine, where any port matches. A service has none. Needs a
/// recent login with a second factor.
#[utoipa::path(
    put, path = "/clients/{id}/redirect-uris", tag = "Clients", params(ClientAt, Repeatable),
    request_body = RedirectUris,
    responses((status = 200, description = "Changed", body = Client))
)]
pub(super) async fn set_client_redirect_uris(
    State(identity): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<ClientAt>,
    Json(RedirectUris { redirect_uris, post_logout_redirect_uris }): Json<RedirectUris>,
) -> Changed {
    changed(&identity, &ctx, at, ClientChange::SetRedirectUris { redirect_uris, post_logout_redirect_uris }).await
}

/// Disable a client
///
/// It gets no more tokens, and its current ones are refused from the next request on.
#[utoipa::path(
    post, path = "/clients/{id}/disable", tag = "Clients", params(ClientAt, Repeatable),
    request_body = Option<Nothing>,
    responses((status = 200, description = "Disabled", body = Client))
)]
pub(super) async fn disable_client(
    State(identity): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<ClientAt>,
    Json(_): Json<Option<Nothing>>,
) -> Changed {
    changed(&identity, &ctx, at, ClientChange::Disable).await
}

/// Enable a client again
///
/// It gets tokens with its existing secret. Tokens from before it was disabled stay refused.
#[utoipa::path(
    post, path = "/clients/{id}/enable", tag = "Clients", params(ClientAt, Repeatable),
    request_body = Option<Nothing>,
    responses((status = 200, description = "Enabled", body = Client))
)]
pub(super) async fn enable_client(
    State(identity): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<ClientAt>,
    Json(_): Json<Option<Nothing>>,
) -> Changed {
    changed(&identity, &ctx, at, ClientChange::Enable).await
}
