//! Messages, kinds, previews and kept mails.

use axum::extract::State;
use http::StatusCode;
use notifications_api::{KeptMail, KindList, Message, MessageId, MessageQuery, Preview, Previewed, SendMessage};
use platform::http::{CallCtx, Json, Path, Problem, Query, Repeatable, decode_cursor, encode_cursor, page_limit};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Desk, Nothing};

const LIST: &str = "notification-messages";

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct MessageAt {
    /// The message's id.
    #[param(value_type = String)]
    id: MessageId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct MessageParams {
    /// Only this person's. Customers always get their own.
    #[serde(default)]
    subject: Option<String>,
    /// `next` of the page before.
    #[serde(default)]
    cursor: Option<String>,
    /// 50 unless given, at most 500.
    #[serde(default)]
    limit: Option<u32>,
}

/// One page of messages.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MessageList {
    items: Vec<Message>,
    /// Send this back as `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Send a message
///
/// It is delivered afterwards; `deliveries` say how far it is. A message to a role is sent to each of its people. Where mails
/// are kept instead of being sent, `mail_at` is where to read it.
#[utoipa::path(
    post, path = "/messages", tag = "Messages", params(Repeatable),
    request_body(content = SendMessage, example = json!({
        "kind": "account.money_received",
        "to": { "subject": "cust_ann" },
        "data": { "amount": { "amount": "25.00", "currency": "USD" }, "from": "Bob" },
    })),
    responses((status = 201, description = "Accepted", body = Message))
)]
pub(super) async fn send_message(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Json(body): Json<SendMessage>,
) -> Result<(StatusCode, Json<Message>), Problem> {
    Ok((StatusCode::CREATED, Json(desk.0.send(&ctx, body).await?)))
}

/// List messages
///
/// The newest first.
#[utoipa::path(
    get, path = "/messages", tag = "Messages", params(MessageParams),
    responses((status = 200, description = "One page", body = MessageList))
)]
pub(super) async fn list_messages(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Query(params): Query<MessageParams>,
) -> Result<Json<MessageList>, Problem> {
    let before = params.cursor.as_deref().map(|cursor| decode_cursor(LIST, cursor)).transpose()?;
    let query = MessageQuery { subject: params.subject, before, limit: page_limit(params.limit)? };
    let page = desk.0.messages(&ctx, query).await?;
    let next = page.items.last().filter(|_| page.more).map(|last| encode_cursor(LIST, &last.id));
    Ok(Json(MessageList { items: page.items, next }))
}

/// Read a message
///
/// With its deliveries, and each attempt at a provider.
#[utoipa::path(
    get, path = "/messages/{id}", tag = "Messages", params(MessageAt),
    responses((status = 200, description = "The message", body = Message))
)]
pub(super) async fn get_message(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<MessageAt>,
) -> Result<Json<Message>, Problem> {
    Ok(Json(desk.0.message(&ctx, at.id).await?))
}

/// Cancel a message
///
/// Ends every delivery that no provider has been given.
#[utoipa::path(
    post, path = "/messages/{id}/cancel", tag = "Messages", params(MessageAt, Repeatable),
    request_body(content = Nothing, example = json!({})),
    responses((status = 200, description = "As it is now", body = Message))
)]
pub(super) async fn cancel_message(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<MessageAt>,
    Json(Nothing {}): Json<Nothing>,
) -> Result<Json<Message>, Problem> {
    Ok(Json(desk.0.cancel(&ctx, at.id).await?))
}

/// Read a kept mail
///
/// In a demo, mails are kept instead of being sent: the last one of a message.
#[utoipa::path(
    get, path = "/messages/{id}/mail", tag = "Messages", params(MessageAt),
    responses((status = 200, description = "The mail", body = KeptMail))
)]
pub(super) async fn get_kept_mail(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<MessageAt>,
) -> Result<Json<KeptMail>, Problem> {
    Ok(Json(desk.0.kept_mail(&ctx, at.id).await?))
}

/// List kinds of messages
///
/// With their variables, and the events that cause them.
#[utoipa::path(
    get, path = "/kinds", tag = "Messages",
    responses((status = 200, description = "All of them", body = KindList))
)]
pub(super) async fn list_message_kinds(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
) -> Result<Json<KindList>, Problem> {
    Ok(Json(desk.0.kinds(&ctx).await?))
}

/// Preview a message
///
/// In a language; variables that are left out get example values. Nothing is sent.
#[utoipa::path(
    post, path = "/templates/preview", tag = "Messages",
    request_body(content = Preview, example = json!({ "kind": "account.money_received", "locale": "de-AT" })),
    responses((status = 200, description = "As it would look", body = Previewed))
)]
pub(super) async fn preview_message(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Json(body): Json<Preview>,
) -> Result<Json<Previewed>, Problem> {
    Ok(Json(desk.0.preview(&ctx, body).await?))
}
