//! The inbox.

use axum::extract::State;
use notifications_api::{DeliveryId, Entry, EntryState, InboxQuery, MarkEntry, Unread};
use platform::http::{CallCtx, Json, Path, Problem, Query, decode_cursor, encode_cursor, page_limit};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Desk, Nothing};

const LIST: &str = "notification-inbox";

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct EntryAt {
    /// The entry's id.
    #[param(value_type = String)]
    id: DeliveryId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct InboxParams {
    /// Another person's inbox, for callers who may read all. Customers always get their own.
    #[serde(default)]
    subject: Option<String>,
    /// Only entries in this state; without it, those that are not archived.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    state: Option<EntryState>,
    /// `next` of the page before.
    #[serde(default)]
    cursor: Option<String>,
    /// 50 unless given, at most 500.
    #[serde(default)]
    limit: Option<u32>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct UnreadParams {
    /// Another person's inbox, for callers who may read all.
    #[serde(default)]
    subject: Option<String>,
}

/// One page of the inbox.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InboxList {
    items: Vec<Entry>,
    /// Send this back as `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// List the inbox
///
/// The newest first, in the person's language.
#[utoipa::path(
    get, path = "/inbox", tag = "Inbox", params(InboxParams),
    responses((status = 200, description = "One page", body = InboxList))
)]
pub(super) async fn list_inbox(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Query(params): Query<InboxParams>,
) -> Result<Json<InboxList>, Problem> {
    let InboxParams { subject, state, cursor, limit } = params;
    let before = cursor.as_deref().map(|cursor| decode_cursor(LIST, cursor)).transpose()?;
    let page = desk.0.inbox(&ctx, InboxQuery { subject, state, before, limit: page_limit(limit)? }).await?;
    let next = page.items.last().filter(|_| page.more).map(|last| encode_cursor(LIST, &last.id));
    Ok(Json(InboxList { items: page.items, next }))
}

/// Count unread entries
///
/// Of the caller's own inbox, unless another one is named.
#[utoipa::path(
    get, path = "/inbox/unread", tag = "Inbox", params(UnreadParams),
    responses((status = 200, description = "Their number", body = Unread))
)]
pub(super) async fn count_unread(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Query(params): Query<UnreadParams>,
) -> Result<Json<Unread>, Problem> {
    Ok(Json(desk.0.unread(&ctx, params.subject).await?))
}

/// Mark an entry as read
///
/// A repeat changes nothing.
#[utoipa::path(
    post, path = "/inbox/{id}/read", tag = "Inbox", params(EntryAt),
    request_body(content = Nothing, example = json!({})),
    responses((status = 200, description = "As it is now", body = Entry))
)]
pub(super) async fn read_inbox_entry(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<EntryAt>,
    Json(Nothing {}): Json<Nothing>,
) -> Result<Json<Entry>, Problem> {
    Ok(Json(desk.0.mark(&ctx, MarkEntry { id: at.id, state: EntryState::Read }).await?))
}

/// Archive an entry
///
/// It is no longer listed, unless `state=archived` asks for it.
#[utoipa::path(
    post, path = "/inbox/{id}/archive", tag = "Inbox", params(EntryAt),
    request_body(content = Nothing, example = json!({})),
    responses((status = 200, description = "As it is now", body = Entry))
)]
pub(super) async fn archive_inbox_entry(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<EntryAt>,
    Json(Nothing {}): Json<Nothing>,
) -> Result<Json<Entry>, Problem> {
    Ok(Json(desk.0.mark(&ctx, MarkEntry { id: at.id, state: EntryState::Archived }).await?))
}
