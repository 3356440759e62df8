//! A PostgreSQL connection on which nothing gets through any more: nobody waits longer than the named limits.

use std::time::Duration;

use kernel::{Clock, SystemClock};
use platform::db::{Access, Db, DbError, Fault};
use testkit::{Fault as LineFault, FaultProxy, Toxic, on_postgres};

const SHOW: &str = "select string_agg(name || '=' || setting || unit, ' ' order by name) from pg_settings
    where name in ('idle_in_transaction_session_timeout', 'tcp_keepalives_idle', 'tcp_user_timeout')";

async fn seconds<T>(work: impl Future<Output = T>) -> (T, u64) {
    let start = SystemClock.monotonic();
    let value = tokio::time::timeout(Duration::from_secs(25), work).await.expect("it hangs");
    (value, SystemClock.monotonic().micros_since(start) / 1_000_000)
}

fn said(error: DbError) -> (String, Fault) {
    (error.attempted, error.fault)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_accepts_but_never_answers_is_unreachable() {
    on_postgres(async |store| {
        let (proxy, url) = FaultProxy::postgres(store.url()).await;
        // A pool of one, whose connection is in a transaction that is abandoned.
        let db = Db::open(store.target_through(&url), Access::ReadOnly, 1).await.unwrap();
        let held = db.read().await.unwrap();
        proxy.set(&[LineFault::both(Toxic::Timeout)]);
        drop(held);
        let opening = seconds(Db::open(store.target_through(&url), Access::ReadWrite, 1));
        let (opened, asked) = tokio::join!(opening, seconds(db.read()));
        let unreachable = ("connect to PostgreSQL".to_owned(), Fault::Unreachable);
        assert_eq!(said(opened.0.unwrap_err()), unreachable);
        assert!(opened.1 < 6, "{} s", opened.1);
        // The silent connection was closed and its slot free before that.
        assert_eq!(said(asked.0.unwrap_err()), unreachable);
        assert!(asked.1 < 9, "{} s", asked.1);
        proxy.clear();
        db.read().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_writer_does_not_block_the_others() {
    on_postgres(async |store| {
        let (proxy, url) = FaultProxy::postgres(store.url()).await;
        let silent = Db::open(store.target_through(&url), Access::ReadWrite, 2).await.unwrap();
        let direct = store.open().await;
        let schema = format!("create schema if not exists {}", store.schema());
        store.postgres_client().await.batch_execute(&schema).await.unwrap();
        let lost = silent.begin_alone().await.unwrap();
        proxy.set(&[LineFault::both(Toxic::Timeout)]);
        let (begun, took) = seconds(direct.begin_alone()).await;
        begun.unwrap().commit().await.unwrap();
        assert!(took < 6, "{took} s");
        proxy.clear();
        assert_eq!(lost.commit().await.unwrap_err().0.fault, Fault::ConnectionLost);
        silent.begin_alone().await.unwrap().commit().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_ends_silent_writers_but_not_slow_readers() {
    on_postgres(async |store| {
        let db = store.open().await;
        for (tx, idle) in [(db.read().await.unwrap(), 0), (db.begin().await.unwrap(), 3_000)] {
            let rows = tx.query(SHOW, &[]).await.unwrap();
            let wanted =
                format!("idle_in_transaction_session_timeout={idle}ms tcp_keepalives_idle=5s tcp_user_timeout=10000ms");
            assert_eq!(rows[0].text(0).unwrap(), wanted);
        }
    })
    .await;
}
