//! A list of rooms that do not go together ends the start with a sentence.

use platform::config::{Config, Sources};
use platform::http::document::Part;
use platform::room::{Face, Room};
use utoipa::openapi::path::{HttpMethod, OperationBuilder, PathItem, PathsBuilder};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Schema};

use super::pebbles::{self, Pebbles};
use super::ripples;
use crate::house::{Mounted, Roles, Rooms, room};
use crate::rooms::list;

/// Another room with the trait of pebbles.
static STONES: Face<dyn Pebbles> = Face { name: "stones", serve: pebbles::serve, remote: pebbles::remote };

fn stones(room_of_stones: &'static Room) -> Mounted {
    room(room_of_stones, &STONES, &ledger_api::FACE, pebbles::open, pebbles::mount)
}

#[track_caller]
fn refused(list: Vec<Mounted>, words: &str) {
    let said = Rooms::of(list).and_then(|rooms| rooms.document()).map(drop).unwrap_err().to_string();
    assert!(said.contains(words), "{said}");
}

#[track_caller]
fn refused_with(added: Mounted, words: &str) {
    refused(list().into_iter().chain([added]).collect(), words);
}

#[test]
fn a_room_calls_only_rooms_before_it() {
    let mut reversed = list();
    reversed.reverse();
    refused(reversed, "pebbles calls ledger, which is not before it");
}

#[test]
fn a_room_reads_the_events_that_its_description_names() {
    static SILENT: Room = Room { consumes: &["ledger"], ..Room::named("ripples") };
    static UNNAMED: Room = Room::named("ripples");
    refused_with(ripples::room_as(&SILENT, &ledger::ROOM), "ripples reads the events of ledger, which publishes none");
    refused_with(
        ripples::room_as(&UNNAMED, &identity::ROOM),
        "events of identity, which its description does not name",
    );
    static STONES_READ: Room = Room { consumes: &["identity"], ..Room::named("stones") };
    refused_with(stones(&STONES_READ), "stones consumes the events of identity, but is not given them");
}

#[test]
fn a_process_calls_the_room_whose_events_it_reads() {
    static TELLS: Room = Room { outbox: true, ..Room::named("stones") };
    static READS: Room = Room { consumes: &["stones"], ..Room::named("ripples") };
    let added = [stones(&TELLS), ripples::room_as(&READS, &TELLS)];
    let rooms = Rooms::of(list().into_iter().chain(added).collect()).unwrap();
    let roles = |elsewhere: &[&str]| {
        let set = |name: &&str| {
            let key = format!("FLORIN__SERVICES__{}", name.to_uppercase());
            [(format!("{key}__MODE"), "remote".to_owned()), (format!("{key}__ADDRESSES"), "127.0.0.1:1".to_owned())]
        };
        let variables = elsewhere.iter().flat_map(set).collect();
        let config = Config::load(&Sources { rooms: rooms.sections(), variables, ..Sources::default() }).unwrap();
        Roles::new(&rooms, &["ripples".to_owned()], &config, false).map_err(|failure| failure.to_string())
    };
    let said = roles(&["identity"]).unwrap_err();
    assert!(said.contains("ripples reads the events of stones; set services.stones.mode"), "{said}");
    let roles = roles(&["identity", "stones", "ledger"]).unwrap();
    assert!(roles.calls("stones") && roles.calls("identity") && !roles.calls("ledger"));
}

#[test]
fn two_rooms_with_one_name_are_refused() {
    let again = room(&pebbles::ROOM, &pebbles::FACE, &ledger_api::FACE, pebbles::open, pebbles::mount);
    refused_with(again, "two rooms pebbles");
}

#[test]
fn two_rooms_with_one_operators_name_are_refused() {
    static SAME: Room = Room { service: "pebble-service", ..Room::named("stones") };
    static TAKEN: Room = Room { service: "ledger", ..Room::named("stones") };
    refused_with(stones(&SAME), "operators know both pebbles and stones as pebble-service");
    refused_with(stones(&TAKEN), "operators know both stones and ledger as ledger");
}

#[test]
fn a_face_with_another_rooms_name_is_refused() {
    static ROOM: Room = Room::named("stones");
    let borrowed = room(&ROOM, &pebbles::FACE, &ledger_api::FACE, pebbles::open, pebbles::mount);
    refused_with(borrowed, "the face of the room stones has a different name, pebbles");
}

#[test]
fn two_rooms_on_one_path_are_refused() {
    static ROOM: Room = Room { document: pebbles::ROOM.document, ..Room::named("stones") };
    refused_with(stones(&ROOM), "the room stones describes the path /v1/pebbles");
}

#[test]
fn an_alias_path_belongs_to_one_room() {
    static OTHERS_ALIAS: Room = Room { aliases: &["/accounts"], ..Room::named("stones") };
    static OTHERS_PATH: Room = Room { aliases: &["/ledger"], ..Room::named("stones") };
    refused_with(stones(&OTHERS_ALIAS), "/v1/accounts is another room's");
    refused_with(stones(&OTHERS_PATH), "/v1/ledger/");
}

#[test]
fn two_operations_with_one_name_are_refused() {
    fn document() -> OpenApi {
        described("throw_pebble", &[])
    }
    static ROOM: Room = Room { document, ..Room::named("stones") };
    refused_with(stones(&ROOM), "the room stones describes the operation throw_pebble");
}

/// A schema gets its room's name, unless all rooms share it: then all must mean the same by it.
#[test]
fn two_schemas_with_one_name_are_refused() {
    fn own() -> OpenApi {
        described("throw_stone", &["CreateUser"])
    }
    fn shared() -> OpenApi {
        described("throw_stone", &["Money"])
    }
    static OWN: Room = Room { document: own, ..Room::named("stones") };
    static SHARED: Room = Room { document: shared, ..Room::named("stones") };
    let rooms = Rooms::of(list().into_iter().chain([stones(&OWN)]).collect()).unwrap();
    let schemas = rooms.document().unwrap().components.unwrap().schemas;
    assert!(schemas.contains_key("stones.CreateUser") && schemas.contains_key("identity.CreateUser"));
    refused_with(stones(&SHARED), "the room stones describes the thing Money");
}

/// One operation at `/stones`, and schemas that are plain texts.
fn described(operation: &str, schemas: &[&str]) -> OpenApi {
    let operation = OperationBuilder::new().operation_id(Some(operation)).build();
    let paths = PathsBuilder::new().path("/stones", PathItem::new(HttpMethod::Post, operation)).build();
    let text = || Schema::from(utoipa::openapi::ObjectBuilder::new().description(Some("a stone")));
    let components = schemas.iter().fold(ComponentsBuilder::new(), |all, name| all.schema(*name, text())).build();
    let api = OpenApiBuilder::new().info(InfoBuilder::new().build()).paths(paths).components(Some(components)).build();
    Part { room: "stones", tags: &[], samples: Vec::new(), operations: &[], story: "{}" }.finish(api)
}
