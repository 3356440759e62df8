//! Events about users, clients, roles and policies, as a feed.

use axum::extract::State;
use identity_api::{IdentityError, Refusal};
use platform::feed::{CloudEvent, Pull};
use platform::http::{After, CallCtx, Json, Problem, Query};
use serde::Serialize;
use utoipa::ToSchema;

use super::Shared;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IdentityEventPage)]
pub(super) struct EventPage {
    items: Vec<CloudEvent>,
    /// Where the next request starts: after the last item, or where this one started.
    next: u64,
}

/// Read events
///
/// Every login and every change of a user, client, role and policy, in order, as CloudEvents 1.0. To follow, keep
/// asking for events after `next`: they always come in order and none is missed. Events are kept for a few days; a
/// later reader gets `events_gone`. They have ids, but no names and no secrets.
#[utoipa::path(
    get, path = "/events", tag = "Identity events", params(After),
    responses((status = 200, description = "Events after the cursor", body = EventPage))
)]
pub(super) async fn identity_events(
    State(identity): State<Shared>,
    CallCtx(ctx): CallCtx,
    Query(asked): Query<After>,
) -> Result<Json<EventPage>, Problem> {
    let size = |given| Problem::from(IdentityError::from(Refusal::PageSize { given, max: Pull::EVENTS_MAX }));
    let events = identity.events_after(&ctx, asked.pull().map_err(size)?).await?;
    let next = asked.next(&events);
    Ok(Json(EventPage { items: events.into_iter().map(|event| event.event).collect(), next }))
}
