//! Every way a store can fail has its own fault, the same on both engines.

use platform::db::{Access, Db, Engine, Fault, Migration, Target, Tx, Value};
use testkit::{TestStore, for_each_engine, free_port, on_postgres, on_sqlite};

const TABLE: Migration = Migration {
    version: 1,
    name: "pair",
    sql: "create table pair (id BIGINT primary key, small SMALLINT not null unique, body TEXT);
          insert into pair (id, small) values (1, 1), (2, 2)",
};
const INSERT: &str = "insert into pair (id, small, body) values ($1, $2, $3)";
const UPDATE: &str = "update pair set body = 'x' where id = $1";
const MISSING: &str = "select nothing from nowhere";

async fn opened(store: &TestStore) -> Db {
    let db = store.open().await;
    db.migrate(&[TABLE]).await.unwrap();
    db
}

async fn insert(tx: &Tx, id: i64, small: i64, body: &str) -> Result<(), Fault> {
    let values = [Value::Int(id), Value::Int(small), Value::Text(body)];
    tx.execute(INSERT, &values).await.map(drop).map_err(|error| error.fault)
}

#[tokio::test(flavor = "multi_thread")]
async fn constraints_and_bad_statements_have_their_own_faults() {
    for_each_engine(async |store| {
        let db = opened(store).await;
        assert_eq!(insert(&db.begin().await.unwrap(), 1, 9, "").await, Err(Fault::Constraint));
        let error = db.begin().await.unwrap().query(MISSING, &[]).await.unwrap_err();
        assert_eq!(error.fault, Fault::Statement);
        assert!(error.to_string().starts_with(MISSING), "an error says what was attempted: {error}");
        assert!(std::error::Error::source(&error).is_some());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_does_not_fit_is_a_statement_fault() {
    on_postgres(async |store| {
        let db = opened(store).await;
        let tx = db.begin().await.unwrap();
        assert_eq!(insert(&tx, 3, 70_000, "").await, Err(Fault::Statement), "refused before it is sent");
        assert_eq!(insert(&db.begin().await.unwrap(), 3, 3, "nul \0").await, Err(Fault::Statement));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_store_is_unreachable() {
    for_each_engine(async |store| {
        let target = match store.target() {
            Target::Sqlite { file, cache_mb } => Target::Sqlite { file: file.join("no/such/dir"), cache_mb },
            Target::Postgres { schema, .. } => {
                Target::Postgres { url: format!("postgres://postgres@127.0.0.1:{}/x", free_port()), schema }
            }
        };
        let error = Db::open(target, Access::ReadWrite, 1).await.unwrap_err();
        assert_eq!(error.fault, Fault::Unreachable);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_not_a_store_is_corrupt() {
    on_sqlite(async |store| {
        let Target::Sqlite { file, .. } = store.target() else { unreachable!() };
        std::fs::write(&file, "this is a letter to a friend, not a database\n".repeat(100)).unwrap();
        let error = Db::open(store.target(), Access::ReadWrite, 1).await.unwrap_err();
        assert_eq!(error.fault, Fault::Corrupt);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_store_works_again_when_there_is_space() {
    on_sqlite(async |store| {
        let db = opened(store).await;
        let tx = db.begin().await.unwrap();
        tx.batch("pragma max_page_count = 1").await.unwrap();
        assert_eq!(insert(&tx, 3, 3, &"x".repeat(100_000)).await, Err(Fault::Full));
        drop(tx);
        let tx = db.begin().await.unwrap();
        tx.batch("pragma max_page_count = 1000000").await.unwrap();
        insert(&tx, 3, 3, &"x".repeat(100_000)).await.unwrap();
        tx.commit().await.unwrap();
    })
    .await;
}

/// Each holds what the other needs; the server ends one of the two, which may retry.
#[tokio::test(flavor = "multi_thread")]
async fn a_deadlock_can_be_retried() {
    on_postgres(async |store| {
        let db = opened(store).await;
        let (first, second) = (db.begin().await.unwrap(), db.begin().await.unwrap());
        first.execute(UPDATE, &[Value::Int(1)]).await.unwrap();
        second.execute(UPDATE, &[Value::Int(2)]).await.unwrap();
        let (two, one) = ([Value::Int(2)], [Value::Int(1)]);
        let crossed = futures_util::future::join(
            async {
                let outcome = first.execute(UPDATE, &two).await;
                drop(first);
                outcome
            },
            async {
                let outcome = second.execute(UPDATE, &one).await;
                drop(second);
                outcome
            },
        );
        let (left, right) = crossed.await;
        let faults: Vec<Fault> = [left, right].into_iter().filter_map(Result::err).map(|error| error.fault).collect();
        assert_eq!(faults, [Fault::Retry]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_ended_by_the_server_is_lost_and_replaced() {
    on_postgres(async |store| {
        let db = opened(store).await;
        let tx = db.begin().await.unwrap();
        store.postgres_terminate().await;
        assert_eq!(insert(&tx, 3, 3, "").await, Err(Fault::ConnectionLost));
        assert_eq!(tx.commit().await.unwrap_err().0.fault, Fault::Statement, "a commit that was never sent");
        let tx = db.begin().await.unwrap();
        insert(&tx, 3, 3, "").await.unwrap();
        store.postgres_terminate().await;
        assert_eq!(tx.commit().await.unwrap_err().0.fault, Fault::ConnectionLost);
        insert(&db.begin().await.unwrap(), 3, 3, "").await.unwrap();
    })
    .await;
}

/// Faults by SQLSTATE, as in the server's manual.
#[tokio::test(flavor = "multi_thread")]
async fn postgres_error_codes_map_to_faults() {
    on_postgres(async |store| {
        let db = opened(store).await;
        assert_eq!(db.engine(), Engine::Postgres);
        for (code, fault) in [
            ("40001", Fault::Retry),
            ("40P01", Fault::Retry),
            ("55P03", Fault::Retry),
            ("23505", Fault::Constraint),
            ("53100", Fault::Full),
            ("58030", Fault::Io),
            ("25006", Fault::ReadOnly),
            ("42501", Fault::ReadOnly),
            ("57P01", Fault::ConnectionLost),
            ("25P03", Fault::ConnectionLost),
            ("08006", Fault::ConnectionLost),
            ("53300", Fault::Unreachable),
            ("3D000", Fault::Unreachable),
            ("XX001", Fault::Corrupt),
            ("42P01", Fault::Statement),
        ] {
            let sql = format!("do $$ begin raise exception using errcode = '{code}'; end $$");
            let error = db.begin().await.unwrap().batch(&sql).await.unwrap_err();
            assert_eq!(error.fault, fault, "{code}");
        }
    })
    .await;
}
