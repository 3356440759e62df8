//! Databases on a PostgreSQL server, for those who need one of their own for a while.

use std::str::FromStr;

use tokio_postgres::{Config, NoTls};

use super::{DbError, Fault};

/// `name` is made by us and has only letters, digits and underscores.
pub async fn create_database(server: &str, name: &str) -> Result<(), DbError> {
    run(server, &format!("create database {name}")).await
}

pub async fn has_database(server: &str, name: &str) -> Result<bool, DbError> {
    const FIND: &str = "select 1 from pg_database where datname = $1";
    let unreachable = |error| DbError::caused("connect to PostgreSQL", Fault::Unreachable, error);
    let config = Config::from_str(server).map_err(unreachable)?;
    let (client, connection) = config.connect(NoTls).await.map_err(unreachable)?;
    let driver = tokio::spawn(connection);
    let found = client.query(FIND, &[&name]).await.map_err(|error| DbError::postgres(FIND, error));
    driver.abort();
    found.map(|rows| !rows.is_empty())
}

/// Ends whoever is still connected.
pub async fn drop_database(server: &str, name: &str) -> Result<(), DbError> {
    run(server, &format!("drop database if exists {name} with (force)")).await
}

/// The same URL with another database in it.
pub fn with_database(url: &str, name: &str) -> String {
    let (address, parameters) = url.split_once('?').map_or((url, None), |(address, rest)| (address, Some(rest)));
    let (scheme, rest) = address.split_once("://").unwrap_or(("postgres", address));
    let host = rest.split_once('/').map_or(rest, |(host, _)| host);
    let parameters = parameters.map(|rest| format!("?{rest}")).unwrap_or_default();
    format!("{scheme}://{host}/{name}{parameters}")
}

async fn run(server: &str, sql: &str) -> Result<(), DbError> {
    let unreachable = |error| DbError::caused("connect to PostgreSQL", Fault::Unreachable, error);
    let config = Config::from_str(server).map_err(unreachable)?;
    let (client, connection) = config.connect(NoTls).await.map_err(unreachable)?;
    let driver = tokio::spawn(connection);
    let outcome = client.batch_execute(sql).await.map_err(|error| DbError::postgres(sql, error));
    driver.abort();
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_database_changes() {
        assert_eq!(with_database("postgres://u:p@h:1/a?x=y", "b"), "postgres://u:p@h:1/b?x=y");
        assert_eq!(with_database("postgresql://h", "b"), "postgresql://h/b");
    }
}
