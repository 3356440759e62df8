//! Permission words for tests that are about no room in particular.

use platform::room::Room;

/// A room with the words and grants of a small bank, and nothing else.
pub static BANK: Room = Room {
    words: &[
        ("accounts", &["read", "open", "change"]),
        ("transactions", &["read", "create"]),
        ("assets", &["read", "declare"]),
        ("books", &["read", "create"]),
        ("metadata-keys", &["declare", "remove"]),
        ("events", &["read"]),
        ("users", &["read", "create", "change"]),
        ("keys", &["read", "rotate"]),
    ],
    grants: &[
        ("customer", &["accounts:read:own", "transactions:read:own"]),
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
        ("service", &["accounts:*:all", "transactions:*:all", "assets:*:all", "books:read:all", "events:read:all"]),
    ],
    ..Room::named("bank")
};
