//! Parameters and pages of an event feed over HTTP.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::feed::{CloudEvent, Event, Pull};

const LIMIT: usize = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct After {
    /// The cursor of the last event that was received; 0 starts at the beginning.
    #[param(example = 0)]
    #[serde(default)]
    after: u64,
    /// Maximum number of events, up to 1,000.
    #[param(example = 100)]
    #[serde(default = "limit")]
    limit: usize,
    /// Milliseconds to wait if there are no new events, at most half of the request's deadline.
    #[param(example = 0)]
    #[serde(default)]
    wait_ms: u64,
}

fn limit() -> usize {
    LIMIT
}

impl After {
    /// The request to the feed, or an error for a page size out of range.
    pub fn pull(self) -> Result<Pull, usize> {
        let After { after, limit, wait_ms } = self;
        if !(1..=Pull::EVENTS_MAX).contains(&limit) {
            return Err(limit);
        }
        Ok(Pull { after, max: limit, wait_ms, consumer: None })
    }

    /// The reply with these events.
    pub fn page(self, events: Vec<Event>) -> EventPage {
        let next = events.last().map_or(self.after, |event| event.cursor);
        EventPage { items: events.into_iter().map(|event| event.event).collect(), next }
    }
}

/// Events, in order.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventPage {
    items: Vec<CloudEvent>,
    /// The cursor for the next request: after the last item, or where this one started.
    next: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_1_to_1000_events_and_a_next_cursor() {
        let asked = |query: &str| serde_urlencoded::from_str::<After>(query).unwrap();
        let pull = asked("").pull().unwrap();
        assert_eq!((pull.after, pull.max, pull.wait_ms, pull.consumer), (0, 100, 0, None));
        assert_eq!(asked("limit=1000&after=7").pull().map(|pull| (pull.after, pull.max)), Ok((7, 1_000)));
        assert_eq!((asked("limit=0").pull().err(), asked("limit=1001").pull().err()), (Some(0), Some(1_001)));
        assert_eq!(asked("after=7").page(Vec::new()).next, 7);
        assert!(serde_urlencoded::from_str::<After>("colour=red").is_err());
    }
}
