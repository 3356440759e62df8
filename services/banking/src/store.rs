//! Banking's tables: every SQL text, by table. Nothing here decides anything.

pub(crate) mod account;
pub(crate) mod arrangement;
pub(crate) mod balance;
pub(crate) mod connection;
pub(crate) mod import;
pub(crate) mod item;
pub(crate) mod movement;
pub(crate) mod statement;
pub(crate) mod telling;
pub(crate) mod upload;

use kernel::{Currency, Id};
use platform::db::{DbError, Migration, Row};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "banking", sql: include_str!("../migrations/0001_banking.sql") },
    Migration { version: 2, name: "connections", sql: include_str!("../migrations/0002_connections.sql") },
    Migration { version: 3, name: "plaid", sql: include_str!("../migrations/0003_plaid.sql") },
];

/// A test prepares each statement on both engines.
#[cfg(test)]
pub(crate) fn all_sql() -> impl Iterator<Item = &'static str> {
    let parts = [
        account::SQL,
        arrangement::SQL,
        balance::SQL,
        connection::SQL,
        import::SQL,
        item::SQL,
        movement::SQL,
        statement::SQL,
        telling::SQL,
        upload::SQL,
        crate::keys::SQL,
        crate::erase::SQL,
    ];
    parts.into_iter().flatten().copied()
}

#[cfg(test)]
pub(crate) fn all_sets() -> impl Iterator<Item = &'static platform::db::RowSet> {
    movement::SETS.iter().chain(statement::SETS).chain(telling::SETS).chain(balance::SETS).copied()
}

pub(crate) fn id<K>(row: &Row, column: usize) -> Result<Id<K>, DbError> {
    Ok(Id::from_bytes(row.array(column)?))
}

pub(crate) fn money_currency(row: &Row, column: usize) -> Result<Currency, DbError> {
    let code = row.text(column)?;
    crate::entry::currency(code).ok_or_else(|| DbError::shape(format!("{code} is not a currency of ISO 4217")))
}

/// A name that one of our enums has.
pub(crate) fn name<T: std::str::FromStr>(row: &Row, column: usize) -> Result<T, DbError> {
    let text = row.text(column)?;
    text.parse().map_err(|_| DbError::shape(format!("\"{text}\" in column {column} is not a name that is known")))
}

pub(crate) fn json<T: DeserializeOwned>(row: &Row, column: usize) -> Result<T, DbError> {
    serde_json::from_str(row.text(column)?).map_err(|error| DbError::shape(error.to_string()))
}

pub(crate) fn json_text(value: &impl Serialize) -> Result<String, DbError> {
    serde_json::to_string(value).map_err(|error| DbError::shape(error.to_string()))
}

pub(crate) fn number<T>(found: Option<T>, column: usize) -> Result<T, DbError> {
    found.ok_or_else(|| DbError::shape(format!("the number in column {column} is not known")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn every_statement_is_accepted_by_both_engines() {
        testkit::for_each_engine(async |store| {
            let db = store.open().await;
            platform::room::migrate(&crate::ROOM, &db).await.unwrap();
            let tx = db.read().await.unwrap();
            for sql in all_sql() {
                tx.prepare(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
            }
            for set in all_sets() {
                tx.prepare_set(set).await.unwrap_or_else(|error| panic!("{set:?}: {error:?}"));
            }
        })
        .await;
    }
}
