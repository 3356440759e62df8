//! The frame's routes, the same for every room.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::{delete, get, post};
use http::StatusCode;
use kernel::IdempotencyKey;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::document::examples;
use super::{Frame, Offers, OutcomeFound, OutcomeOf, ParkedAt, ParkedQuery, Retried};
use crate::feed::{CloudEvent, ConsumerName, ParkedEvent, RegisteredConsumer};
use crate::http::{
    After, CallCtx, Json, Page, Path, Problem, Query, decode_cursor, encode_cursor, page_limit, refusals,
};

type Shared = Arc<dyn Frame>;

/// Names the list in its cursors, so that the cursor of another one is refused.
const LIST: &str = "parked";

/// The routes of what a room has of the frame, below its name.
pub fn routes(offers: Offers, frame: Shared) -> Router {
    let mut router = Router::new();
    if offers.outbox {
        router = router
            .route("/events", get(events))
            .route("/events/consumers", get(event_consumers))
            .route("/events/consumers/{name}", delete(deregister_event_consumer));
    }
    if offers.consumes {
        router = router
            .route("/parked", get(parked_events))
            .route("/parked/{feed}/{cursor}/retry", post(retry_parked_event))
            .route("/parked/{feed}/{cursor}/give-up", post(give_up_parked_event));
    }
    if offers.once {
        router = router.route("/outcomes/{operation}/{key}", get(outcome));
    }
    Router::new().nest(&format!("/{}", offers.room), router).with_state(frame)
}

/// Events, in order.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EventPage {
    items: Vec<CloudEvent>,
    /// Where the next question starts: after the last item, or where this one started.
    next: u64,
}

/// Read what happened
///
/// Every event of the room, in order, as CloudEvents 1.0. Ask again after `next` for ever: nothing is told out of order and nothing
/// is left out. Events are kept for some days; who comes later is told so. Each says in `dataschema` the version of its data: a field
/// may be added within a version, so ignore what you do not know. Events carry ids, and neither names nor secrets.
#[utoipa::path(
    get, path = "/events", params(After),
    responses((status = 200, description = "Events after the cursor", body = EventPage, example = json!(examples::events())))
)]
pub(super) async fn events(
    State(frame): State<Shared>,
    CallCtx(ctx): CallCtx,
    Query(asked): Query<After>,
) -> Result<Json<EventPage>, Problem> {
    let size = |given| {
        refusals::PAGE_SIZE
            .because(format!("a page has 1 to 1000 entries, not {given}"))
            .and_field("limit", "1 to 1000")
    };
    let events = frame.events_after(&ctx, asked.pull().map_err(size)?).await?;
    let next = asked.next(&events);
    Ok(Json(EventPage { items: events.into_iter().map(|event| event.event).collect(), next }))
}

/// Everybody who reads the events.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EventConsumers {
    items: Vec<RegisteredConsumer>,
    /// The last cursor.
    end: u64,
}

/// List who reads the events
///
/// Each with the cursor that it has passed. Events are kept until all of these have passed them.
#[utoipa::path(
    get, path = "/events/consumers",
    responses((status = 200, description = "All of them", body = EventConsumers, example = json!(examples::consumers())))
)]
pub(super) async fn event_consumers(
    State(frame): State<Shared>,
    CallCtx(ctx): CallCtx,
) -> Result<Json<EventConsumers>, Problem> {
    let (items, end) = (frame.consumers(&ctx).await?, frame.end(&ctx).await?);
    Ok(Json(EventConsumers { items, end }))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct ConsumerAt {
    /// The consumer's name.
    #[param(value_type = String, example = "risk")]
    name: ConsumerName,
}

/// Deregister a reader of events
///
/// One that will not come back: events are no longer kept for it. If it does come back, it is registered again, and told where events
/// are gone.
#[utoipa::path(
    delete, path = "/events/consumers/{name}", params(ConsumerAt),
    responses((status = 204, description = "Deregistered"))
)]
pub(super) async fn deregister_event_consumer(
    State(frame): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<ConsumerAt>,
) -> Result<StatusCode, Problem> {
    frame.deregister(&ctx, at.name).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ListParked {
    /// Events on one page, 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
    /// `next` of the page before, unchanged.
    cursor: Option<String>,
}

/// List parked events
///
/// Events of other services whose effect here cannot happen, each with the reason. They wait for a person: try one again when
/// what it lacks is there, or give it up. Events after a parked one go on.
#[utoipa::path(
    get, path = "/parked", params(ListParked),
    responses((status = 200, description = "One page", body = Page<ParkedEvent>, example = json!(examples::parked())))
)]
pub(super) async fn parked_events(
    State(frame): State<Shared>,
    CallCtx(ctx): CallCtx,
    Query(asked): Query<ListParked>,
) -> Result<Json<Page<ParkedEvent>>, Problem> {
    let after: Option<(String, u64)> = asked.cursor.map(|cursor| decode_cursor(LIST, &cursor)).transpose()?;
    let limit = page_limit(asked.limit)?;
    let after = after.map(|(feed, cursor)| ParkedAt { feed, cursor });
    let mut items = frame.parked(&ctx, ParkedQuery { after, limit: limit + 1 }).await?;
    let more = items.len() > limit;
    items.truncate(limit);
    let last = items.last().filter(|_| more).map(|last| encode_cursor(LIST, &(&last.feed, last.cursor)));
    Ok(Json(Page { items, next: last }))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct EventAt {
    /// The service that told the event.
    #[param(example = "ledger")]
    feed: String,
    /// The event's cursor there.
    #[param(example = 4711)]
    cursor: u64,
}

impl From<EventAt> for ParkedAt {
    fn from(EventAt { feed, cursor }: EventAt) -> ParkedAt {
        ParkedAt { feed, cursor }
    }
}

/// An empty body: `{}`, or none.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EmptyBody {}

/// Try a parked event again
///
/// In the transaction that takes it out of the list. It stays there when its effect fails again, with the new reason.
#[utoipa::path(
    post, path = "/parked/{feed}/{cursor}/retry", params(EventAt),
    request_body(content = Option<EmptyBody>, example = json!({})),
    responses((status = 200, description = "What came of it", body = Retried, example = json!({ "happened": true })))
)]
pub(super) async fn retry_parked_event(
    State(frame): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<EventAt>,
    Json(_): Json<Option<EmptyBody>>,
) -> Result<Json<Retried>, Problem> {
    Ok(Json(frame.retry(&ctx, at.into()).await?))
}

/// Give a parked event up
///
/// Its effect never happens. The answer holds the event, for whoever makes up for it by hand.
#[utoipa::path(
    post, path = "/parked/{feed}/{cursor}/give-up", params(EventAt),
    request_body(content = Option<EmptyBody>, example = json!({})),
    responses((status = 200, description = "Given up", body = ParkedEvent, example = json!(examples::parked_event())))
)]
pub(super) async fn give_up_parked_event(
    State(frame): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<EventAt>,
    Json(_): Json<Option<EmptyBody>>,
) -> Result<Json<ParkedEvent>, Problem> {
    Ok(Json(frame.give_up(&ctx, at.into()).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct CommandAt {
    /// The operation's name, as this document has it.
    #[param(example = "create_user")]
    operation: String,
    /// The Idempotency-Key that the command was sent with.
    #[param(value_type = String, example = "order-17")]
    key: IdempotencyKey,
}

/// Look up what came of a command
///
/// By the Idempotency-Key that you sent it with: for callers who were left with an unknown outcome and do not want to send the command
/// again. `made` is the id of what it made, `refused` the refusal. 404 says that the command never arrived, is still under way, or
/// was sent more than 30 days ago.
#[utoipa::path(
    get, path = "/outcomes/{operation}/{key}", params(CommandAt),
    responses((status = 200, description = "What came of it", body = OutcomeFound, example = json!(examples::outcome())))
)]
pub(super) async fn outcome(
    State(frame): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(CommandAt { operation, key }): Path<CommandAt>,
) -> Result<Json<OutcomeFound>, Problem> {
    Ok(Json(frame.outcome(&ctx, OutcomeOf { operation, key }).await?))
}
