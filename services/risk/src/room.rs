//! Risk's description as a room.

use platform::room::Room;

use crate::http;
use crate::settings::SETTINGS;
use crate::store::MIGRATIONS;

pub static ROOM: Room = Room {
    service: "risk-assessment-service",
    about: "decides about payments and logins",
    migrations: MIGRATIONS,
    outbox: true,
    once: true,
    one_writer: true,
    settings: SETTINGS,
    words: &[
        ("risk", &["decide", "read"]),
        ("labels", &["create"]),
        ("lists", &["change"]),
        ("rules", &["change", "promote"]),
        ("models", &["train", "promote"]),
        ("cases", &["read", "change"]),
    ],
    grants: &[
        ("employee", &["risk:read:all", "cases:read:all", "cases:change:all", "labels:create:all"]),
        ("service", &["risk:decide:all", "labels:create:all"]),
    ],
    metrics: crate::watch::METRICS,
    operations: http::OPERATIONS,
    tags: http::TAGS,
    document: http::api,
    ..Room::named("risk")
};
