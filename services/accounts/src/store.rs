//! The tables of accounts: every SQL text, by table. Nothing here decides anything.

pub(crate) mod account;
pub(crate) mod block;
pub(crate) mod charge;
pub(crate) mod customer;
pub(crate) mod interest;
pub(crate) mod movement;
pub(crate) mod paid;
pub(crate) mod product;
pub(crate) mod rule;
pub(crate) mod run;
pub(crate) mod sums;
pub(crate) mod verify;

use kernel::{Currency, Id};
use platform::db::{DbError, Migration, Row, Tx};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "accounts", sql: include_str!("../migrations/0001_accounts.sql") },
    Migration {
        version: 2,
        name: "fees, terms and rules",
        sql: include_str!("../migrations/0002_fees_terms_rules.sql"),
    },
];

/// A test prepares each statement on both engines.
#[cfg(test)]
pub(crate) fn all_sql() -> impl Iterator<Item = &'static str> {
    let parts = [
        account::SQL,
        block::SQL,
        customer::SQL,
        interest::SQL,
        movement::SQL,
        paid::SQL,
        product::SQL,
        run::SQL,
        charge::SQL,
        rule::SQL,
        sums::SQL,
        verify::SQL,
        crate::keys::SQL,
    ];
    parts.into_iter().flatten().copied()
}

#[cfg(test)]
pub(crate) fn all_sets() -> impl Iterator<Item = &'static platform::db::RowSet> {
    let parts = [
        account::SETS,
        charge::SETS,
        customer::SETS,
        interest::SETS,
        movement::SETS,
        paid::SETS,
        rule::SETS,
        run::SETS,
        crate::keys::SETS,
    ];
    parts.into_iter().flatten().copied()
}

pub(crate) fn id<K>(row: &Row, column: usize) -> Result<Id<K>, DbError> {
    Ok(Id::from_bytes(row.array(column)?))
}

pub(crate) fn currency(row: &Row, column: usize) -> Result<Currency, DbError> {
    serde_json::from_value(serde_json::Value::from(row.text(column)?))
        .map_err(|error| DbError::shape(error.to_string()))
}

/// As in JSON: `EUR`, `POINTS/0`.
pub(crate) fn currency_text(currency: Currency) -> Result<String, DbError> {
    let value = serde_json::to_value(currency).map_err(|error| DbError::shape(error.to_string()))?;
    value.as_str().map(str::to_owned).ok_or_else(|| DbError::shape("a currency is a text"))
}

/// A name that one of our enums has.
pub(crate) fn name<T: std::str::FromStr>(row: &Row, column: usize) -> Result<T, DbError> {
    let text = row.text(column)?;
    text.parse().map_err(|_| DbError::shape(format!("\"{text}\" in column {column} is not a name that is known")))
}

pub(crate) fn json<T: DeserializeOwned>(text: &str) -> Result<T, DbError> {
    serde_json::from_str(text).map_err(|error| DbError::shape(error.to_string()))
}

pub(crate) fn json_text(value: &impl Serialize) -> Result<String, DbError> {
    serde_json::to_string(value).map_err(|error| DbError::shape(error.to_string()))
}

pub(crate) fn limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// The first cell of the first row.
pub(crate) async fn number(tx: &Tx, sql: &'static str) -> Result<i64, DbError> {
    tx.query(sql, &[]).await?.first().map_or(Ok(0), |row| row.int(0))
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
