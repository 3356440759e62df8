//! The log as a feed of events.

use ledger_api::{LedgerError, Shape};
use platform::feed::Pull;
use platform::http::{After, CallCtx, EventPage, Json, Problem, Query};

use super::answer::problem;
use super::book::InBook;

/// Read events
///
/// Every transaction, refusal, asset and change of an account, in log order, as CloudEvents 1.0. To follow, keep asking
/// for events after `next`: they always come in order and none is missed, however long the reader was away. Events have
/// ids and amounts, and no metadata.
#[utoipa::path(
    get, path = "/events", tag = "Events", params(After),
    responses((status = 200, description = "Events after the cursor", body = EventPage))
)]
pub(super) async fn events_after(
    InBook { ledger, .. }: InBook,
    CallCtx(ctx): CallCtx,
    Query(asked): Query<After>,
) -> Result<Json<EventPage>, Problem> {
    let refuse = |error| problem(error, Shape::Postings);
    let size = |given| refuse(LedgerError::from(ledger_api::Refusal::PageSize { given, max: Pull::EVENTS_MAX }));
    let events = ledger.events_after(&ctx, asked.pull().map_err(size)?).await.map_err(refuse)?;
    Ok(Json(asked.page(events)))
}
