//! The feed of everything that happened, for those who follow the ledger from outside.

use axum::extract::State;
use platform::feed::{Event, Pull};
use platform::http::{CallCtx, Json, Problem, Query};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Shared;
use super::answer::problem;
use super::examples;
use super::field::Shape;

/// Longer waits would meet the deadline of the request.
const WAIT_MS_MAX: u64 = 5_000;
const EVENTS_DEFAULT: usize = 100;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Behind {
    /// The cursor of the last event that you have taken in; 0 for the beginning.
    #[serde(default)]
    #[param(example = 0)]
    after: u64,
    /// Events in one answer, 1 to 1,000.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    max: Option<usize>,
    /// Milliseconds to wait for news when there are none, up to 5,000.
    #[serde(default)]
    #[param(maximum = 5000, default = 0)]
    wait_ms: u64,
}

impl Behind {
    fn pull(self) -> Result<Pull, Problem> {
        let max = self.max.unwrap_or(EVENTS_DEFAULT);
        if !(1..=Pull::EVENTS_MAX).contains(&max) {
            return Err(Problem::field("max", format!("1 to {} are answered at once", Pull::EVENTS_MAX)));
        }
        if self.wait_ms > WAIT_MS_MAX {
            return Err(Problem::field("wait_ms", format!("at most {WAIT_MS_MAX} are waited")));
        }
        Ok(Pull { after: self.after, max, wait_ms: self.wait_ms })
    }
}

/// Events in the order in which they happened; none when nothing did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Events {
    #[schema(value_type = Vec<EventAnswer>)]
    events: Vec<Event>,
}

/// An event, and the cursor to hand back as `after` for those behind it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the platform's event")]
pub(crate) struct EventAnswer {
    cursor: u64,
    /// CloudEvents 1.0: `id`, `source`, `type`, `subject`, `time`, `dataschema` and `data`.
    #[schema(value_type = Object)]
    event: (),
}

/// Follow what happens
///
/// Every transaction, hold, change of an account, asset and remembered refusal is one event, told at least once and in
/// order, as CloudEvents. Keep the `cursor` of the last one that you have taken in and hand it back as `after`; with
/// `wait_ms` the answer waits for news. Events carry ids and amounts, never metadata.
#[utoipa::path(
    get, path = "/events", tag = "Events", params(Behind),
    responses((status = 200, description = "The events behind the cursor", body = Events, example = json!(examples::events())))
)]
pub(super) async fn list_events(
    State(ledger): State<Shared>,
    CallCtx(ctx): CallCtx,
    Query(behind): Query<Behind>,
) -> Result<Json<Events>, Problem> {
    let events = ledger.events_after(&ctx, behind.pull()?).await.map_err(|error| problem(error, Shape::Postings))?;
    Ok(Json(Events { events }))
}
