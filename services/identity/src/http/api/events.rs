//! What happened to people, clients, roles and policies, as a feed of events.

use axum::extract::State;
use identity_api::{IdentityError, Refusal};
use platform::feed::{CloudEvent, Pull};
use platform::http::{After, CallCtx, Json, Problem, Query};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Shared, examples};

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IdentityEventPage)]
pub(super) struct EventPage {
    items: Vec<CloudEvent>,
    /// Where the next question starts: behind the last item, or where this one started.
    next: u64,
}

/// Read what happened
///
/// Every login, change of a person, client, role and policy, in order, as CloudEvents 1.0. Ask again behind `next` for
/// ever: nothing is told out of order and nothing is left out. They are kept for some days; whoever comes later is told.
/// Events carry ids, and neither names nor secrets.
#[utoipa::path(
    get, path = "/events", tag = "Identity events", params(After),
    responses((status = 200, description = "Events behind the cursor", body = EventPage, example = json!(examples::events())))
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
