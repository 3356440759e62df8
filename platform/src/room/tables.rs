//! A room's tables: its own, and those of the features that it uses.

use std::path::Path;

use super::Room;
use crate::crypto::KEY_TABLES;
use crate::db::{Db, DbError, Lineage, Migration, check_file, check_tables};
use crate::feed::{FEED_CURSOR_TABLE, FEED_PARKED_TABLE, OUTBOX_CONSUMER_TABLE, OUTBOX_TABLES};
use crate::jobs::JOB_TABLE;
use crate::once::ONCE_TABLES;

/// Tables of the platform, with their own version numbers.
struct Part {
    name: &'static str,
    steps: &'static [Migration],
    belongs_to: fn(&Room) -> bool,
}

const PARTS: &[Part] = &[
    Part {
        name: "outbox",
        steps: &[
            Migration { version: 1, name: "outbox", sql: OUTBOX_TABLES },
            Migration { version: 2, name: "consumers", sql: OUTBOX_CONSUMER_TABLE },
        ],
        belongs_to: |room| room.outbox,
    },
    Part {
        name: "consumer",
        steps: &[
            Migration { version: 1, name: "cursors", sql: FEED_CURSOR_TABLE },
            Migration { version: 2, name: "parked", sql: FEED_PARKED_TABLE },
        ],
        belongs_to: |room| !room.consumes.is_empty(),
    },
    Part {
        name: "once",
        steps: &[Migration { version: 1, name: "once", sql: ONCE_TABLES }],
        belongs_to: |room| room.once,
    },
    Part {
        name: "keys",
        steps: &[Migration { version: 1, name: "keys", sql: KEY_TABLES }],
        belongs_to: |room| room.seals,
    },
    Part { name: "jobs", steps: &[Migration { version: 1, name: "jobs", sql: JOB_TABLE }], belongs_to: |_| true },
];

/// Brings a room's store to this version's schema; returns how many steps were applied.
///
/// # Errors
/// The store's error, or a store that a newer version has migrated.
pub async fn migrate(room: &Room, db: &Db) -> Result<usize, DbError> {
    let mut applied = db.migrate(room.migrations).await?;
    for part in parts(room) {
        applied += db.migrate_part(part.name, part.steps).await?;
    }
    Ok(applied)
}

/// Refuses a room's store that has not exactly this version's schema; changes nothing.
///
/// # Errors
/// The store's error, or a store of an older or a newer version.
pub async fn check(room: &Room, db: &Db) -> Result<(), DbError> {
    db.check_version(room.migrations).await?;
    for part in parts(room) {
        db.check_part(part.name, part.steps).await?;
    }
    Ok(())
}

/// Reads a copy of the room's SQLite store back, while nobody writes it: its pages, indexes and references, and that it
/// has the tables of the version that it is of.
///
/// # Errors
/// A sentence that names the file and what is wrong with it.
pub fn check_copy(room: &Room, file: &Path) -> Result<(), String> {
    check_file(file)?;
    let parts = parts(room).map(|part| (part.name, part.steps)).collect();
    check_tables(file, &Lineage { own: room.migrations, parts })
}

fn parts(room: &Room) -> impl Iterator<Item = &'static Part> {
    PARTS.iter().filter(|part| (part.belongs_to)(room))
}
