//! The document is the parts of its rooms, and nothing else.

use platform::frame::{self, Offers};
use serde_json::{Map, Value};

use crate::rooms::all;

fn members(value: &Value, place: &str) -> Map<String, Value> {
    value.pointer(place).and_then(Value::as_object).cloned().unwrap_or_default()
}

#[test]
fn the_document_is_the_parts_of_its_rooms() {
    let rooms = all().unwrap();
    let document = serde_json::to_value(rooms.document().unwrap()).unwrap();
    let own = rooms.iter().map(|room| (room.name, (room.document)()));
    let offered = rooms.iter().map(Offers::of).filter(|offers| offers.anything());
    let offered = offered.map(|offers| (offers.room, frame::document(offers)));
    let mut paths = 0;
    for (room, part) in own.chain(offered) {
        let part = serde_json::to_value(part).unwrap();
        for place in ["/paths", "/components/schemas", "/components/examples"] {
            let all = members(&document, place);
            for (name, own) in members(&part, place) {
                assert_eq!(all.get(&name), Some(&own), "{place} {name} of {room}");
            }
        }
        paths += members(&part, "/paths").len();
    }
    assert_eq!(members(&document, "/paths").len(), paths);
}
