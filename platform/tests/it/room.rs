//! What the platform does for every room: its tables, and its status from another process.

use std::sync::Arc;

use async_trait::async_trait;
use kernel::{Clock, SystemClock};
use platform::db::{Access, Db, Migration, Target, check_file};
use platform::feed::{NewEvent, OUTBOX_CONSUMER_TABLE, OUTBOX_TABLES, Outbox};
use platform::health::{Facts, Part, facts};
use platform::room::about::{self, Elsewhere};
use platform::room::{OnStore, Room, migrate};
use platform::rpc::{Methods, RpcClient, Served};
use serde_json::json;
use testkit::{AsSaid, InProcess, for_each_engine};

const PEBBLE: Migration = Migration { version: 1, name: "pebble", sql: "create table pebble (n SEQ)" };

static PEBBLES: Room = Room {
    migrations: &[PEBBLE],
    outbox: true,
    once: true,
    seals: true,
    consumes: &["ponds"],
    ..Room::named("pebbles")
};

const TABLES: [&str; 7] = [
    "select n from pebble",
    "select seq from outbox",
    "select name from outbox_consumer",
    "select feed from feed_cursor",
    "select key from once",
    "select id from data_key",
    "select name from job",
];

/// How many of the tables exist.
async fn there(db: &Db) -> usize {
    let mut found = 0;
    for sql in TABLES {
        found += usize::from(db.read().await.unwrap().prepare(sql).await.is_ok());
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_has_the_tables_of_its_features() {
    for_each_engine(async |store| {
        let db = store.open().await;
        assert_eq!(migrate(&PEBBLES, &db).await.unwrap(), 8);
        assert_eq!(there(&db).await, TABLES.len());
        assert_eq!(migrate(&PEBBLES, &db).await.unwrap(), 0);
    })
    .await;
    for_each_engine(async |store| {
        let db = store.open().await;
        assert_eq!(migrate(&Room { migrations: &[PEBBLE], ..Room::named("stones") }, &db).await.unwrap(), 2);
        assert_eq!(there(&db).await, 2, "its own, and that of jobs");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_once_created_by_a_room_keep_their_rows() {
    const STONE: Migration = Migration { version: 4, name: "stone", sql: "create table stone (n SEQ)" };
    const EARLIER: &[Migration] = &[
        PEBBLE,
        Migration { version: 2, name: "outbox", sql: OUTBOX_TABLES },
        Migration { version: 3, name: "consumers", sql: OUTBOX_CONSUMER_TABLE },
        STONE,
    ];
    const OWN: &[Migration] = &[PEBBLE, STONE];
    for_each_engine(async |store| {
        let db = store.open().await;
        db.migrate(EARLIER).await.unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let outbox = Outbox::new("/pebbles", clock);
        let tx = db.begin().await.unwrap();
        let event = NewEvent::new("pebbles.pebble.thrown", "one", json!({}));
        assert_eq!(outbox.add(&tx, vec![event.clone()]).await.unwrap(), 1);
        tx.commit().await.unwrap();

        let now = Room { migrations: OWN, outbox: true, ..Room::named("pebbles") };
        migrate(&now, &db).await.unwrap();
        let tx = db.begin().await.unwrap();
        assert_eq!(outbox.add(&tx, vec![event]).await.unwrap(), 2);
        tx.commit().await.unwrap();
    })
    .await;
}

struct Thrown;

#[async_trait]
impl Part for Thrown {
    fn name(&self) -> &'static str {
        "pebbles"
    }

    async fn ready(&self) -> Result<(), String> {
        Err("nobody asks".to_owned())
    }

    async fn status(&self) -> Facts {
        facts([("thrown", json!(7))])
    }
}

#[tokio::test]
async fn a_remote_room_reports_its_status_and_never_blocks_readiness() {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let elsewhere = |methods: Option<Methods>| {
        let served = Served::new(methods, Arc::new(AsSaid), Arc::clone(&clock)).unwrap();
        let rpc = RpcClient::new("pebbles", Arc::new(InProcess(served)), Arc::clone(&clock));
        Elsewhere::new("pebbles", rpc, Arc::clone(&clock), None)
    };
    let there = elsewhere(Some(about::told(Methods::new("pebbles"), Arc::new(Thrown))));
    assert_eq!((there.ready().await, there.status().await), (Ok(()), facts([("thrown", json!(7))])));
    let away = elsewhere(None);
    assert_eq!((away.ready().await, away.status().await), (Ok(()), facts([("error", json!("internal"))])));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_without_a_status_is_ready_while_its_store_answers() {
    for_each_engine(async |store| {
        let part = OnStore::new("pebbles", store.open().await);
        assert_eq!((part.ready().await, part.status().await), (Ok(()), Facts::new()));
    })
    .await;
}

#[tokio::test]
async fn a_damaged_or_inconsistent_file_is_detected() {
    const TABLES: Migration = Migration {
        version: 1,
        name: "pond",
        sql: "create table pond (n SEQ); create table ring (n SEQ, pond BIGINT not null references pond (n));
              create table word (text TEXT primary key); insert into word (text) values ('pebble'), ('stone'), ('water')",
    };
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("pebbles.db");
    let db = Db::open(Target::Sqlite { file: file.clone(), cache_mb: 1 }, Access::ReadWrite, 1).await.unwrap();
    db.migrate(&[TABLES]).await.unwrap();
    db.checkpoint().await.unwrap();
    assert_eq!(check_file(&file), Ok(()));

    let lost = dir.path().join("lost.db");
    std::fs::copy(&file, &lost).unwrap();
    let plain = rusqlite::Connection::open(&lost).unwrap();
    plain.execute_batch("pragma foreign_keys = off; insert into ring (n, pond) values (1, 7)").unwrap();
    drop(plain);
    assert!(check_file(&lost).unwrap_err().contains("a row of ring refers to a missing row"));

    let mut bytes = std::fs::read(&file).unwrap();
    let places: Vec<usize> =
        bytes.windows(5).enumerate().filter(|(_, found)| *found == b"stone").map(|(place, _)| place).collect();
    bytes[*places.last().unwrap()] = b'z';
    let damaged = dir.path().join("damaged.db");
    std::fs::write(&damaged, bytes).unwrap();
    assert!(check_file(&damaged).unwrap_err().contains("is damaged"));
}
