//! Schemas only migrate forward, and only as far as this program supports.

use platform::db::{Access, Db, Engine, Fault, Migration, Target, Value};
use testkit::{for_each_engine, on_postgres};

const FIRST: Migration =
    Migration { version: 1, name: "first", sql: "create table thing (seq SEQ, name TEXT not null)" };
const SECOND: Migration = Migration {
    version: 2,
    name: "second",
    sql: "create table pair (
              low BIGINT not null,
              id ID not null,
              body BYTES,
              small SMALLINT,
              primary key (low, id)
          ) CLUSTERED;
          create index pair_id on pair (id);",
};
const BROKEN: Migration =
    Migration { version: 2, name: "broken", sql: "create table kept (seq SEQ); create tablet lost (seq SEQ)" };
const THING_INSERT: &str = "insert into thing (seq, name) values ($1, $2)";
const THING_LIST: &str = "select name from thing order by name";
const PAIR_INSERT: &str = "insert into pair (low, id, body, small) values ($1, $2, $3, $4)";
const PAIR_LIST: &str = "select low, id, body, small from pair";
const KEPT_LIST: &str = "select seq from kept";

#[tokio::test(flavor = "multi_thread")]
async fn migrating_a_store_keeps_its_rows() {
    for_each_engine(async |store| {
        let db = store.open().await;
        assert_eq!(db.migrate(&[FIRST]).await.unwrap(), 1);
        let tx = db.begin().await.unwrap();
        for (seq, name) in [(1, "b"), (2, "B"), (3, "a"), (4, "é"), (5, "_")] {
            tx.execute(THING_INSERT, &[Value::Int(seq), Value::Text(name)]).await.unwrap();
        }
        tx.commit().await.unwrap();
        assert_eq!(db.migrate(&[FIRST, SECOND]).await.unwrap(), 1);
        assert_eq!(store.open().await.migrate(&[FIRST, SECOND]).await.unwrap(), 0);
        let rows = db.read().await.unwrap().query(THING_LIST, &[]).await.unwrap();
        let names: Vec<&str> = rows.iter().map(|row| row.text(0).unwrap()).collect();
        assert_eq!(names, ["B", "_", "a", "b", "é"], "text sorts by its bytes");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn migration_keywords_become_types_that_fit_their_values() {
    for_each_engine(async |store| {
        let db = store.open().await;
        db.migrate(&[FIRST, SECOND]).await.unwrap();
        let tx = db.begin().await.unwrap();
        let pair = [Value::Int(i64::MIN), Value::Bytes(&[7; 16]), Value::Bytes(&[0, 255]), Value::Int(-7)];
        tx.execute(PAIR_INSERT, &pair).await.unwrap();
        tx.commit().await.unwrap();
        let row = &db.read().await.unwrap().query(PAIR_LIST, &[]).await.unwrap()[0];
        assert_eq!((row.int(0).unwrap(), row.int(3).unwrap()), (i64::MIN, -7));
        assert_eq!((row.array::<16>(1).unwrap(), row.bytes(2).unwrap()), ([7; 16], &[0, 255][..]));
        for wrong in [row.text(0).map(drop), row.int(1).map(drop), row.array::<3>(2).map(drop), row.int(9).map(drop)] {
            assert_eq!(wrong.unwrap_err().fault, Fault::Corrupt);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_store_is_refused_and_unchanged() {
    for_each_engine(async |store| {
        let db = store.open().await;
        db.migrate(&[FIRST, SECOND]).await.unwrap();
        let refused = db.migrate(&[FIRST]).await.unwrap_err();
        assert_eq!(refused.fault, Fault::Newer);
        assert!(refused.to_string().contains("version 2"), "{refused}");
        assert_eq!(db.migrate(&[FIRST, SECOND]).await.unwrap(), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_refuses_a_store_of_another_version() {
    for_each_engine(async |store| {
        let empty = store.open().await.check_version(&[FIRST]).await.unwrap_err();
        assert!(empty.fault == Fault::Older && empty.to_string().contains("a store without tables"), "{empty}");
        store.open().await.migrate(&[FIRST]).await.unwrap();
        let reader = store.open_with(platform::db::Access::ReadOnly).await;
        reader.check_version(&[FIRST]).await.unwrap();
        assert_eq!(reader.check_version(&[FIRST, SECOND]).await.unwrap_err().fault, Fault::Older);
        assert_eq!(reader.check_version(&[]).await.unwrap_err().fault, Fault::Newer);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_migration_leaves_nothing() {
    for_each_engine(async |store| {
        let db = store.open().await;
        db.migrate(&[FIRST]).await.unwrap();
        assert_eq!(db.migrate(&[FIRST, BROKEN]).await.unwrap_err().fault, Fault::Statement);
        let kept = db.read().await.unwrap().query(KEPT_LIST, &[]).await;
        assert_eq!(kept.unwrap_err().fault, Fault::Statement, "the first half of a broken migration was kept");
        assert_eq!(db.migrate(&[FIRST, SECOND]).await.unwrap(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_start_together_migrate_once() {
    for_each_engine(async |store| {
        let starts = (0..4).map(|_| async {
            let db = store.open().await;
            db.migrate(&[FIRST, SECOND]).await.unwrap()
        });
        let applied = futures_util::future::join_all(starts).await;
        assert_eq!(applied.iter().sum::<usize>(), 2, "{applied:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_only_owns_its_schema_can_migrate() {
    on_postgres(async |store| {
        let (admin, schema) = (store.postgres_client().await, store.schema());
        admin
            .batch_execute(&format!("create role {schema} login; create schema {schema} authorization {schema}"))
            .await
            .unwrap();
        let admin_config: tokio_postgres::Config = store.url().parse().unwrap();
        let address = format!(
            "host=127.0.0.1 port={} user={schema} dbname={}",
            admin_config.get_ports()[0],
            admin_config.get_dbname().unwrap()
        );
        let db = Db::open(store.target_through(&address), Access::ReadWrite, 1).await.unwrap();
        assert_eq!(db.migrate(&[FIRST]).await.unwrap(), 1);
        admin.batch_execute(&format!("drop owned by {schema} cascade; drop role {schema}")).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handle_knows_its_engine_and_location() {
    for_each_engine(async |store| {
        let db = store.open().await;
        let file = match store.target() {
            Target::Sqlite { file, .. } => Some(file),
            Target::Postgres { .. } => None,
        };
        assert_eq!((db.engine(), db.file()), (store.engine(), file.as_ref()));
        assert_eq!(db.engine() == Engine::Sqlite, file.is_some());
        let (idle, most) = db.connections();
        let reading = db.read().await.unwrap();
        assert_eq!(db.connections(), (idle + 1, most));
        drop(reading);
    })
    .await;
}
