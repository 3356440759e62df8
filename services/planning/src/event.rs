//! Events and metrics. Ids, kinds and states are in them; no name and no amount.

use planning_api::{GoalId, GoalKind, HouseholdId, Track};
use platform::feed::NewEvent;
use platform::telemetry::Metric;
use serde_json::json;

const SERVICE: &str = "financial-planning-api";

pub(crate) const METRICS: &[Metric] =
    &[Metric::counter("goal_completions_total", &["service", "kind"], "goals that were reached")];

pub(crate) fn completed(kind: GoalKind) {
    let kind: &str = kind.into();
    metrics::counter!("goal_completions_total", "service" => SERVICE, "kind" => kind).increment(1);
}

pub(crate) fn goal(name: &'static str, id: GoalId, household: HouseholdId, kind: GoalKind) -> NewEvent {
    NewEvent::new(name, id.to_string(), json!({ "household": household, "kind": kind }))
}

/// What a change of track is told as; being at risk is no news of its own.
pub(crate) fn of_track(track: Track) -> Option<&'static str> {
    match track {
        Track::OnTrack => Some("planning.goal.on_track"),
        Track::OffTrack => Some("planning.goal.off_track"),
        Track::AtRisk => None,
    }
}

pub(crate) fn recorded(household: HouseholdId) -> NewEvent {
    NewEvent::new("planning.net_worth.recorded", household.to_string(), json!({}))
}

pub(crate) fn erased(subject: &str) -> NewEvent {
    NewEvent::new("planning.subject.erased", subject, json!({}))
}
