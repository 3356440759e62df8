//! The PostgreSQL half of `Db`: one connection to one schema.
//!
//! Statements are prepared once per connection. Futures that are polled together are sent without waiting for each
//! other's answers, which is how a store sends its row sets in one flush.

use std::borrow::Cow;
use std::collections::HashMap;
use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, Statement};

use super::connect::{Driver, connect};
use super::patience::Patience;
use super::rowset::{self, Column, RowSet};
use super::value::{Row, Value, postgres_row};
use super::{Access, DbError, Fault};
use crate::deadline;

/// A server that has not answered a statement by then is treated as a lost connection.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// Longest wait for a lock that another transaction holds.
const LOCK_MAX: Duration = Duration::from_secs(10);
/// The statement's own limit is at most this much later.
const LOCK_WORD_MAX_MS: u128 = 50;
/// From the first packet until the session accepts statements.
const CONNECT_MAX: Duration = Duration::from_secs(3);
/// A peer that vanished is detected on both ends: idle time before probing, probe interval, and number of probes.
const SILENCE_MAX: Duration = Duration::from_secs(5);
const ASKED_EVERY: Duration = Duration::from_secs(2);
const ASKED_TIMES: u32 = 3;
/// Data not acknowledged by then was lost with the connection.
const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(10);
/// A writer that is silent in the middle of a transaction blocks other writers; the server ends it after this time.
const WRITER_IDLE_MAX: Duration = Duration::from_secs(3);

#[derive(Debug)]
pub(crate) struct PostgresConn {
    client: Client,
    statements: Mutex<HashMap<(usize, usize), Statement>>,
    driver: Driver,
}

impl PostgresConn {
    pub(crate) async fn open(url: &str, schema: &str, access: Access) -> Result<PostgresConn, DbError> {
        // The driver's own limit ends once the server has accepted the connection, even if it has not said anything
        // yet.
        let patience = Patience::of(CONNECT_MAX, Fault::Unreachable);
        let connecting = connect(url, |config| tune(config, schema, access));
        let (client, driver) = patience.wait("connect to PostgreSQL", connecting).await??;
        Ok(PostgresConn { client, statements: Mutex::default(), driver })
    }

    pub(crate) fn is_open(&self) -> bool {
        !self.client.is_closed()
    }

    pub(crate) async fn batch(&self, sql: &str) -> Result<(), DbError> {
        bounded(sql, self.client.batch_execute(sql)).await
    }

    pub(crate) async fn query(&self, sql: &'static str, params: &[Value<'_>]) -> Result<Vec<Row>, DbError> {
        let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        self.query_raw(sql, &params).await
    }

    pub(crate) async fn check(&self, sql: &'static str) -> Result<(), DbError> {
        self.prepare(sql).await.map(|_| ())
    }

    pub(crate) async fn execute(&self, sql: &'static str, params: &[Value<'_>]) -> Result<u64, DbError> {
        let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        self.execute_raw(sql, &params).await
    }

    pub(crate) async fn insert_many(&self, set: &'static RowSet, columns: &[Column<'_>]) -> Result<(), DbError> {
        self.run_set(set.postgres_insert(), columns).await
    }

    pub(crate) async fn update_many(&self, set: &'static RowSet, columns: &[Column<'_>]) -> Result<(), DbError> {
        self.run_set(set.postgres_update(), columns).await
    }

    pub(crate) async fn add_many(&self, set: &'static RowSet, columns: &[Column<'_>]) -> Result<(), DbError> {
        self.run_set(set.postgres_add()?, columns).await
    }

    pub(crate) async fn select_many(&self, set: &'static RowSet, keys: Column<'_>) -> Result<Vec<Row>, DbError> {
        let keys = array(keys);
        self.query_raw(set.postgres_select(), &[keys.as_ref()]).await
    }

    async fn run_set(&self, sql: &'static str, columns: &[Column<'_>]) -> Result<(), DbError> {
        if rowset::length(columns)? == 0 {
            return Ok(());
        }
        let arrays: Vec<_> = columns.iter().map(|column| array(*column)).collect();
        let params: Vec<&(dyn ToSql + Sync)> = arrays.iter().map(|values| values.as_ref() as _).collect();
        self.execute_raw(sql, &params).await.map(|_| ())
    }

    async fn query_raw(&self, sql: &'static str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, DbError> {
        let statement = self.prepare(sql).await?;
        let rows = bounded(sql, self.client.query(&statement, params)).await?;
        rows.iter().map(postgres_row).collect()
    }

    async fn execute_raw(&self, sql: &'static str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, DbError> {
        let statement = self.prepare(sql).await?;
        bounded(sql, self.client.execute(&statement, params)).await
    }

    async fn prepare(&self, sql: &'static str) -> Result<Statement, DbError> {
        let key = (sql.as_ptr() as usize, sql.len());
        let known = self.statements.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(statement) = known {
            return Ok(statement);
        }
        let statement = bounded(sql, self.client.prepare(sql)).await?;
        self.statements.lock().unwrap_or_else(PoisonError::into_inner).insert(key, statement.clone());
        Ok(statement)
    }
}

fn tune(config: &mut Config, schema: &str, access: Access) {
    // A reader may take its time between two queries on one snapshot, and blocks nobody.
    let (read_only, idle_max) = match access {
        Access::ReadOnly => ("on", Duration::ZERO),
        Access::ReadWrite => ("off", WRITER_IDLE_MAX),
    };
    // Durability does not depend on the server's defaults; the search path makes every statement see only its own
    // schema.
    config
        .options(format!(
            "-c search_path={schema} -c synchronous_commit=on -c lock_timeout={}ms \
             -c default_transaction_read_only={read_only} -c idle_in_transaction_session_timeout={}ms \
             -c tcp_keepalives_idle={} -c tcp_keepalives_interval={} -c tcp_keepalives_count={ASKED_TIMES} \
             -c tcp_user_timeout={}ms",
            LOCK_MAX.as_millis(),
            idle_max.as_millis(),
            SILENCE_MAX.as_secs(),
            ASKED_EVERY.as_secs(),
            UNACKNOWLEDGED_MAX.as_millis(),
        ))
        .keepalives_idle(SILENCE_MAX)
        .keepalives_interval(ASKED_EVERY)
        .keepalives_retries(ASKED_TIMES)
        .tcp_user_timeout(UNACKNOWLEDGED_MAX)
        .application_name(format!("florin-{schema}"));
}

impl Drop for PostgresConn {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

fn array<'a>(column: Column<'a>) -> Box<dyn ToSql + Sync + Send + 'a> {
    match column {
        Column::Int(values) => Box::new(values),
        Column::IntOrNull(values) => Box::new(values),
        Column::Text(values) => Box::new(values),
        Column::TextOrNull(values) => Box::new(values),
        Column::Bytes(values) => Box::new(values),
        Column::Id(values) => Box::new(values.iter().map(<[u8; 16]>::as_slice).collect::<Vec<&[u8]>>()),
    }
}

async fn bounded<T>(sql: &str, call: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, DbError> {
    let attempted = sql.trim().lines().next().unwrap_or_default();
    let answer = Patience::of(ANSWER_MAX, Fault::ConnectionLost).wait(attempted, call).await?;
    answer.map_err(|error| {
        let late = deadline::left().is_some() && ended_by_the_server(&error);
        let error = DbError::postgres(attempted, error);
        if late { DbError { fault: Fault::Late, ..error } } else { error }
    })
}

/// Makes the server end [`within_call`]'s statements.
fn ended_by_the_server(error: &tokio_postgres::Error) -> bool {
    matches!(error.code(), Some(&SqlState::QUERY_CANCELED | &SqlState::LOCK_NOT_AVAILABLE))
}

/// Begins a transaction, and makes the server cancel by itself what nobody will wait for any more.
pub(crate) fn within_call(begin: &str) -> Cow<'_, str> {
    let Some(left) = deadline::left() else { return Cow::Borrowed(begin) };
    let statement_ms = left.min(ANSWER_MAX).as_millis().max(1);
    // A little earlier, so that a wait for a lock is reported as one.
    let lock_ms = (statement_ms - (statement_ms / 10).min(LOCK_WORD_MAX_MS)).min(LOCK_MAX.as_millis());
    Cow::Owned(format!("{begin}; set local statement_timeout = {statement_ms}; set local lock_timeout = {lock_ms}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operating_system_detects_a_silent_server() {
        let mut config: Config = "postgres://ann@127.0.0.1/books".parse().unwrap();
        tune(&mut config, "ledger", Access::ReadOnly);
        assert!(config.get_keepalives());
        assert_eq!(config.get_keepalives_idle(), SILENCE_MAX);
        assert_eq!(config.get_keepalives_interval(), Some(ASKED_EVERY));
        assert_eq!(config.get_keepalives_retries(), Some(ASKED_TIMES));
        assert_eq!(config.get_tcp_user_timeout(), Some(&UNACKNOWLEDGED_MAX));
    }
}
