//! The index over metadata: entries missing, extra, or ahead of the log.

use std::time::Duration;

use super::*;

/// A full store with its keys declared, indexed to the end.
async fn indexed(store: &TestStore) -> Db {
    let mut books = Books::open(store).await;
    books.everything().await;
    books.declare("why").await;
    books.pay("world", "bob", "1.00").await;
    books.declare("none").await;
    for _ in 0..400 {
        if books.indexed().await {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    books.close().await;
    store.open().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_differs_from_the_log_is_found() {
    for_each_engine(async |store| {
        let db = indexed(store).await;
        verified(store, None).await.unwrap();
        let first = "(select min(seq) from transaction_metadata)";
        let row = format!("where seq = {first}");
        for (sql, undo, words) in [
            (
                "delete from transaction_metadata where seq = 4".to_owned(),
                "insert into transaction_metadata values (1, 'rent', 4)".to_owned(),
                "table transaction_metadata: entry of key why for row 4: expected present, found missing",
            ),
            (
                format!("update transaction_metadata set term = 'gift' {row}"),
                format!("update transaction_metadata set term = 'rent' {row}"),
                "entry of key why for row 4: expected rent, found gift",
            ),
            (
                "insert into transaction_metadata values (1, 'rent', 5)".to_owned(),
                "delete from transaction_metadata where seq = 5".to_owned(),
                "entry of key why for row 5: expected nothing, found rent",
            ),
            (
                // The opening of an account has metadata too, which is not a transaction's.
                "insert into transaction_metadata values (2, 'Bern', 2)".to_owned(),
                "delete from transaction_metadata where seq = 2".to_owned(),
                "entry of key none for row 2: expected nothing, found Bern",
            ),
            (
                "insert into transaction_metadata values (7, 'rent', 4)".to_owned(),
                "delete from transaction_metadata where key = 7".to_owned(),
                "entry for row 4: expected one of a declared key, found key 7",
            ),
            (
                "update metadata_key set indexed_to_seq = indexed_to_seq + 1 where no = 2".to_owned(),
                "update metadata_key set indexed_to_seq = indexed_to_seq - 1 where no = 2".to_owned(),
                "table metadata_key: indexed_to_seq of none: expected at most",
            ),
            (
                "update metadata_key set indexed_to_seq = 3 where no = 1".to_owned(),
                "update metadata_key set indexed_to_seq = (select max(seq) from log) where no = 1".to_owned(),
                "entry of key why: expected none after 3, found 4",
            ),
            (
                "delete from metadata where seq = 4".to_owned(),
                "delete from transaction_metadata where seq = 4".to_owned(),
                "entry of key why for row 4: expected nothing, found rent",
            ),
        ] {
            change(&db, &sql).await;
            let said = complaint(store).await;
            assert!(said.contains(words), "{sql}\n said: {said}");
            change(&db, &undo).await;
            verified(store, None).await.unwrap();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_about_the_index_can_be_prepared() {
    for_each_engine(async |store| {
        let db = store.open().await;
        db.migrate(crate::store::sql::MIGRATIONS).await.unwrap();
        let tx = db.read().await.unwrap();
        for sql in crate::verify::search::STATEMENTS {
            tx.prepare(sql).await.unwrap();
        }
    })
    .await;
}
