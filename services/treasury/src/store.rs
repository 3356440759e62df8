//! The tables of treasury: every SQL text, and the migrations.

pub(crate) mod cash;
pub(crate) mod flow;
pub(crate) mod outlook;
pub(crate) mod sweep;

use platform::db::{DbError, Migration, Row, Tx, Value};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) const MIGRATIONS: &[Migration] =
    &[Migration { version: 1, name: "treasury", sql: include_str!("../migrations/0001_treasury.sql") }];

/// The texts of a table of objects by key.
pub(crate) struct Objects {
    put: &'static str,
    get: &'static str,
    all: &'static str,
    keys: &'static str,
    starting: &'static str,
    remove: &'static str,
}

macro_rules! objects {
    ($table:literal) => {
        Objects {
            put: concat!(
                "insert into ",
                $table,
                " (key, body)\nvalues ($1, $2)\non conflict (key) do update set body = excluded.body"
            ),
            get: concat!("select body\nfrom ", $table, "\nwhere key = $1"),
            all: concat!("select body\nfrom ", $table, "\norder by key\nlimit 10000"),
            keys: concat!("select cast(count(*) as BIGINT)\nfrom ", $table),
            starting: concat!("select key, body\nfrom ", $table, "\nwhere key >= $1\n    and key < $2\nlimit 1000"),
            remove: concat!("delete from ", $table, "\nwhere key = $1"),
        }
    };
}

pub(crate) const ENTITIES: Objects = objects!("entity");
pub(crate) const ACCOUNTS: Objects = objects!("account");
pub(crate) const RECURRING: Objects = objects!("recurring");
pub(crate) const MODELS: Objects = objects!("model");
pub(crate) const POOLS: Objects = objects!("pool");
pub(crate) const EXPOSURES: Objects = objects!("exposure");
pub(crate) const FACTORS: Objects = objects!("factor");
pub(crate) const HISTORIES: Objects = objects!("factor_history");
pub(crate) const RUNS: Objects = objects!("run");

#[cfg(test)]
const OBJECTS: [&Objects; 9] =
    [&ENTITIES, &ACCOUNTS, &RECURRING, &MODELS, &POOLS, &EXPOSURES, &FACTORS, &HISTORIES, &RUNS];

impl Objects {
    pub(crate) async fn put(&self, tx: &Tx, key: &str, object: &impl Serialize) -> Result<(), DbError> {
        tx.execute(self.put, &[Value::Text(key), Value::Text(&json(object)?)]).await.map(drop)
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, tx: &Tx, key: &str) -> Result<Option<T>, DbError> {
        tx.query(self.get, &[Value::Text(key)]).await?.first().map(|row| body(row, 0)).transpose()
    }

    /// In the order of their keys.
    pub(crate) async fn all<T: DeserializeOwned>(&self, tx: &Tx) -> Result<Vec<T>, DbError> {
        tx.query(self.all, &[]).await?.iter().map(|row| body(row, 0)).collect()
    }

    /// Those whose key begins with a prefix, by what comes after it.
    pub(crate) async fn starting_with<T: DeserializeOwned>(
        &self,
        tx: &Tx,
        prefix: &str,
    ) -> Result<Vec<(String, T)>, DbError> {
        let end = format!("{prefix}\u{10ffff}");
        let rows = tx.query(self.starting, &[Value::Text(prefix), Value::Text(&end)]).await?;
        let after = |row: &Row| {
            let key = row.text(0)?;
            Ok((key.strip_prefix(prefix).unwrap_or(key).to_owned(), body(row, 1)?))
        };
        rows.iter().map(after).collect()
    }

    pub(crate) async fn count(&self, tx: &Tx) -> Result<usize, DbError> {
        let count = tx.query(self.keys, &[]).await?.first().map_or(Ok(0), |row| row.int(0))?;
        Ok(usize::try_from(count).unwrap_or(usize::MAX))
    }

    pub(crate) async fn remove(&self, tx: &Tx, key: &str) -> Result<(), DbError> {
        tx.execute(self.remove, &[Value::Text(key)]).await.map(drop)
    }
}

pub(crate) fn body<T: DeserializeOwned>(row: &Row, column: usize) -> Result<T, DbError> {
    serde_json::from_str(row.text(column)?).map_err(|error| DbError::shape(format!("a row's body: {error}")))
}

pub(crate) fn json(value: &impl Serialize) -> Result<String, DbError> {
    serde_json::to_string(value).map_err(|error| DbError::shape(error.to_string()))
}

pub(crate) fn count(max: usize) -> Value<'static> {
    Value::Int(i64::try_from(max).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn every_statement_is_valid_on_both_engines() {
        testkit::for_each_engine(async |store| {
            let db = store.open().await;
            platform::room::migrate(&crate::ROOM, &db).await.unwrap();
            let tx = db.read().await.unwrap();
            let objects =
                OBJECTS.iter().flat_map(|one| [one.put, one.get, one.all, one.keys, one.starting, one.remove]);
            let parts = [cash::SQL, flow::SQL, outlook::SQL, sweep::SQL];
            for sql in parts.into_iter().flatten().copied().chain(objects) {
                tx.prepare(sql).await.unwrap();
            }
        })
        .await;
    }
}
