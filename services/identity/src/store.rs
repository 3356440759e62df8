//! Identity's tables. Each part of the service has its statements next to their code; the list of migrations is here.

use platform::db::{DbError, Migration, Row};

pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "identity", sql: include_str!("../migrations/0001_identity.sql") },
    // 2 to 4 made the tables of outbox and keys, which the platform brings now.
    Migration { version: 5, name: "devices", sql: include_str!("../migrations/0005_devices.sql") },
];

/// Every statement of identity: a test prepares each one on both engines.
#[cfg(test)]
pub(crate) fn all_sql() -> impl Iterator<Item = &'static str> {
    let people =
        [crate::people::SQL, crate::login::SQL, crate::factors::SQL, &[crate::sessions::SQL], crate::security::SQL];
    let parts = people.into_iter().flatten().copied();
    let own = [
        crate::change::SQL,
        crate::devices::SQL,
        crate::face::SQL,
        crate::standing::SQL,
        crate::rights::SQL,
        crate::keys::SQL,
        crate::clients::SQL,
        crate::tokens::SQL,
    ];
    own.into_iter().chain(parts).flatten().copied()
}

/// Lists of strings are one column, as JSON.
pub(crate) fn list_text(list: &[String]) -> String {
    serde_json::Value::from(list).to_string()
}

pub(crate) fn list_of(row: &Row, column: usize) -> Result<Vec<String>, DbError> {
    serde_json::from_str(row.text(column)?).map_err(|error| DbError::shape(error.to_string()))
}
