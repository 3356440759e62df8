//! Identity as it describes itself.

use platform::room::Room;

use crate::settings::SETTINGS;
use crate::store::MIGRATIONS;

pub static ROOM: Room = Room {
    service: "user-management-service",
    about: "knows people and programs, and gives tokens",
    migrations: MIGRATIONS,
    settings: SETTINGS,
    words: &[
        ("users", &["read", "create", "change"]),
        ("clients", &["read", "create", "change"]),
        ("keys", &["read", "rotate"]),
        ("roles", &["read", "change"]),
        ("policies", &["read", "change"]),
        ("events", &["read"]),
    ],
    grants: &[("employee", &["users:read:all"])],
    document: crate::http::api,
    ..Room::named("identity")
};
