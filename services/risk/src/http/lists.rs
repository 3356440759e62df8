//! Lists of entities.

use axum::extract::State;
use kernel::Timestamp;
use platform::http::{CallCtx, Json, Path, Problem, Query};
use risk_api::{Entity, EntityId, EntityKind, ListChanged, ListEntry, ListName, ListQuery, PutEntries, RemoveEntries};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::Shared;
use super::answer::items;

items!(ListEntries, ListEntry, Entity);

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct ListAt {
    /// The list.
    #[param(inline)]
    list: ListName,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct EntriesQuery {
    /// Only entries of this kind.
    #[param(inline)]
    kind: Option<EntityKind>,
    /// Only the entry of this entity; needs `kind`.
    #[param(value_type = Option<String>)]
    id: Option<EntityId>,
    /// Kind and id in `next` of the previous page.
    #[param(inline)]
    after_kind: Option<EntityKind>,
    /// Belongs to `after_kind`.
    #[param(value_type = Option<String>)]
    after_id: Option<EntityId>,
    /// 50 by default, at most 500.
    limit: Option<usize>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewEntries {
    /// At most 10,000.
    entities: Vec<Entity>,
    #[schema(min_length = 1, max_length = 1000, example = "reported stolen")]
    reason: String,
    /// Defaults to never.
    #[serde(default)]
    expires_at: Option<Timestamp>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OldEntries {
    /// At most 10,000.
    entities: Vec<Entity>,
}

/// List the entries of a list
///
/// By kind and id, with reason, author and expiry. With `kind` and `id` it looks up one entity.
#[utoipa::path(
    get, path = "/risk/lists/{list}/entries", tag = "Risk lists", params(ListAt, EntriesQuery),
    responses((status = 200, description = "By kind and id", body = ListEntries))
)]
pub(super) async fn list_entries(
    State(risk): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<ListAt>,
    Query(query): Query<EntriesQuery>,
) -> Result<Json<ListEntries>, Problem> {
    let after = query.after_kind.zip(query.after_id).map(|(kind, id)| Entity { kind, id });
    let query = ListQuery { list: at.list, kind: query.kind, id: query.id, after, limit: query.limit };
    let page = risk.entries(&ctx, query).await?;
    Ok(Json(ListEntries { items: page.entries, next: page.next }))
}

/// Put entities on a list
///
/// Takes effect with the next decision. An entity that is on the list already gets the new reason and expiry.
#[utoipa::path(
    post, path = "/risk/lists/{list}/entries", tag = "Risk lists", params(ListAt), request_body = NewEntries,
    responses((status = 200, description = "They are on the list", body = ListChanged))
)]
pub(super) async fn put_entries(
    State(risk): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<ListAt>,
    Json(body): Json<NewEntries>,
) -> Result<Json<ListChanged>, Problem> {
    let NewEntries { entities, reason, expires_at } = body;
    Ok(Json(risk.put_entries(&ctx, PutEntries { list: at.list, entities, reason, expires_at }).await?))
}

/// Remove entities from a list
///
/// Takes effect with the next decision. Entities that are not on the list are ignored.
#[utoipa::path(
    post, path = "/risk/lists/{list}/removals", tag = "Risk lists", params(ListAt), request_body = OldEntries,
    responses((status = 200, description = "They are not on the list", body = ListChanged))
)]
pub(super) async fn remove_entries(
    State(risk): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<ListAt>,
    Json(body): Json<OldEntries>,
) -> Result<Json<ListChanged>, Problem> {
    Ok(Json(risk.remove_entries(&ctx, RemoveEntries { list: at.list, entities: body.entities }).await?))
}
