//! Identity as it describes itself.

use platform::room::Room;

use crate::settings::SETTINGS;
use crate::store::MIGRATIONS;

pub static ROOM: Room = Room {
    service: "user-management-service",
    about: "knows people and programs, and gives tokens",
    migrations: MIGRATIONS,
    settings: SETTINGS,
    document: crate::http::api,
    ..Room::named("identity")
};
