//! The ledger's description as a room, and how it runs in a process.

mod demo;
mod further;
mod holder;
mod open;
mod part;
mod sharing;

use platform::room::{FirstStep, Room};

pub use open::{mount, open};

use crate::http::{OPERATIONS, TAGS};
use crate::settings::SETTINGS;
use crate::store::sql::MIGRATIONS;

pub static ROOM: Room = Room {
    service: "ledger-service",
    about: "keeps the books",
    migrations: MIGRATIONS,
    one_writer: true,
    settings: SETTINGS,
    words: &[
        ("accounts", &["read", "open", "change"]),
        ("transactions", &["read", "create"]),
        ("assets", &["read", "declare"]),
        ("books", &["read", "create"]),
        ("metadata-keys", &["declare", "remove"]),
        ("metadata", &["erase"]),
        ("ledger", &["override-floor"]),
        ("events", &["read"]),
    ],
    metrics: crate::count::METRICS,
    grants: &[
        ("customer", &["accounts:read:own", "transactions:read:own"]),
        // Books and assets themselves, as opposed to their contents.
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
        // Booking below a floor needs its own role, for named services.
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
    operations: OPERATIONS,
    tags: &TAGS,
    document: crate::http::api,
    names: &[("/v1/ledger/accounts", "account-service"), ("/v1/ledger/transactions", "transaction-service")],
    first_steps: &[
        FirstStep {
            path: "/ledger/accounts",
            body: r#"{"path": "assets:cash", "currency": "USD", "normal": "debit"}"#,
            idempotency_key: None,
        },
        FirstStep {
            path: "/ledger/accounts",
            body: r#"{"path": "equity:capital", "currency": "USD", "normal": "credit"}"#,
            idempotency_key: None,
        },
        FirstStep {
            path: "/ledger/transactions",
            body: r#"{"reference": "first-steps", "postings": [{"debit": "assets:cash", "credit": "equity:capital", "amount": {"amount": "100.00", "currency": "USD"}}]}"#,
            idempotency_key: Some("first-steps"),
        },
    ],
    further: Some(further::FURTHER),
    ..Room::named("ledger")
};
