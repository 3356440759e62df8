//! Policies: rules that narrow what roles grant, and a preview of a change.

use access::Policy;
use axum::extract::State;
use http::StatusCode;
use identity_api::{Effect, IdentityError, PutPolicy, Refusal, TryChange};
use platform::http::{CallCtx, Json, Path, Problem, Repeatable};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Shared;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct PolicyAt {
    /// The policy's id.
    #[param(example = "closed-on-weekends")]
    id: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PolicyList {
    items: Vec<Policy>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyBody {
    #[serde(default)]
    description: String,
    /// One policy in the Cedar language.
    text: String,
    /// A disabled one is stored but not evaluated.
    enabled: bool,
}

/// List policies
///
/// The built-in ones (`built_in`), such as the office hours of employees, and added ones, enabled or not.
#[utoipa::path(
    get, path = "/policies", tag = "Policies",
    responses((status = 200, description = "All of them", body = PolicyList))
)]
pub(super) async fn list_policies(
    State(identity): State<Shared>,
    CallCtx(ctx): CallCtx,
) -> Result<Json<PolicyList>, Problem> {
    identity.policies(&ctx).await.map(|items| Json(PolicyList { items })).map_err(Problem::from)
}

/// Read one policy
///
/// Its Cedar text as it was put, and whether it is evaluated (`enabled`).
#[utoipa::path(
    get, path = "/policies/{id}", tag = "Policies", params(PolicyAt),
    responses((status = 200, description = "The policy", body = Policy))
)]
pub(super) async fn get_policy(
    State(identity): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<PolicyAt>,
) -> Result<Json<Policy>, Problem> {
    let policies = identity.policies(&ctx).await?;
    let policy = policies.into_iter().find(|policy| policy.id == at.id);
    policy.map(Json).ok_or_else(|| IdentityError::from(Refusal::not_found("policy", at.id)).into())
}

/// Create or change a policy
///
/// Takes effect on the next decision. A policy narrows what roles grant and never widens it. Try it first at
/// `/v1/access/try`. Needs a recent login with a second factor.
#[utoipa::path(
    put, path = "/policies/{id}", tag = "Policies", params(PolicyAt),
    request_body = PolicyBody,
    responses((status = 200, description = "As it is now", body = Policy))
)]
pub(super) async fn put_policy(
    State(identity): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<PolicyAt>,
    Json(PolicyBody { description, text, enabled }): Json<PolicyBody>,
) -> Result<Json<Policy>, Problem> {
    let command = PutPolicy { id: at.id, description, text, enabled };
    identity.put_policy(&ctx, command).await.map(Json).map_err(Problem::from)
}

/// Remove a policy
///
/// What it forbade is allowed from the next decision on, if a role grants it. To keep the text, put the policy with
/// `enabled` false instead. Built-in policies cannot be removed. Needs a recent login with a second factor.
#[utoipa::path(
    delete, path = "/policies/{id}", tag = "Policies", params(PolicyAt, Repeatable),
    responses((status = 204, description = "Removed"))
)]
pub(super) async fn remove_policy(
    State(identity): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<PolicyAt>,
) -> Result<StatusCode, Problem> {
    identity.remove_policy(&ctx, at.id).await.map(|()| StatusCode::NO_CONTENT).map_err(Problem::from)
}

/// Preview a change of a role or policy
///
/// Changes nothing: returns who would gain and who would lose which permissions.
#[utoipa::path(
    post, path = "/try", tag = "Policies",
    request_body = TryChange,
    responses((status = 200, description = "Who would gain and who would lose", body = Effect))
)]
pub(super) async fn try_change(
    State(identity): State<Shared>,
    CallCtx(ctx): CallCtx,
    Json(body): Json<TryChange>,
) -> Result<Json<Effect>, Problem> {
    identity.try_change(&ctx, body).await.map(Json).map_err(Problem::from)
}
