//! A hanging store blocks nobody: a call ends at its deadline and says what may have happened.

use std::sync::Arc;

use kernel::{Clock, Ctx, Deadline, Principal, SystemClock};
use platform::db::{Access, Db, Fault, Migration, Tx};
use platform::deadline::in_time;
use platform::error::Failure;
use testkit::{Fault as LineFault, FaultProxy, TestStore, Toxic, for_each_engine, on_postgres, on_sqlite};

const TABLE: Migration = Migration {
    version: 1,
    name: "counter",
    sql: "create table counter (one SMALLINT primary key, count BIGINT not null); insert into counter (one, count) values (1, 0)",
};
const COUNT_UP: &str = "update counter set count = count + 1 where one = 1";
const COUNT: &str = "select count from counter";
/// Some minutes of work for either engine.
const ENDLESS: &str =
    "with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < 1000000000)
    select count(*) from numbers";

const WAIT_MS: u64 = 500;

fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

fn ctx(millis: u64) -> Ctx {
    let deadline = Deadline::after_millis(&SystemClock, millis);
    Ctx { principal: Principal::operator(), deadline, request_id: "req-1".into(), idempotency_key: None }
}

/// The error of a service without refusals.
type Said = Failure;

async fn opened(store: &TestStore) -> Db {
    let db = store.open().await;
    db.migrate(&[TABLE]).await.unwrap();
    db
}

async fn count_up(db: &Db) -> Result<(), Said> {
    let tx = db.begin().await?;
    tx.execute(COUNT_UP, &[]).await?;
    Ok(tx.commit().await?)
}

async fn count(db: &Db) -> Result<i64, Said> {
    Ok(db.read().await?.query(COUNT, &[]).await?[0].int(0)?)
}

/// The error of a half-second call, checked to come at its deadline.
async fn word<T: std::fmt::Debug>(work: impl Future<Output = Result<T, Said>>) -> Failure {
    let start = SystemClock.monotonic();
    let said = in_time(&ctx(WAIT_MS), &clock(), work).await.expect_err("no answer can come");
    let ms = SystemClock.monotonic().micros_since(start) / 1_000;
    assert!((WAIT_MS - 60..WAIT_MS + 300).contains(&ms), "{said} after {ms} ms");
    said
}

async fn locked(db: &Db) -> Tx {
    let tx = db.begin().await.unwrap();
    tx.execute(COUNT_UP, &[]).await.unwrap();
    tx
}

#[tokio::test(flavor = "multi_thread")]
async fn another_processs_lock_is_waited_for_until_the_deadline() {
    for_each_engine(async |store| {
        let (db, other) = (opened(store).await, store.open().await);
        let held = locked(&other).await;
        assert_eq!(word(count_up(&db)).await, Failure::DeadlineExceeded);
        assert_eq!(count(&db).await, Ok(0), "readers continue");
        drop(held);
        // What was begun is over in the store too at the deadline, and the connection has its usual limits again.
        assert_eq!(in_time(&ctx(5_000), &clock(), count_up(&db)).await, Ok(()));
        assert_eq!(count(&db).await, Ok(1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_local_writer_is_waited_for_until_the_deadline() {
    on_sqlite(async |store| {
        let db = opened(store).await;
        let held = locked(&db).await;
        assert_eq!(word(count_up(&db)).await, Failure::DeadlineExceeded);
        drop(held);
        assert_eq!(count_up(&db).await, Ok(()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_call_blocks_no_other_task() {
    on_sqlite(async |store| {
        let other = opened(store).await;
        let held = locked(&other).await;
        // As many as the runtime has threads, and more, each on its own connection.
        let mut blocked = Vec::new();
        for _ in 0..8 {
            let db = store.open().await;
            blocked.push(tokio::spawn(async move { word(count_up(&db)).await }));
        }
        let start = SystemClock.monotonic();
        for _ in 0..10 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            tokio::spawn(async {}).await.unwrap();
        }
        let ms = SystemClock.monotonic().micros_since(start) / 1_000;
        assert!(ms < WAIT_MS - 100, "ten naps of 10 ms took {ms} ms");
        for blocked in blocked {
            assert_eq!(blocked.await.unwrap(), Failure::DeadlineExceeded);
        }
        drop(held);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_statement_ends_at_the_deadline() {
    for_each_engine(async |store| {
        let db = opened(store).await;
        let endless = async { Ok(db.read().await?.query(ENDLESS, &[]).await?.len()) };
        assert_eq!(word(endless).await, Failure::DeadlineExceeded);
        assert_eq!(count(&db).await, Ok(0));
        // Outside of a call nothing ends it: the same connection is used without a deadline.
        let tx = db.read().await.unwrap();
        let asking = tokio::time::timeout(std::time::Duration::from_millis(50), async { tx.query(COUNT, &[]).await });
        assert_eq!(asking.await.unwrap().unwrap()[0].int(0).unwrap(), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_after_the_commit_was_sent_is_unknown() {
    on_postgres(async |store| {
        let (proxy, url) = FaultProxy::postgres(store.url()).await;
        let direct = opened(store).await;
        let db = Db::open(store.target_through(&url), Access::ReadWrite, 2).await.unwrap();
        let silence = || proxy.set(&[LineFault::both(Toxic::Timeout)]);
        let before = async {
            let tx = db.begin().await?;
            silence();
            tx.execute(COUNT_UP, &[]).await?;
            Ok(tx.commit().await?)
        };
        assert_eq!(word(before).await, Failure::DeadlineExceeded);
        proxy.clear();
        let after = async {
            let tx = db.begin().await?;
            tx.execute(COUNT_UP, &[]).await?;
            silence();
            Ok(tx.commit().await?)
        };
        assert_eq!(word(after).await, Failure::OutcomeUnknown);
        assert_eq!(word(count(&db)).await, Failure::DeadlineExceeded);
        proxy.clear();
        assert_eq!(in_time(&ctx(5_000), &clock(), count_up(&db)).await, Ok(()));
        // The commit had been sent: it is done, or it is not.
        assert!(matches!(count(&direct).await, Ok(1 | 2)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_second_step_does_not_hide_the_first() {
    for_each_engine(async |store| {
        let (db, other) = (opened(store).await, store.open().await);
        let two_steps = async {
            count_up(&db).await?;
            let _held = locked(&other).await;
            count_up(&db).await
        };
        assert_eq!(word(two_steps).await, Failure::OutcomeUnknown);
        assert_eq!(count(&db).await, Ok(1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_far_away_is_one_like_any_other() {
    for_each_engine(async |store| {
        let db = opened(store).await;
        assert_eq!(in_time(&ctx(100 * 86_400_000), &clock(), count_up(&db)).await, Ok(()));
        assert_eq!(in_time(&ctx(u64::MAX), &clock(), count(&db)).await, Ok(1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn outside_of_a_call_a_store_has_its_usual_limits() {
    on_sqlite(async |store| {
        let (db, other) = (opened(store).await, store.open().await);
        assert_eq!(in_time(&ctx(WAIT_MS), &clock(), count_up(&db)).await, Ok(()));
        let held = locked(&other).await;
        let start = SystemClock.monotonic();
        let error = db.begin().await.unwrap_err();
        assert_eq!(error.fault, Fault::Retry);
        assert!(SystemClock.monotonic().micros_since(start) > 4_000_000);
        drop(held);
    })
    .await;
}
