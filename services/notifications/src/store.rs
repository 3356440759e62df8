//! The room's tables: every SQL text, by table. Nothing here decides anything.

pub(crate) mod contact;
pub(crate) mod delivery;
pub(crate) mod device;
pub(crate) mod due;
pub(crate) mod inbox;
pub(crate) mod kept;
pub(crate) mod message;
pub(crate) mod others;
pub(crate) mod post;
pub(crate) mod suppression;
pub(crate) mod webhook;

use kernel::{Id, Timestamp};
use platform::db::{DbError, Migration, Row, Value};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "notifications", sql: include_str!("../migrations/0001_notifications.sql") },
    Migration { version: 2, name: "webhooks", sql: include_str!("../migrations/0002_webhooks.sql") },
    Migration { version: 3, name: "devices", sql: include_str!("../migrations/0003_devices.sql") },
];

/// A test prepares each statement on both engines.
#[cfg(test)]
pub(crate) fn all_sql() -> impl Iterator<Item = &'static str> {
    let parts = [
        contact::SQL,
        delivery::SQL,
        device::SQL,
        due::SQL,
        inbox::SQL,
        kept::SQL,
        message::SQL,
        others::SQL,
        post::SQL,
        suppression::SQL,
        webhook::SQL,
    ];
    parts.into_iter().flatten().copied()
}

pub(crate) fn id<K>(row: &Row, column: usize) -> Result<Id<K>, DbError> {
    Ok(Id::from_bytes(row.array(column)?))
}

pub(crate) fn time(row: &Row, column: usize) -> Result<Timestamp, DbError> {
    row.int(column).map(Timestamp::from_micros)
}

/// A name that one of our enums has.
pub(crate) fn name<T: std::str::FromStr>(row: &Row, column: usize) -> Result<T, DbError> {
    let text = row.text(column)?;
    text.parse().map_err(|_| DbError::shape(format!("\"{text}\" in column {column} is not a name that is known")))
}

pub(crate) fn text(row: &Row, column: usize) -> Result<Option<String>, DbError> {
    Ok(row.text_or_null(column)?.map(str::to_owned))
}

pub(crate) fn json<T: DeserializeOwned>(text: &str) -> Result<T, DbError> {
    serde_json::from_str(text).map_err(|error| DbError::shape(error.to_string()))
}

pub(crate) fn json_text(value: &impl Serialize) -> Result<String, DbError> {
    serde_json::to_string(value).map_err(|error| DbError::shape(error.to_string()))
}

pub(crate) fn text_or_null(text: Option<&str>) -> Value<'_> {
    text.map_or(Value::Null, Value::Text)
}

pub(crate) fn bytes_or_null(bytes: Option<&[u8]>) -> Value<'_> {
    bytes.map_or(Value::Null, Value::Bytes)
}

pub(crate) fn limit(limit: usize) -> Value<'static> {
    Value::Int(i64::try_from(limit).unwrap_or(i64::MAX))
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
        })
        .await;
    }
}
