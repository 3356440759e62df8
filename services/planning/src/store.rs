//! Planning's tables: every SQL text, by table. Nothing here decides anything.

pub(crate) mod asset;
pub(crate) mod goal;
pub(crate) mod household;
pub(crate) mod plan;
pub(crate) mod value;

use kernel::{Currency, Id, IdKind};
use platform::db::{DbError, Migration, Row};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) const MIGRATIONS: &[Migration] =
    &[Migration { version: 1, name: "planning", sql: include_str!("../migrations/0001_planning.sql") }];

/// A test prepares each statement on both engines.
#[cfg(test)]
pub(crate) fn all_sql() -> impl Iterator<Item = &'static str> {
    let parts = [asset::SQL, goal::SQL, household::SQL, plan::SQL, value::SQL, crate::keys::SQL];
    parts.into_iter().flatten().copied()
}

pub(crate) fn id<K: IdKind>(row: &Row, column: usize) -> Result<Id<K>, DbError> {
    Ok(Id::from_bytes(row.array(column)?))
}

/// `USD`, or an asset of the ledger with its scale.
pub(crate) fn currency_text(currency: Currency) -> String {
    if currency.is_iso() { currency.code().to_owned() } else { format!("{}/{}", currency.code(), currency.scale()) }
}

pub(crate) fn currency(row: &Row, column: usize) -> Result<Currency, DbError> {
    let text = row.text(column)?;
    let read = match text.split_once('/') {
        Some((code, scale)) => scale.parse().ok().and_then(|scale| Currency::with_scale(code, scale).ok()),
        None => Currency::iso(text).ok(),
    };
    read.ok_or_else(|| DbError::shape(format!("{text} is not a currency")))
}

/// A name that one of our enums has.
pub(crate) fn name<T: std::str::FromStr>(row: &Row, column: usize) -> Result<T, DbError> {
    known(row.text(column)?, column)
}

pub(crate) fn name_or_null<T: std::str::FromStr>(row: &Row, column: usize) -> Result<Option<T>, DbError> {
    row.text_or_null(column)?.map(|text| known(text, column)).transpose()
}

fn known<T: std::str::FromStr>(text: &str, column: usize) -> Result<T, DbError> {
    text.parse().map_err(|_| DbError::shape(format!("\"{text}\" in column {column} is not a name that is known")))
}

pub(crate) fn json<T: DeserializeOwned>(row: &Row, column: usize) -> Result<T, DbError> {
    serde_json::from_str(row.text(column)?).map_err(|error| DbError::shape(error.to_string()))
}

pub(crate) fn json_text(value: &impl Serialize) -> Result<String, DbError> {
    serde_json::to_string(value).map_err(|error| DbError::shape(error.to_string()))
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
