//! Both engines understand every statement of exports and imports.

use testkit::for_each_engine;

use super::sql;

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
}
