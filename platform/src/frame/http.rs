//! The frame's routes, the same for every room.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::{delete, get, post};
use http::StatusCode;
use kernel::IdempotencyKey;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Frame, Offers, OutcomeFound, OutcomeOf, ParkedAt, ParkedQuery, Retried};
use crate::feed::{ConsumerName, ParkedEvent, RegisteredConsumer};
use crate::http::{
    After, CallCtx, EventPage, Json, Page, Path, Problem, Query, decode_cursor, encode_cursor, page_limit, refusals,
};

type Shared = Arc<dyn Frame>;

/// Names the list in its cursors, so that a cursor of another list is refused.
const LIST: &str = "parked";

/// The frame's routes of a room, below its name.
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
    if !offers.anything() {
        return Router::new();
    }
    Router::new().nest(&format!("/{}", offers.room), router).with_state(frame)
}

/// List events
///
/// Every event of the room, in order, as CloudEvents 1.0. Keep asking from `next`: events come in order and none is
/// skipped. Events are kept for a few days; a later reader gets `events_gone`. `dataschema` gives the version of an
/// event's data: fields may be added within a version, so ignore fields that you do not know. Events carry ids, but no
/// names or secrets.
#[utoipa::path(
    get, path = "/events", params(After),
    responses((status = 200, description = "Events after the cursor", body = EventPage))
)]
pub(super) async fn events(
    State(frame): State<Shared>,
    CallCtx(ctx): CallCtx,
    Query(asked): Query<After>,
) -> Result<Json<EventPage>, Problem> {
    let size = |given| {
        refusals::PAGE_SIZE
            .because(format!("expected a page size of 1 to 1000, found {given}"))
            .and_field("limit", "1 to 1000")
    };
    let events = frame.events_after(&ctx, asked.pull().map_err(size)?).await?;
    Ok(Json(asked.page(events)))
}

/// All registered readers of the events.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EventConsumers {
    items: Vec<RegisteredConsumer>,
    /// The last cursor.
    end: u64,
}

/// List readers of events
///
/// Each with the cursor that it has passed. Events are kept until all registered readers have passed them.
#[utoipa::path(
    get, path = "/events/consumers",
    responses((status = 200, description = "All readers", body = EventConsumers))
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
/// For a reader that will not come back: events are no longer kept for it. If it does come back, it is registered
/// again, and gets `events_gone` if it has missed some.
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
    /// `next` of the previous page, unchanged.
    cursor: Option<String>,
}

/// List parked events
///
/// Events of other services that could not be applied here, each with the reason. They wait for a person to decide:
/// retry one when the problem is fixed, or discard it. Events after a parked one are still processed.
#[utoipa::path(
    get, path = "/parked", params(ListParked),
    responses((status = 200, description = "One page", body = Page<ParkedEvent>))
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
    /// The service that published the event.
    #[param(example = "ledger")]
    feed: String,
    /// The event's cursor in that service's feed.
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

/// Retry a parked event
///
/// In the transaction that removes it from the list. If it fails again it stays there, with the new reason.
#[utoipa::path(
    post, path = "/parked/{feed}/{cursor}/retry", params(EventAt),
    request_body = Option<EmptyBody>,
    responses((status = 200, description = "The result", body = Retried))
)]
pub(super) async fn retry_parked_event(
    State(frame): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(at): Path<EventAt>,
    Json(_): Json<Option<EmptyBody>>,
) -> Result<Json<Retried>, Problem> {
    Ok(Json(frame.retry(&ctx, at.into()).await?))
}

/// Discard a parked event
///
/// It is never applied. The answer contains the event, so that its effect can be made by hand.
#[utoipa::path(
    post, path = "/parked/{feed}/{cursor}/give-up", params(EventAt),
    request_body = Option<EmptyBody>,
    responses((status = 200, description = "Discarded", body = ParkedEvent))
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
    /// The operation's `operationId` in this document.
    #[param(example = "create_user")]
    operation: String,
    /// The Idempotency-Key that the command was sent with.
    #[param(value_type = String, example = "order-17")]
    key: IdempotencyKey,
}

/// Look up the outcome of a command
///
/// By the Idempotency-Key that you sent with it: for callers with an unknown outcome who do not want to send the
/// command again. `made` is the id of what was created, `refused` the refusal. 404 means that the command never
/// arrived, is still running, or is more than 30 days old.
#[utoipa::path(
    get, path = "/outcomes/{operation}/{key}", params(CommandAt),
    responses((status = 200, description = "The outcome", body = OutcomeFound))
)]
pub(super) async fn outcome(
    State(frame): State<Shared>,
    CallCtx(ctx): CallCtx,
    Path(CommandAt { operation, key }): Path<CommandAt>,
) -> Result<Json<OutcomeFound>, Problem> {
    Ok(Json(frame.outcome(&ctx, OutcomeOf { operation, key }).await?))
}
