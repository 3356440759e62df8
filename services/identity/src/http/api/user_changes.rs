//! Changes to a user.

use axum::extract::State;
use identity_api::{ChangeUser, NewUser, User, UserChange};
use kernel::Ctx;
use platform::http::{CallCtx, Json, Path, Problem, Repeatable};
use serde::Deserialize;
use utoipa::ToSchema;

use super::answer::Kept;
use super::users::UserAt;
use super::{Nothing, Shared};

type Answer = Result<Kept<User>, Problem>;

async fn change(identity: &Shared, ctx: &Ctx, at: UserAt, change: UserChange) -> Result<NewUser, Problem> {
    identity.change_user(ctx, ChangeUser { id: at.id, change }).await.map_err(Problem::from)
}

async fn changed(identity: &Shared, ctx: &Ctx, at: UserAt, to: UserChange) -> Answer {
    let NewUser { user, replayed, .. } = change(identity, ctx, at, to).await?;
    Ok(Kept::changed(user, replayed))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RolesOfSomebody)]
pub(super) struct Roles {
    /// All roles from now on.
    #[schema(example = json!(["employee"]))]
    pub(super) roles: Vec<String>,
}

/// Set a user's roles
///
/// They replace all current ones at once: the user's tokens are refused from the next request on.
#[utoipa::path(
    put, path = "/users/{id}/roles", tag = "People", params(UserAt, Repeatable),
    request_body = Roles,
    responses((status = 200, description = "Changed", body = User))
)]
pub(super) async fn set_user_roles(
    State(identity): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<UserAt>,
    Json(body): Json<Roles>,
) -> Answer {
    changed(&identity, &ctx, at, UserChange::SetRoles { roles: body.roles }).await
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Contact {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    email: Option<String>,
    /// In the international form, `+4930123456`.
    #[serde(default)]
    phone: Option<String>,
}

/// Set a user's name, e-mail address and phone number
///
/// Omitted fields are removed.
#[utoipa::path(
    put, path = "/users/{id}/contact", tag = "People", params(UserAt, Repeatable),
    request_body = Contact,
    responses((status = 200, description = "Changed", body = User))
)]
pub(super) async fn set_user_contact(
    State(identity): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<UserAt>,
    Json(Contact { name, email, phone }): Json<Contact>,
) -> Answer {
    changed(&identity, &ctx, at, UserChange::SetContact { name, email, phone }).await
}

/// Disable a user
///
/// They can no longer log in, and their sessions and tokens end at once.
#[utoipa::path(
    post, path = "/users/{id}/disable", tag = "People", params(UserAt, Repeatable),
    request_body = Option<Nothing>,
    responses((status = 200, description = "Disabled", body = User))
)]
pub(super) async fn disable_user(
    State(identity): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<UserAt>,
    Json(_): Json<Option<Nothing>>,
) -> Answer {
    changed(&identity, &ctx, at, UserChange::Disable).await
}

/// Enable a user again
///
/// They log in with their existing password and second factor; waits after failed attempts are cleared. Earlier
/// sessions and tokens stay ended.
#[utoipa::path(
    post, path = "/users/{id}/enable", tag = "People", params(UserAt, Repeatable),
    request_body = Option<Nothing>,
    responses((status = 200, description = "Enabled", body = User))
)]
pub(super) async fn enable_user(
    State(identity): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<UserAt>,
    Json(_): Json<Option<Nothing>>,
) -> Answer {
    changed(&identity, &ctx, at, UserChange::Enable).await
}

/// Give a user a new one-time password
///
/// It is only in this response; a repeat with the same `Idempotency-Key` does not show it again. Sessions and tokens end
/// at once. The second factor stays and is still required.
#[utoipa::path(
    post, path = "/users/{id}/reset-password", tag = "People", params(UserAt, Repeatable),
    request_body = Option<Nothing>,
    responses((status = 200, description = "Made", body = NewUser))
)]
pub(super) async fn reset_user_password(
    State(identity): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<UserAt>,
    Json(_): Json<Option<Nothing>>,
) -> Result<Kept<NewUser>, Problem> {
    let changed = change(&identity, &ctx, at, UserChange::ResetPassword).await?;
    let replayed = changed.replayed;
    Ok(Kept::changed(changed, replayed))
}

/// Remove a user's second factors
///
/// For a user who has lost the phone and the backup codes. If the role requires a second factor, the next login sets up
/// a new one.
#[utoipa::path(
    post, path = "/users/{id}/remove-factors", tag = "People", params(UserAt, Repeatable),
    request_body = Option<Nothing>,
    responses((status = 200, description = "Removed", body = User))
)]
pub(super) async fn remove_user_factors(
    State(identity): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<UserAt>,
    Json(_): Json<Option<Nothing>>,
) -> Answer {
    changed(&identity, &ctx, at, UserChange::RemoveFactors).await
}

/// End a user's sessions
///
/// Also ends all tokens issued from them, at once.
#[utoipa::path(
    post, path = "/users/{id}/end-sessions", tag = "People", params(UserAt, Repeatable),
    request_body = Option<Nothing>,
    responses((status = 200, description = "Ended", body = User))
)]
pub(super) async fn end_user_sessions(
    State(identity): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<UserAt>,
    Json(_): Json<Option<Nothing>>,
) -> Answer {
    changed(&identity, &ctx, at, UserChange::EndSessions).await
}
