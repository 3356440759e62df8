//! Identity's description as a room, and how it runs in a process.

mod first;
mod open;

use platform::room::{Apart, Room, Told};

pub use open::{mount, open};

use crate::http::{OPERATIONS, TAGS};
use crate::settings::SETTINGS;
use crate::store::MIGRATIONS;

const SERVICE: &str = "user-management-service";

pub static ROOM: Room = Room {
    service: SERVICE,
    about: "authenticates users and programs, and issues tokens",
    migrations: MIGRATIONS,
    outbox: true,
    once: true,
    seals: true,
    settings: SETTINGS,
    words: &[
        ("users", &["read", "create", "change"]),
        ("clients", &["read", "create", "change"]),
        ("keys", &["read", "rotate"]),
        ("roles", &["read", "change"]),
        ("policies", &["read", "change"]),
    ],
    grants: &[("employee", &["users:read:all"])],
    metrics: crate::count::METRICS,
    operations: OPERATIONS,
    tags: &TAGS,
    document: crate::http::api,
    // Paths from older operators' guides.
    aliases: &["/users"],
    names: &[
        ("/oauth2", SERVICE),
        ("/.well-known", SERVICE),
        ("/v1/access", SERVICE),
        ("/login", SERVICE),
        ("/logout", SERVICE),
        ("/account", SERVICE),
    ],
    apart,
    ..Room::named("identity")
};

/// It is not the edge, so it does not know the edge's address; secrets shown once go to a separate file.
fn apart(house: &Apart<'_>) -> Told {
    let first_login = house.keys.join("first-login").display().to_string();
    let line =
        format!("the administrator's first password and a client's secret: {first_login}; read it, and delete it");
    Told { settings: vec![("issuer", house.edge.to_owned()), ("first_login_file", first_login)], lines: vec![line] }
}
