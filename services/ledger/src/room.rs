//! The ledger as it describes itself.

use platform::room::Room;

use crate::settings::SETTINGS;
use crate::store::sql::MIGRATIONS;

pub static ROOM: Room = Room {
    service: "ledger-service",
    about: "keeps the books",
    migrations: MIGRATIONS,
    settings: SETTINGS,
    document: crate::http::api,
    ..Room::named("ledger")
};
