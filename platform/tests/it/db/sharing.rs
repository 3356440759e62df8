//! Several handles on one store, as several processes have.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use platform::db::{Access, Db, DbError, Engine, Fault, Migration, Tx, Value};
use testkit::{TestStore, for_each_engine, on_sqlite};

const TABLE: Migration = Migration {
    version: 1,
    name: "counter",
    sql: "create table counter (id BIGINT primary key, n BIGINT not null); insert into counter values (1, 0), (2, 0)",
};
const ADD: &str = "update counter set n = n + 1 where id = $1";
const READ: &str = "select n from counter where id = $1";

async fn opened(store: &TestStore) -> Db {
    let db = store.open().await;
    db.migrate(&[TABLE]).await.unwrap();
    db
}

async fn add_one(tx: &Tx) -> Result<u64, DbError> {
    tx.execute(ADD, &[Value::Int(1)]).await
}

async fn busy_until(last: u32, tries: Arc<AtomicU32>, tx: &Tx) -> Result<(), DbError> {
    add_one(tx).await?;
    match tries.fetch_add(1, Ordering::SeqCst) {
        tried if tried < last => Err(DbError::new("be busy", Fault::Retry)),
        _ => Ok(()),
    }
}

async fn value(db: &Db) -> i64 {
    db.read().await.unwrap().query(READ, &[Value::Int(1)]).await.unwrap()[0].int(0).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_writers_lose_no_update() {
    for_each_engine(async |store| {
        let handles = [opened(store).await, opened(store).await];
        let writers = (0..10).map(|writer| {
            let db = handles[writer % 2].clone();
            tokio::spawn(async move {
                for _ in 0..10 {
                    db.write(|tx| Box::pin(add_one(tx))).await.unwrap();
                }
            })
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap();
        }
        assert_eq!(value(&handles[0]).await, 100);
    })
    .await;
}

/// Longer than the engine's own wait.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_is_retried_while_another_process_holds_the_file() {
    on_sqlite(async |store| {
        let (mine, other) = (opened(store).await, opened(store).await);
        let held = other.begin().await.unwrap();
        add_one(&held).await.unwrap();
        let busy = mine.begin().await.map(drop).unwrap_err();
        assert_eq!(busy.fault, Fault::Retry);
        let release = async {
            tokio::time::sleep(Duration::from_millis(5_500)).await;
            held.commit().await.unwrap();
        };
        let mine_again = mine.clone();
        let write = tokio::spawn(async move { mine_again.write(|tx| Box::pin(add_one(tx))).await });
        let (written, ()) = futures_util::future::join(write, release).await;
        written.unwrap().unwrap();
        assert_eq!(value(&mine).await, 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn write_retries_are_bounded_and_a_write_happens_once() {
    for_each_engine(async |store| {
        let db = opened(store).await;
        let tries = Arc::new(AtomicU32::new(0));
        let (twice, always) = (Arc::clone(&tries), Arc::clone(&tries));
        db.write(move |tx| Box::pin(busy_until(2, Arc::clone(&twice), tx))).await.unwrap();
        assert_eq!((tries.swap(0, Ordering::SeqCst), value(&db).await), (3, 1));
        let error = db.write(move |tx| Box::pin(busy_until(u32::MAX, Arc::clone(&always), tx))).await.unwrap_err();
        let error = platform::db::DbError::from(error);
        assert_eq!((error.fault, tries.load(Ordering::SeqCst), value(&db).await), (Fault::Retry, 6, 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_handle_cannot_write() {
    for_each_engine(async |store| {
        let writer = opened(store).await;
        let reader = store.open_with(Access::ReadOnly).await;
        writer.write(|tx| Box::pin(add_one(tx))).await.unwrap();
        assert_eq!(value(&reader).await, 1, "it reads a live store");
        let refused = match reader.begin().await {
            Ok(tx) => add_one(&tx).await.map(drop),
            Err(error) => Err(error),
        };
        assert_eq!(refused.unwrap_err().fault, Fault::ReadOnly);
        assert_eq!(value(&writer).await, 1);
    })
    .await;
}

/// The next one waits until the last one has ended, also in another process.
#[tokio::test(flavor = "multi_thread")]
async fn exclusive_transactions_do_not_overlap() {
    for_each_engine(async |store| {
        let (first, second) = (opened(store).await, opened(store).await);
        let held = first.begin_alone().await.unwrap();
        let next = tokio::spawn(async move {
            let tx = second.begin_alone().await.unwrap();
            add_one(&tx).await.unwrap();
            tx.commit().await.unwrap();
        });
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(!next.is_finished());
        drop(held);
        next.await.unwrap();
        assert_eq!(value(&first).await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_reports_that_a_reader_blocks_it() {
    for_each_engine(async |store| {
        let db = opened(store).await;
        let reader = db.read().await.unwrap();
        reader.query(READ, &[Value::Int(1)]).await.unwrap();
        db.write(|tx| Box::pin(add_one(tx))).await.unwrap();
        let outcome = db.checkpoint().await.map_err(|error| error.fault);
        let expected = if db.engine() == Engine::Sqlite { Err(Fault::Retry) } else { Ok(()) };
        assert_eq!(outcome, expected);
        drop(reader);
        db.checkpoint().await.unwrap();
        db.forget_connections();
        assert_eq!(value(&db).await, 1);
    })
    .await;
}
