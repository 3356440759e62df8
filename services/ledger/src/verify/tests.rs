//! Clean stores verify; any change made around the ledger is found and named.

mod books;
mod corruptions;
mod rules;
mod schedule;
mod search;

use platform::db::{Access, Db, Value};
use testkit::{TestStore, for_each_engine, on_sqlite};

use super::{Report, VerifyError, verify};
use books::Books;

async fn verified(store: &TestStore, against: Option<crate::Head>) -> Result<Report, VerifyError> {
    verify(&store.open_with(Access::ReadOnly).await, &ledger_api::BookName::main(), against, |_| ()).await
}

/// The error of a store that is not clean.
async fn complaint(store: &TestStore) -> String {
    let error = verified(store, None).await.expect_err("a store that was changed is found clean");
    assert!(error.is_disagreement(), "{error}");
    error.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_with_everything_in_it_is_clean() {
    for_each_engine(async |store| {
        let mut books = Books::open(store).await;
        books.everything().await;
        // The store is live: its service still runs.
        let mut seen = Vec::new();
        let db = store.open_with(Access::ReadOnly).await;
        let report = verify(&db, &ledger_api::BookName::main(), None, |progress| seen.push(progress)).await.unwrap();
        assert_eq!(report.head.to_string(), books.head().await);
        assert_eq!(seen.last().map(|progress| (progress.rows, progress.rows_in_all)), Some((report.rows, report.rows)));
        assert_eq!((report.accounts, report.refusals, report.open_holds, report.overrides), (8, 4, 2, 2));
        assert_eq!(report.scheduled, 1);
        assert!(report.transactions > 12 && report.metadata_erased == 0, "{report:?}");
        let closed = books.close().await;
        let again = verified(store, Some(closed.parse().unwrap())).await.unwrap();
        assert_eq!(again, report);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_store_is_clean_and_one_without_tables_is_refused() {
    for_each_engine(async |store| {
        let db = store.open().await;
        db.migrate(&[]).await.unwrap();
        let error = verified(store, None).await.unwrap_err();
        assert!(!error.is_disagreement() && error.to_string().contains("`florin migrate`"), "{error}");
        let books = Books::open(store).await;
        let report = verified(store, Some(books.head().await.parse().unwrap())).await.unwrap();
        assert_eq!((report.rows, report.groups, report.accounts), (0, 0, 0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_stays_whole_while_the_ledger_writes() {
    for_each_engine(async |store| {
        let mut books = Books::open(store).await;
        books.everything().await;
        let before = books.head().await;
        let writer = async {
            for _ in 0..40 {
                books.pay("bob", "ann", "0.01").await;
            }
        };
        let reader = async {
            for _ in 0..10 {
                verified(store, Some(before.parse().unwrap())).await.unwrap();
            }
        };
        tokio::join!(writer, reader);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn erased_metadata_leaves_the_books_clean() {
    for_each_engine(async |store| {
        let mut books = Books::open(store).await;
        books.everything().await;
        books.close().await;
        let db = store.open().await;
        change(&db, "delete from metadata").await;
        let said = complaint(store).await;
        assert!(said.starts_with("table account_metadata: metadata of account users:"), "{said}");
        change(&db, "delete from account_metadata").await;
        assert!(verified(store, None).await.unwrap().metadata_erased > 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_truncated_log_is_only_found_by_an_earlier_head() {
    on_sqlite(async |store| {
        let mut books = Books::open(store).await;
        books.pay("world", "ann", "5.00").await;
        let shorter = store.dir().join("store.db");
        let saved = store.dir().join("saved.db");
        books.close().await;
        std::fs::copy(&shorter, &saved).unwrap();
        let mut books = Books::open(store).await;
        books.pay("world", "ann", "6.00").await;
        let head = books.close().await;
        drop(books);
        std::fs::copy(&saved, &shorter).unwrap();
        let _ = std::fs::remove_file(store.dir().join("store.db-wal"));
        let _ = std::fs::remove_file(store.dir().join("store.db-shm"));
        verified(store, None).await.unwrap();
        let error = verified(store, Some(head.parse().unwrap())).await.unwrap_err();
        assert!(error.is_disagreement() && error.to_string().starts_with("the log was cut"), "{error}");
    })
    .await;
}

/// Two histories of the same length, each without a fault: only an earlier head distinguishes them.
#[tokio::test(flavor = "multi_thread")]
async fn a_rewritten_history_is_only_found_by_an_earlier_head() {
    on_sqlite(async |store| {
        let mut books = Books::open(store).await;
        books.pay("world", "ann", "5.00").await;
        let kept = books.head().await;
        books.pay("world", "ann", "7.00").await;
        books.close().await;
        rewrite(&store.open().await).await;
        verified(store, None).await.unwrap();
        let error = verified(store, Some(kept.parse().unwrap())).await.unwrap_err();
        assert!(error.is_disagreement() && error.to_string().starts_with("the log was rewritten: group"), "{error}");
    })
    .await;
}

/// Moves the record time of every group and recomputes all hashes.
async fn rewrite(db: &Db) {
    use crate::format::{GroupStamp, RowsHash, genesis, group_hash};
    let tx = db.begin().await.unwrap();
    let groups =
        tx.query("select number, at, first_seq, last_seq from commit_group order by number", &[]).await.unwrap();
    let mut hash = genesis(&ledger_api::BookName::main());
    for group in &groups {
        let [number, at, first_seq, last_seq] = [0, 1, 2, 3].map(|column| group.int(column).unwrap());
        let at = if number == 1 { at } else { at + 1 };
        let stamp = GroupStamp { number: number as u64, at, first_seq: first_seq as u64, last_seq: last_seq as u64 };
        let mut rows = RowsHash::new();
        for row in tx
            .query(
                "select body from log where seq >= $1 and seq <= $2 order by seq",
                &[Value::Int(first_seq), Value::Int(last_seq)],
            )
            .await
            .unwrap()
        {
            rows.row(row.bytes(0).unwrap());
        }
        hash = group_hash(&hash, stamp, &rows.finish());
        tx.execute(
            "update account set opened_at = $2 where opened_seq >= $1 and opened_seq <= $3",
            &[Value::Int(first_seq), Value::Int(at), Value::Int(last_seq)],
        )
        .await
        .unwrap();
        tx.execute(
            "update commit_group set at = $2, hash = $3 where number = $1",
            &[Value::Int(number), Value::Int(at), Value::Bytes(&hash)],
        )
        .await
        .unwrap();
    }
    tx.commit().await.unwrap();
}

async fn change(db: &Db, sql: &str) {
    let tx = db.begin().await.unwrap();
    tx.batch(sql).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_can_be_prepared() {
    for_each_engine(async |store| {
        let _books = Books::open(store).await;
        let tx = store.open().await.read().await.unwrap();
        for set in crate::store::sql::ROW_SETS {
            tx.batch(&format!("select count(*) from {}", set.table)).await.unwrap();
        }
        for sql in super::sql::STATEMENTS {
            assert!(!crate::store::sql::STATEMENTS.contains(&sql), "twice: {sql}");
            let text = sql.contains("reference >") || sql.contains("code >");
            let first = if text {
                Value::Text("")
            } else if sql.contains("id >") {
                Value::Bytes(&[])
            } else {
                Value::Int(1)
            };
            let params = [first, Value::Int(1), Value::Int(1), Value::Int(1)];
            let wanted = ["$1", "$2", "$3", "$4"].iter().filter(|name| sql.contains(**name)).count();
            tx.query(sql, &params[..wanted]).await.unwrap_or_else(|error| panic!("{sql}: {error} {:?}", error.source));
        }
    })
    .await;
}
