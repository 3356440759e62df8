//! The log as a feed of events.

use ledger_api::LedgerError;
use platform::feed::{CloudEvent, Pull};
use platform::http::{CallCtx, Json, Problem, Query};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::answer::problem;
use super::book::InBook;
use super::examples;
use super::field::Shape;

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
pub(super) struct EventPage {
    items: Vec<CloudEvent>,
    /// Where the next question starts: behind the last item, or where this one started.
    next: u64,
}

/// Read what happened
///
/// Every transaction, refusal, change of an account and asset, in the order of the log, as CloudEvents 1.0. Ask again behind
/// `next` for ever: nothing is told out of order and nothing is left out, however long the reader was away. Events carry ids
/// and amounts, and no metadata.
#[utoipa::path(
    get, path = "/events", tag = "Events", params(After),
    responses((status = 200, description = "Events behind the cursor", body = EventPage, example = json!(examples::events())))
)]
pub(super) async fn events_after(
    InBook { ledger, .. }: InBook,
    CallCtx(ctx): CallCtx,
    Query(After { after, limit, wait_ms }): Query<After>,
) -> Result<Json<EventPage>, Problem> {
    if !(1..=Pull::EVENTS_MAX).contains(&limit) {
        let refusal = ledger_api::Refusal::PageSize { given: limit, max: Pull::EVENTS_MAX };
        return Err(problem(LedgerError::from(refusal), Shape::Postings));
    }
    let pull = Pull { after, max: limit, wait_ms, consumer: None };
    let events = ledger.events_after(&ctx, pull).await.map_err(|error| problem(error, Shape::Postings))?;
    let next = events.last().map_or(after, |event| event.cursor);
    Ok(Json(EventPage { items: events.into_iter().map(|event| event.event).collect(), next }))
}
