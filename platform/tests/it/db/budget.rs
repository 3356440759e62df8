//! Connections and memory that all stores of one process share.

use std::sync::Arc;
use std::time::Duration;

use kernel::{Clock, SystemClock};
use platform::db::{Access, Budget, Db, Migration, Target, Value, connections_max};
use testkit::{TestStore, on_postgres};

/// Of the stores next to one test's.
const COUNT: &str = "select count(*) from pg_stat_activity where starts_with(application_name, $1 || '_')";
const TABLE: Migration = Migration { version: 1, name: "page", sql: "create table page (n SEQ, body BYTES not null)" };
const PAGE_INSERT: &str = "insert into page (n, body) values ($1, $2)";
const PAGE_READ: &str = "select sum(length(body)) from page";

async fn open(budget: &Budget, target: Target) -> Db {
    let db = Db::open_within(budget, target, Access::ReadWrite, budget.of_one_store()).await.unwrap();
    db.migrate(&[]).await.unwrap();
    db
}

/// Seen by somebody else, whose own connection does not count.
async fn connections(store: &TestStore) -> i64 {
    let name = format!("florin-{}", store.schema());
    store.postgres_client().await.query_one(COUNT, &[&name]).await.unwrap().get(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn many_stores_have_no_more_connections_than_one_process_may() {
    on_postgres(async |store| {
        let budget = Budget::new(6, 64).unwrap();
        let mut stores = Vec::new();
        for name in ["a", "b", "c", "d", "e"] {
            stores.push(open(&budget, store.target().beside(name)).await);
        }
        let reads = (0..40).map(|turn| {
            let db = stores[turn % stores.len()].clone();
            async move {
                let tx = db.read().await.unwrap();
                tx.query("select 1", &[]).await.unwrap();
                let later = db.read_later().await.unwrap();
                later.query("select 1", &[]).await.unwrap();
            }
        });
        futures_util::future::join_all(reads).await;
        let open = connections(store).await;
        assert!((5..=6).contains(&open), "{open} connections of five stores");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_waits_gets_the_connection_that_another_gives_back() {
    on_postgres(async |store| {
        let budget = Budget::new(4, 64).unwrap();
        let (first, second) =
            (open(&budget, store.target().beside("a")).await, open(&budget, store.target().beside("b")).await);
        let held = first.begin().await.unwrap();
        let waiting = tokio::spawn({
            let second = second.clone();
            async move { second.begin().await.map(drop) }
        });
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(!waiting.is_finished(), "there is one place for writing");
        // Who holds a writer can read all the same.
        first.read().await.unwrap().query("select 1", &[]).await.unwrap();
        held.commit().await.unwrap();
        tokio::time::timeout(Duration::from_secs(5), waiting).await.unwrap().unwrap().unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn short_reads_that_meet_share_a_connection() {
    on_postgres(async |store| {
        let budget = Budget::new(24, 64).unwrap();
        let db = open(&budget, store.target().beside("a")).await;
        let mut longest = 0;
        for _ in 0..5 {
            let begun = SystemClock.monotonic();
            let held = db.read().await.unwrap();
            let second = tokio::spawn({
                let db = db.clone();
                async move { db.read().await.unwrap().commit().await.unwrap() }
            });
            tokio::time::sleep(Duration::from_millis(2)).await;
            held.commit().await.unwrap();
            second.await.unwrap();
            longest = SystemClock.monotonic().micros_since(begun).max(longest);
        }
        // On a busy machine a read can go on for long enough to need a connection of its own.
        assert!(connections(store).await == 2 || longest > 15_000, "a writer and a reader: {longest} us");
        let (held, began) = (db.read().await.unwrap(), SystemClock.monotonic());
        db.read().await.unwrap().commit().await.unwrap();
        let waited_ms = SystemClock.monotonic().micros_since(began) / 1_000;
        assert!((19..1_000).contains(&waited_ms), "{waited_ms} ms for a read while another one goes on");
        held.commit().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_at_rest_keeps_two_connections() {
    on_postgres(async |store| {
        let budget = Budget::new(24, 64).unwrap();
        let db = open(&budget, store.target().beside("a")).await;
        let busy = (0..4).map(|_| async {
            let (tx, later) = (db.read().await.unwrap(), db.read_later().await.unwrap());
            tokio::time::sleep(Duration::from_millis(50)).await;
            tx.query("select 1", &[]).await.unwrap();
            later.commit().await.unwrap();
            tx.commit().await.unwrap();
        });
        futures_util::future::join_all(busy).await;
        assert_eq!(connections(store).await, 6, "a writer, four readers, and a second one");
        (0..12).for_each(|_| budget.rest());
        // A connection that is closed is gone a moment later.
        for _ in 0..100 {
            if connections(store).await == 2 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{} connections are open at rest", connections(store).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_says_how_many_connections_it_takes() {
    on_postgres(async |store| {
        let Target::Postgres { url, .. } = store.target() else { panic!("a store on PostgreSQL") };
        assert!(connections_max(&url).await.unwrap() > 0);
    })
    .await;
}

/// The limit is the whole process's.
#[tokio::test(flavor = "multi_thread")]
async fn many_readers_hold_no_more_memory_than_the_process_may() {
    if !testkit::alone("db::budget::many_readers_hold_no_more_memory_than_the_process_may") {
        return;
    }
    const MEGABYTE: usize = 1 << 20;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("pages.db");
    let budget = Budget::new(24, 16).unwrap();
    // Each connection alone may hold all of the file.
    let target = Target::Sqlite { file, cache_mb: 64 };
    let db = Arc::new(Db::open_within(&budget, target, Access::ReadWrite, 6).await.unwrap());
    db.migrate(&[TABLE]).await.unwrap();
    let tx = db.begin().await.unwrap();
    for n in 0..24 {
        tx.execute(PAGE_INSERT, &[Value::Int(n), Value::Bytes(&vec![7; MEGABYTE])]).await.unwrap();
    }
    tx.commit().await.unwrap();
    let before = resident();
    let mut held = Vec::new();
    for _ in 0..6 {
        let tx = db.read().await.unwrap();
        assert_eq!(tx.query(PAGE_READ, &[]).await.unwrap()[0].int(0).unwrap(), 24 * MEGABYTE as i64);
        held.push(tx);
    }
    let more = resident().saturating_sub(before) / MEGABYTE;
    assert!(more < 48, "{more} MB for six readers of 24 MB each, where 16 are allowed");
}

/// Bytes of this process that are in memory.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4_096
}
