//! Dead letters and suppressions.

use axum::extract::State;
use http::StatusCode;
use notifications_api::{
    ChangeDead, DeadChange, DeadLetter, DeadQuery, DeliveryId, Lift, Message, Suppression, SuppressionId,
    SuppressionQuery,
};
use platform::http::{CallCtx, Json, Path, Problem, Query, Repeatable, decode_cursor, encode_cursor, page_limit};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Desk, Nothing, PageParams};

const DEAD: &str = "notification-dead";
const SUPPRESSIONS: &str = "notification-suppressions";

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct DeliveryAt {
    /// The delivery's id.
    #[param(value_type = String)]
    id: DeliveryId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct SuppressionAt {
    /// The suppression's id.
    #[param(value_type = String)]
    id: SuppressionId,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeadList {
    items: Vec<DeadLetter>,
    /// Send this back as `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SuppressionParams {
    /// Only the one of this address.
    #[serde(default)]
    address: Option<String>,
    /// `next` of the page before.
    #[serde(default)]
    cursor: Option<String>,
    /// 50 unless given, at most 500.
    #[serde(default)]
    limit: Option<u32>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SuppressionList {
    items: Vec<Suppression>,
    /// Send this back as `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// List dead deliveries
///
/// Given up after all attempts, or because of a mistake on our side. The oldest first.
#[utoipa::path(
    get, path = "/dead", tag = "Deliveries", params(PageParams),
    responses((status = 200, description = "One page", body = DeadList))
)]
pub(super) async fn list_dead_deliveries(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Query(params): Query<PageParams>,
) -> Result<Json<DeadList>, Problem> {
    let after = params.cursor.as_deref().map(|cursor| decode_cursor(DEAD, cursor)).transpose()?;
    let page = desk.0.dead(&ctx, DeadQuery { after, limit: page_limit(params.limit)? }).await?;
    let next = page.items.last().filter(|_| page.more).map(|last| encode_cursor(DEAD, &last.delivery.id));
    Ok(Json(DeadList { items: page.items, next }))
}

/// Retry a dead delivery
///
/// Once more, at once; it lives for at least another day.
#[utoipa::path(
    post, path = "/dead/{id}/retry", tag = "Deliveries", params(DeliveryAt, Repeatable),
    request_body(content = Nothing, example = json!({})),
    responses((status = 200, description = "Its message", body = Message))
)]
pub(super) async fn retry_dead_delivery(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<DeliveryAt>,
    Json(Nothing {}): Json<Nothing>,
) -> Result<Json<Message>, Problem> {
    Ok(Json(desk.0.change_dead(&ctx, ChangeDead { id: at.id, change: DeadChange::Retry }).await?))
}

/// Give up a dead delivery
///
/// It ends as undelivered.
#[utoipa::path(
    post, path = "/dead/{id}/give-up", tag = "Deliveries", params(DeliveryAt, Repeatable),
    request_body(content = Nothing, example = json!({})),
    responses((status = 200, description = "Its message", body = Message))
)]
pub(super) async fn give_up_dead_delivery(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<DeliveryAt>,
    Json(Nothing {}): Json<Nothing>,
) -> Result<Json<Message>, Problem> {
    Ok(Json(desk.0.change_dead(&ctx, ChangeDead { id: at.id, change: DeadChange::GiveUp }).await?))
}

/// List suppressions
///
/// Addresses that get nothing optional any more; only a digest of each is stored.
#[utoipa::path(
    get, path = "/suppressions", tag = "Deliveries", params(SuppressionParams),
    responses((status = 200, description = "One page", body = SuppressionList))
)]
pub(super) async fn list_suppressions(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Query(params): Query<SuppressionParams>,
) -> Result<Json<SuppressionList>, Problem> {
    let SuppressionParams { address, cursor, limit } = params;
    let after = cursor.as_deref().map(|cursor| decode_cursor(SUPPRESSIONS, cursor)).transpose()?;
    let page = desk.0.suppressions(&ctx, SuppressionQuery { address, after, limit: page_limit(limit)? }).await?;
    let next = page.items.last().filter(|_| page.more).map(|last| encode_cursor(SUPPRESSIONS, &last.id));
    Ok(Json(SuppressionList { items: page.items, next }))
}

/// Lift a suppression
///
/// The address gets messages again.
#[utoipa::path(
    delete, path = "/suppressions/{id}", tag = "Deliveries", params(SuppressionAt, Repeatable),
    responses((status = 204, description = "Lifted"))
)]
pub(super) async fn lift_suppression(
    State(desk): State<Desk>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<SuppressionAt>,
) -> Result<StatusCode, Problem> {
    desk.0.lift(&ctx, Lift { id: at.id }).await?;
    Ok(StatusCode::NO_CONTENT)
}
