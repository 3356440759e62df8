//! Roles: names for what users and programs may do.

use access::Role;
use axum::extract::State;
use http::StatusCode;
use identity_api::{IdentityError, PutRole, Refusal};
use kernel::Permission;
use platform::http::{CallCtx, Json, Path, Problem, Repeatable};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Shared;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct RoleAt {
    /// The role's name.
    #[param(example = "auditor")]
    name: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RoleList {
    items: Vec<Role>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RoleBody {
    #[serde(default)]
    description: String,
    /// `resource:action:scope`; `*` matches anything.
    #[schema(value_type = Vec<String>, example = json!(["accounts:read:all"]))]
    permissions: Vec<Permission>,
}

/// List roles
///
/// Built-in roles and added ones.
#[utoipa::path(
    get, path = "/roles", tag = "Roles",
    responses((status = 200, description = "All of them", body = RoleList))
)]
pub(super) async fn list_roles(
    State(identity): State<Shared>,
    CallCtx(ctx): CallCtx,
) -> Result<Json<RoleList>, Problem> {
    identity.roles(&ctx).await.map(|items| Json(RoleList { items })).map_err(Problem::from)
}

/// Read one role
///
/// What it grants now. A built-in role has `built_in` and cannot be changed.
#[utoipa::path(
    get, path = "/roles/{name}", tag = "Roles", params(RoleAt),
    responses((status = 200, description = "The role", body = Role))
)]
pub(super) async fn get_role(
    State(identity): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<RoleAt>,
) -> Result<Json<Role>, Problem> {
    let roles = identity.roles(&ctx).await?;
    let role = roles.into_iter().find(|role| role.name == at.name);
    role.map(Json).ok_or_else(|| IdentityError::from(Refusal::not_found("role", at.name)).into())
}

/// Create or change a role
///
/// Takes effect on the next decision, for everybody who has it. Built-in roles cannot be changed. Try it first at
/// `/v1/access/try`. Needs a recent login with a second factor.
#[utoipa::path(
    put, path = "/roles/{name}", tag = "Roles", params(RoleAt),
    request_body = RoleBody,
    responses((status = 200, description = "As it is now", body = Role))
)]
pub(super) async fn put_role(
    State(identity): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<RoleAt>,
    Json(RoleBody { description, permissions }): Json<RoleBody>,
) -> Result<Json<Role>, Problem> {
    let command = PutRole { name: at.name, description, permissions };
    identity.put_role(&ctx, command).await.map(Json).map_err(Problem::from)
}

/// Remove a role
///
/// Only possible if no user or client has it.
#[utoipa::path(
    delete, path = "/roles/{name}", tag = "Roles", params(RoleAt, Repeatable),
    responses((status = 204, description = "Removed"))
)]
pub(super) async fn remove_role(
    State(identity): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<RoleAt>,
) -> Result<StatusCode, Problem> {
    identity.remove_role(&ctx, at.name).await.map(|()| StatusCode::NO_CONTENT).map_err(Problem::from)
}
