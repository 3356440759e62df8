//! Both engines accept every statement of the register.

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
    })
    .await;
}

#[test]
fn every_statement_is_on_its_list() {
    assert_eq!(include_str!("sql.rs").matches(": &str = \"").count(), sql::STATEMENTS.len());
}
