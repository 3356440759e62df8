//! Both engines understand every question about the past.

use testkit::for_each_engine;

use super::sql;
use crate::store::sql::MIGRATIONS;

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_can_be_prepared() {
    for_each_engine(async |store| {
        let db = store.open().await;
        db.migrate(MIGRATIONS).await.unwrap();
        let tx = db.read().await.unwrap();
        for statement in sql::STATEMENTS {
            tx.prepare(statement).await.unwrap_or_else(|error| panic!("{statement}: {error} {:?}", error.source));
        }
    })
    .await;
}

#[test]
fn every_statement_is_on_its_list() {
    assert_eq!(include_str!("sql.rs").matches(": &str = \"").count(), sql::STATEMENTS.len());
}
