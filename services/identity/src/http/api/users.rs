//! Users: creating, reading and listing them.

use axum::extract::State;
use identity_api::{CreateUser, NewUser, User, UserId, UserQuery};
use platform::http::{CallCtx, Json, Page, Path, Problem, Query, Repeatable, decode_cursor, encode_cursor, page_limit};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Shared;
use super::answer::Kept;

/// The list's name in its cursors, so that another list's cursor is refused.
const LIST: &str = "identity.users";

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct UserAt {
    /// The user's id.
    #[param(value_type = String, example = "usr_01kppyy0k0f4g8n1vpdkpr5g3a")]
    pub(super) id: UserId,
}

/// Create a user
///
/// Returns a one-time password, valid for 72 hours and only in this response: pass it on, and the user chooses their
/// own at the first login. If a role requires a second factor, it is set up then too. A repeat with the same
/// `Idempotency-Key` gets 200 and the user without the password (`withheld`): reset it if the first response was lost.
/// Without a key, a repeat is refused because the name is taken. Needs a recent login with a second factor. Also at
/// `/v1/users`.
#[utoipa::path(
    post, path = "/users", tag = "People", params(Repeatable),
    request_body = CreateUser,
    responses(
        (status = 201, description = "Created", body = NewUser),
        (status = 200, description = "Already created (`replayed`), without the password (`withheld`)", body = NewUser),
    )
)]
pub(super) async fn create_user(
    State(identity): State<Shared>,
    CallCtx(ctx): CallCtx,
    Json(body): Json<CreateUser>,
) -> Result<Kept<NewUser>, Problem> {
    let made = identity.create_user(&ctx, body).await?;
    let replayed = made.replayed;
    Ok(Kept::made(made, replayed))
}

/// Read one user
///
/// By the id assigned when they were created. `subject` is the owner of their accounts, and `second_factor` says
/// whether a login requires more than the password. Users may read themselves if a role grants `users:read:own`; a user
/// out of reach answers as if they did not exist.
#[utoipa::path(
    get, path = "/users/{id}", tag = "People", params(UserAt),
    responses((status = 200, description = "The user", body = User))
)]
pub(super) async fn get_user(
    State(identity): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<UserAt>,
) -> Result<Json<User>, Problem> {
    identity.user(&ctx, at.id).await.map(Json).map_err(Problem::from)
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ListUsers {
    /// Only names with this prefix.
    #[param(example = "ann")]
    username: Option<String>,
    /// Only users who have this role.
    #[param(example = "customer")]
    role: Option<String>,
    /// Users on one page, 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
    /// `next` of the previous page, unchanged.
    cursor: Option<String>,
}

/// List users
///
/// In the order in which they were created. If there are more, `next` is present: send it back as `cursor`, with the
/// same filter.
#[utoipa::path(
    get, path = "/users", tag = "People", params(ListUsers),
    responses((status = 200, description = "One page", body = Page<User>))
)]
pub(super) async fn list_users(
    State(identity): State<Shared>,
    CallCtx(ctx): CallCtx,
    Query(asked): Query<ListUsers>,
) -> Result<Json<Page<User>>, Problem> {
    let list = format!("{LIST} {:?} {:?}", asked.username, asked.role);
    let after = asked.cursor.map(|cursor| decode_cursor(&list, &cursor)).transpose()?;
    let limit = Some(page_limit(asked.limit)?);
    let query = UserQuery { username: asked.username, role: asked.role, after, limit };
    let page = identity.users(&ctx, query).await?;
    let last = page.users.last().filter(|_| page.more).map(|user| encode_cursor(&list, &user.id));
    Ok(Json(Page { items: page.users, next: last }))
}
