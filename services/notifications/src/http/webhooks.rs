//! Webhooks.

use axum::extract::State;
use http::StatusCode;
use kernel::Timestamp;
use notifications_api::{
    AddEndpoint, ChangeEndpoint, Endpoint, EndpointChange, EndpointId, EndpointQuery, NewEndpoint, Post, PostId,
    PostQuery, Replay, Replayed,
};
use platform::http::{CallCtx, Json, Path, Problem, Query, Repeatable, decode_cursor, encode_cursor, page_limit};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Desk, Nothing, PageParams};

const LIST: &str = "notification-webhooks";
const POSTS: &str = "notification-posts";

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct EndpointAt {
    /// The endpoint's id.
    #[param(value_type = String)]
    id: EndpointId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct PostAt {
    /// The post's id, which is also its `webhook-id`.
    #[param(value_type = String)]
    id: PostId,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EndpointList {
    items: Vec<Endpoint>,
    /// Send this back as `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PostList {
    items: Vec<Post>,
    /// Send this back as `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// From `from` until before `to`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReplayBody {
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    to: Timestamp,
}

/// Add a webhook
///
/// Events are posted as Standard Webhooks describes it, with ids and without data. The secret is shown only here. Customers
/// get events of their own accounts.
#[utoipa::path(
    post, path = "/webhooks", tag = "Webhooks", params(Repeatable), request_body = AddEndpoint,
    responses((status = 201, description = "Added", body = NewEndpoint))
)]
pub(super) async fn add_webhook(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Json(body): Json<AddEndpoint>,
) -> Result<(StatusCode, Json<NewEndpoint>), Problem> {
    Ok((StatusCode::CREATED, Json(desk.0.add_endpoint(&ctx, body).await?)))
}

/// List webhooks
///
/// The oldest first.
#[utoipa::path(
    get, path = "/webhooks", tag = "Webhooks", params(PageParams),
    responses((status = 200, description = "One page", body = EndpointList))
)]
pub(super) async fn list_webhooks(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Query(params): Query<PageParams>,
) -> Result<Json<EndpointList>, Problem> {
    let after = params.cursor.as_deref().map(|cursor| decode_cursor(LIST, cursor)).transpose()?;
    let page = desk.0.endpoints(&ctx, EndpointQuery { after, limit: page_limit(params.limit)? }).await?;
    let next = page.items.last().filter(|_| page.more).map(|last| encode_cursor(LIST, &last.id));
    Ok(Json(EndpointList { items: page.items, next }))
}

/// Remove a webhook
///
/// With everything that waits for it.
#[utoipa::path(
    delete, path = "/webhooks/{id}", tag = "Webhooks", params(EndpointAt, Repeatable),
    responses((status = 204, description = "Removed"))
)]
pub(super) async fn remove_webhook(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<EndpointAt>,
) -> Result<StatusCode, Problem> {
    desk.0.change_endpoint(&ctx, ChangeEndpoint { id: at.id, change: EndpointChange::Remove }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Enable a webhook
///
/// What waited while it was disabled is posted.
#[utoipa::path(
    post, path = "/webhooks/{id}/enable", tag = "Webhooks", params(EndpointAt, Repeatable),
    request_body(content = Nothing, example = json!({})),
    responses((status = 200, description = "Enabled", body = Endpoint))
)]
pub(super) async fn enable_webhook(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<EndpointAt>,
    Json(Nothing {}): Json<Nothing>,
) -> Result<Json<Endpoint>, Problem> {
    Ok(Json(desk.0.change_endpoint(&ctx, ChangeEndpoint { id: at.id, change: EndpointChange::Enable }).await?))
}

/// Test a webhook
///
/// Posts `notifications.endpoint.tested`; see the posts for the answer.
#[utoipa::path(
    post, path = "/webhooks/{id}/test", tag = "Webhooks", params(EndpointAt, Repeatable),
    request_body(content = Nothing, example = json!({})),
    responses((status = 200, description = "Waiting to be posted", body = Endpoint))
)]
pub(super) async fn test_webhook(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<EndpointAt>,
    Json(Nothing {}): Json<Nothing>,
) -> Result<Json<Endpoint>, Problem> {
    Ok(Json(desk.0.change_endpoint(&ctx, ChangeEndpoint { id: at.id, change: EndpointChange::Test }).await?))
}

/// Rotate a webhook's secret
///
/// For a day every post is signed by both secrets.
#[utoipa::path(
    post, path = "/webhooks/{id}/rotate", tag = "Webhooks", params(EndpointAt, Repeatable),
    request_body(content = Nothing, example = json!({})),
    responses((status = 200, description = "The new secret", body = NewEndpoint))
)]
pub(super) async fn rotate_webhook_secret(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<EndpointAt>,
    Json(Nothing {}): Json<Nothing>,
) -> Result<Json<NewEndpoint>, Problem> {
    Ok(Json(desk.0.rotate(&ctx, at.id).await?))
}

/// Replay events
///
/// Posts all events of a time range again, each under its own id.
#[utoipa::path(
    post, path = "/webhooks/{id}/replay", tag = "Webhooks", params(EndpointAt, Repeatable),
    request_body(content = ReplayBody, example = json!({ "from": "2026-01-31T00:00:00Z", "to": "2026-02-01T00:00:00Z" })),
    responses((status = 200, description = "How many wait now", body = Replayed))
)]
pub(super) async fn replay_webhook(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<EndpointAt>,
    Json(ReplayBody { from, to }): Json<ReplayBody>,
) -> Result<Json<Replayed>, Problem> {
    Ok(Json(desk.0.replay(&ctx, Replay { id: at.id, from, to }).await?))
}

/// List posts of a webhook
///
/// The newest first, each with its attempts and the last answer.
#[utoipa::path(
    get, path = "/webhooks/{id}/attempts", tag = "Webhooks", params(EndpointAt, PageParams),
    responses((status = 200, description = "One page", body = PostList))
)]
pub(super) async fn list_webhook_posts(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<EndpointAt>,
    Query(params): Query<PageParams>,
) -> Result<Json<PostList>, Problem> {
    let before = params.cursor.as_deref().map(|cursor| decode_cursor(POSTS, cursor)).transpose()?;
    let query = PostQuery { endpoint: at.id, before, limit: page_limit(params.limit)? };
    let page = desk.0.posts(&ctx, query).await?;
    let next = page.items.last().filter(|_| page.more).map(|last| encode_cursor(POSTS, &last.id));
    Ok(Json(PostList { items: page.items, next }))
}

/// Resend an event
///
/// Under its own id, by which the receiver knows it.
#[utoipa::path(
    post, path = "/attempts/{id}/resend", tag = "Webhooks", params(PostAt, Repeatable),
    request_body(content = Nothing, example = json!({})),
    responses((status = 200, description = "Waiting to be posted", body = Post))
)]
pub(super) async fn resend_webhook(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<PostAt>,
    Json(Nothing {}): Json<Nothing>,
) -> Result<Json<Post>, Problem> {
    Ok(Json(desk.0.resend(&ctx, at.id).await?))
}
