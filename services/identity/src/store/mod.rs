//! Identity's tables. Each part of the service keeps its statements beside what runs them; the list of the migrations is here.

use platform::db::Migration;

pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "identity", sql: include_str!("../../migrations/0001_identity.sql") },
    Migration { version: 2, name: "outbox", sql: platform::feed::OUTBOX_TABLES },
    Migration { version: 3, name: "consumers", sql: platform::feed::OUTBOX_CONSUMER_TABLE },
    Migration { version: 4, name: "keys", sql: platform::crypto::KEY_TABLES },
];

/// Every statement of identity: a test prepares each one on both engines.
#[cfg(test)]
pub(crate) fn all_sql() -> impl Iterator<Item = &'static str> {
    let all = [crate::change::SQL, crate::standing::SQL, crate::rights::SQL].into_iter();
    let people = [crate::people::SQL, crate::login::SQL, crate::factors::SQL, &[crate::sessions::SQL], crate::security::SQL];
    all.flatten().copied().chain(people.into_iter().flatten().copied().flatten().copied())
}
