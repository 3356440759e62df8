//! The ledger as it describes itself.

use platform::room::Room;

use crate::settings::SETTINGS;
use crate::store::sql::MIGRATIONS;

pub static ROOM: Room = Room {
    service: "ledger-service",
    about: "keeps the books",
    migrations: MIGRATIONS,
    settings: SETTINGS,
    words: &[
        ("accounts", &["read", "open", "change"]),
        ("transactions", &["read", "create"]),
        ("assets", &["read", "declare"]),
        ("books", &["read", "create"]),
        ("metadata-keys", &["declare", "remove"]),
        ("ledger", &["override-floor"]),
        ("events", &["read"]),
    ],
    grants: &[
        ("customer", &["accounts:read:own", "transactions:read:own"]),
        // Not what the books themselves are made of: books and assets.
        (
            "employee",
            &[
                "accounts:read:all",
                "accounts:open:all",
                "accounts:change:all",
                "transactions:read:all",
                "transactions:create:all",
                "assets:read:all",
                "books:read:all",
            ],
        ),
        // To book below a floor is a right of named services: it takes a role of its own.
        (
            "service",
            &[
                "accounts:*:all",
                "transactions:*:all",
                "assets:*:all",
                "books:read:all",
                "metadata-keys:*:all",
                "events:read:all",
            ],
        ),
    ],
    document: crate::http::api,
    ..Room::named("ledger")
};
