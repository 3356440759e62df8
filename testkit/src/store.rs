//! A store for one test, on either engine.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use kernel::{Clock, SystemClock};
use platform::db::{Access, Db, Engine, Target};
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};

/// Small, so that tests also run with a cache that does not hold everything.
const CACHE_MB: u32 = 2;
const READERS: usize = 4;

/// A fresh SQLite file in a temporary directory, or a PostgreSQL schema that nobody else uses and that the first
/// migration creates.
#[derive(Debug)]
pub struct TestStore {
    target: Target,
    dir: TempDir,
}

impl TestStore {
    pub fn sqlite() -> TestStore {
        let dir = tempfile::tempdir().expect("make a temporary directory");
        let target = Target::Sqlite { file: dir.path().join("store.db"), cache_mb: CACHE_MB };
        TestStore { target, dir }
    }

    /// `url` names a server with a role that may create schemas.
    pub fn postgres(url: &str) -> TestStore {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let (process, count) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        // The time distinguishes two runs that have the same process id.
        let schema = format!("test_{process}_{count}_{}", SystemClock.now().micros() % 1_000_000_000);
        let dir = tempfile::tempdir().expect("make a temporary directory");
        TestStore { target: Target::Postgres { url: url.to_owned(), schema }, dir }
    }

    pub fn engine(&self) -> Engine {
        match self.target {
            Target::Sqlite { .. } => Engine::Sqlite,
            Target::Postgres { .. } => Engine::Postgres,
        }
    }

    pub fn target(&self) -> Target {
        self.target.clone()
    }

    /// The same schema through another address, for example a [`CommitCutter`](crate::CommitCutter)'s.
    pub fn target_through(&self, url: &str) -> Target {
        Target::Postgres { url: url.to_owned(), schema: self.schema().to_owned() }
    }

    /// A new handle, which shares nothing with earlier ones.
    pub async fn open(&self) -> Db {
        self.open_with(Access::ReadWrite).await
    }

    pub async fn open_with(&self, access: Access) -> Db {
        Db::open(self.target(), access, READERS).await.expect("open the test's store")
    }

    /// A directory that is removed after the test.
    pub fn dir(&self) -> PathBuf {
        self.dir.path().to_owned()
    }

    pub fn url(&self) -> &str {
        match &self.target {
            Target::Sqlite { .. } => panic!("a SQLite store has no address"),
            Target::Postgres { url, .. } => url,
        }
    }

    pub fn schema(&self) -> &str {
        match &self.target {
            Target::Sqlite { .. } => panic!("a SQLite store has no schema"),
            Target::Postgres { schema, .. } => schema,
        }
    }

    /// A separate connection, outside of the store's schema.
    pub async fn postgres_client(&self) -> Client {
        let (client, connection) = tokio_postgres::connect(self.url(), NoTls).await.expect("connect to PostgreSQL");
        tokio::spawn(connection);
        client
    }

    /// Ends every connection that `Db` has to this schema and those next to it; returns their number.
    pub async fn postgres_terminate(&self) -> usize {
        let name = format!("florin-{}", self.schema());
        let sql = "select pg_terminate_backend(pid) from pg_stat_activity \
                   where application_name = $1 or starts_with(application_name, $1 || '_')";
        self.postgres_client().await.query(sql, &[&name]).await.expect("terminate connections").len()
    }

    /// Removes the store, even if something is still connected to it.
    pub async fn remove(self) {
        if self.engine() == Engine::Postgres {
            self.postgres_terminate().await;
            let mut sql = format!("drop schema if exists {} cascade", self.schema());
            for name in self.target.names_beside().await.expect("list schemas") {
                let Target::Postgres { schema, .. } = self.target.beside(&name) else { continue };
                sql += &format!("; drop schema {schema} cascade");
            }
            self.postgres_client().await.batch_execute(&sql).await.expect("drop the test's schemas");
        }
    }
}
