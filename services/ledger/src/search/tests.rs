//! Both engines accept every statement of the search.

use testkit::for_each_engine;

use super::{TERM_BYTES_MAX, sql, term};

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_can_be_prepared() {
    for_each_engine(async |store| {
        let db = store.open().await;
        db.migrate(crate::store::sql::MIGRATIONS).await.unwrap();
        let tx = db.read().await.unwrap();
        for statement in sql::STATEMENTS {
            tx.prepare(statement).await.unwrap();
        }
        for set in sql::ROW_SETS {
            tx.prepare_set(set).await.unwrap();
        }
    })
    .await;
    let text = include_str!("sql.rs");
    assert_eq!(text.matches(": &str = \"").count(), sql::STATEMENTS.len());
    assert_eq!(text.matches("RowSet::new(").count(), sql::ROW_SETS.len());
}

#[test]
fn a_long_value_has_a_short_term() {
    assert_eq!(term("4711"), "4711");
    let (long, longer) = ("x".repeat(TERM_BYTES_MAX), "x".repeat(TERM_BYTES_MAX + 1));
    assert_eq!(term(&long), long);
    assert!(term(&longer).starts_with("sha256:") && term(&longer).len() < 80);
}
