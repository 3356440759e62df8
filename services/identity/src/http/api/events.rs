//! What happened to people, clients, roles and policies, as a feed of events.

use axum::extract::State;
use identity_api::{IdentityError, Refusal};
use platform::feed::{CloudEvent, Pull};
use platform::http::{CallCtx, Json, Problem, Query};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::answer::problem;
use super::{Shared, examples};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct After {
    /// The cursor of the last event that was taken; 0 begins at the beginning.
    #[param(example = 0)]
    #[serde(default)]
    after: u64,
    /// Events at most, up to 1,000.
    #[param(example = 100)]
    #[serde(default = "limit")]
    limit: usize,
    /// Milliseconds to wait for news when there is none, at most half of the request's deadline.
    #[param(example = 0)]
    #[serde(default)]
    wait_ms: u64,
}

fn limit() -> usize {
    100
}

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
/// ever: nothing is told out of order and nothing is left out. Events are kept for some days; whoever comes later is told. Events carry ids, and neither names nor secrets.
#[utoipa::path(
    get, path = "/events", tag = "Identity events", params(After),
    responses((status = 200, description = "Events behind the cursor", body = EventPage, example = json!(examples::events())))
)]
pub(super) async fn identity_events(
    State(identity): State<Shared>,
    CallCtx(ctx): CallCtx,
    Query(After { after, limit, wait_ms }): Query<After>,
) -> Result<Json<EventPage>, Problem> {
    if !(1..=Pull::EVENTS_MAX).contains(&limit) {
        let refusal = Refusal::PageSize { given: limit, max: Pull::EVENTS_MAX };
        return Err(problem(IdentityError::from(refusal)));
    }
    let pull = Pull { after, max: limit, wait_ms, consumer: None };
    let events = identity.events_after(&ctx, pull).await.map_err(problem)?;
    let next = events.last().map_or(after, |event| event.cursor);
    Ok(Json(EventPage { items: events.into_iter().map(|event| event.event).collect(), next }))
}
