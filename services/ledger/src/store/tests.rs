//! Both engines accept every statement of the store.
#![allow(clippy::unwrap_used)]

use testkit::for_each_engine;

use super::sql;

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_can_be_prepared() {
    for_each_engine(async |store| {
        let db = store.open().await;
        db.migrate(sql::MIGRATIONS).await.unwrap();
        let tx = db.read().await.unwrap();
        for statement in sql::STATEMENTS {
            tx.prepare(statement).await.unwrap();
        }
        for set in sql::ROW_SETS {
            tx.prepare_set(set).await.unwrap();
        }
    })
    .await;
}

/// A statement that is missing from the list would not be prepared by the test above.
#[test]
fn every_statement_and_row_set_is_on_its_list() {
    let text = include_str!("sql.rs");
    assert_eq!(text.matches(": &str = \"").count(), sql::STATEMENTS.len());
    assert_eq!(text.matches("RowSet::new(").count() + text.matches("RowSet::adding(").count(), sql::ROW_SETS.len());
}
