//! Runs one test body on both engines.
//!
//! `FLORIN_TEST_POSTGRES_URL` names a PostgreSQL server with a role that may create schemas. Without it the PostgreSQL
//! half is skipped and prints a line, or fails with `FLORIN_TEST_REQUIRE=postgres`. Each completed PostgreSQL half
//! appends a line to the file in `FLORIN_TEST_POSTGRES_TALLY`, so that a pipeline can prove that they ran.

use std::fs::OpenOptions;
use std::io::Write;
use std::panic::{AssertUnwindSafe, resume_unwind};

use futures_util::FutureExt;

use crate::TestStore;

const URL: &str = "FLORIN_TEST_POSTGRES_URL";
const REQUIRE: &str = "FLORIN_TEST_REQUIRE";
const TALLY: &str = "FLORIN_TEST_POSTGRES_TALLY";

/// Runs `body` on a fresh SQLite store, then on a fresh PostgreSQL one. The test is a
/// `#[tokio::test(flavor = "multi_thread")]`.
pub async fn for_each_engine(body: impl AsyncFn(&TestStore)) {
    on_sqlite(&body).await;
    on_postgres(&body).await;
}

/// For SQLite-only behaviour.
pub async fn on_sqlite(body: impl AsyncFn(&TestStore)) {
    run(TestStore::sqlite(), body).await;
}

/// For PostgreSQL-only behaviour.
pub async fn on_postgres(body: impl AsyncFn(&TestStore)) {
    let Some(url) = postgres_url() else { return };
    run(TestStore::postgres(&url), body).await;
    count();
}

async fn run(store: TestStore, body: impl AsyncFn(&TestStore)) {
    let engine = store.engine();
    let outcome = AssertUnwindSafe(body(&store)).catch_unwind().await;
    store.remove().await;
    if let Err(panic) = outcome {
        eprintln!("the test failed on {engine:?}");
        resume_unwind(panic);
    }
}

fn postgres_url() -> Option<String> {
    let url = std::env::var(URL).ok().filter(|url| !url.is_empty());
    if url.is_none() {
        let required =
            std::env::var(REQUIRE).is_ok_and(|engines| engines.split(',').any(|engine| engine == "postgres"));
        assert!(!required, "{REQUIRE} asks for PostgreSQL, and {URL} does not name a server");
        println!("skipped on PostgreSQL: {} ({URL} is not set)", test_name());
    }
    url
}

/// One line in one write: several test processes append to the same file.
fn count() {
    let Some(file) = std::env::var_os(TALLY) else { return };
    let mut tally = OpenOptions::new().create(true).append(true).open(file).expect("open the tally of halves");
    tally.write_all(format!("{}\n", test_name()).as_bytes()).expect("write the tally of halves");
}

fn test_name() -> String {
    std::thread::current().name().unwrap_or("a test").to_owned()
}
