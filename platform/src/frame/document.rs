//! The frame's operations of a room in the API document, and the permission each needs.

use std::borrow::Cow;

use utoipa::OpenApi as _;
use utoipa::openapi::{OpenApi, PathItem};

use super::{Offers, http};
use crate::http::document::{self, Part};
use crate::room::{self, Word, needs};

/// One of the frame's operations, in one room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Its `operationId`: the room's name and the operation's.
    pub name: String,
    pub word: Word,
    pub refusals: &'static [&'static str],
}

/// The exchanges that the document shows, recorded by the story of a room `shop` that has nothing but the frame
/// (`testkit/tests/it/frame.rs`).
const STORY: &str = include_str!("story.json");

const READ: Word = needs("events", "read");
const CHANGE: Word = needs("events", "change");

const OUTBOX: &[room::Operation] = &[
    room::Operation { name: "events", word: READ, refusals: &["page_size", "cursor_ahead", "events_gone"] },
    room::Operation { name: "event_consumers", word: READ, refusals: &[] },
    room::Operation { name: "deregister_event_consumer", word: CHANGE, refusals: &["not_found"] },
];

const CONSUMES: &[room::Operation] = &[
    room::Operation { name: "parked_events", word: READ, refusals: &["limit_too_large", "cursor_invalid"] },
    room::Operation { name: "retry_parked_event", word: CHANGE, refusals: &["not_found"] },
    room::Operation { name: "give_up_parked_event", word: CHANGE, refusals: &["not_found"] },
];

const ONCE: &[room::Operation] = &[room::Operation { name: "outcome", word: Word::Nothing, refusals: &["not_found"] }];

#[derive(utoipa::OpenApi)]
#[openapi(paths(
    http::events,
    http::event_consumers,
    http::deregister_event_consumer,
    http::parked_events,
    http::retry_parked_event,
    http::give_up_parked_event,
    http::outcome,
))]
struct Described;

fn rows(offers: Offers) -> Vec<room::Operation> {
    let parts = [(offers.outbox, OUTBOX), (offers.consumes, CONSUMES), (offers.once, ONCE)];
    parts.into_iter().filter(|(has, _)| *has).flat_map(|(_, rows)| rows).copied().collect()
}

/// The frame's operations of a room.
pub fn operations(offers: Offers) -> Vec<Operation> {
    let named =
        |row: room::Operation| Operation { name: name(offers, row.name), word: row.word, refusals: row.refusals };
    rows(offers).into_iter().map(named).collect()
}

fn name(offers: Offers, operation: &str) -> String {
    format!("{}_{operation}", offers.room.replace('-', "_"))
}

/// Their description, as mounted under `/v1`.
pub fn document(offers: Offers) -> OpenApi {
    let (rows, tag) = (rows(offers), tag(offers.room));
    // Operations get the room's name at the end.
    let story = STORY.replace("\"shop_", "\"");
    let mut api = Described::openapi();
    let has = |item: &PathItem| {
        let operations = [&item.get, &item.post, &item.delete].into_iter().flatten();
        operations.filter_map(|one| one.operation_id.as_deref()).any(|id| rows.iter().any(|row| row.name == id))
    };
    api.paths.paths.retain(|_, item| has(item));
    let api = OpenApi::default().nest(format!("/{}", offers.room), api);
    let words = "The room's events in order, and parked events of other services.";
    let part =
        Part { room: offers.room, tags: &[(&tag, words)], samples: Vec::new(), operations: &rows, story: &story };
    let mut api = part.finish(api);
    for (operation, _) in document::operations(&mut api) {
        operation.operation_id = operation.operation_id.take().map(|id| name(offers, &id));
        operation.tags = Some(vec![tag.clone()]);
    }
    api
}

fn tag(room: &str) -> String {
    let mut letters = room.chars();
    let first: String = letters.next().map(char::to_uppercase).into_iter().flatten().collect();
    Cow::Owned::<str>(format!("{first}{} events", letters.as_str())).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offers(outbox: bool, consumes: bool, once: bool) -> Offers {
        Offers { room: "card-vault", outbox, consumes, once }
    }

    #[test]
    fn a_room_has_the_operations_of_what_it_offers() {
        let names = |offers| operations(offers).into_iter().map(|one| one.name).collect::<Vec<_>>();
        assert!(names(offers(false, false, false)).is_empty());
        assert_eq!(names(offers(false, false, true)), ["card_vault_outcome"]);
        assert_eq!(names(offers(true, true, true)).len(), 7);
    }

    #[test]
    fn operations_and_descriptions_match() {
        for offers in [offers(true, true, true), offers(true, false, false), offers(false, true, false)] {
            let mut api = document(offers);
            let described: Vec<String> =
                document::operations(&mut api).filter_map(|(operation, _)| operation.operation_id.clone()).collect();
            let mut listed: Vec<String> = operations(offers).into_iter().map(|one| one.name).collect();
            let mut sorted = described.clone();
            sorted.sort();
            listed.sort();
            assert_eq!(sorted, listed);
            assert!(
                api.paths.paths.keys().all(|path| path.starts_with("/v1/card-vault/")),
                "{:?}",
                api.paths.paths.keys()
            );
        }
    }

    #[test]
    fn two_rooms_share_the_frames_schemas() {
        let mut api = document(offers(true, true, true));
        let other = document(Offers { room: "risk", ..offers(true, true, true) });
        assert_eq!(document::merge(&mut api, "risk", other), Ok(()));
    }
}
