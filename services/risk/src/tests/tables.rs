use testkit::for_each_engine;

use crate::ROOM;
use crate::store::{all_sets, all_sql};

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_is_known_to_both_engines() {
    for_each_engine(async |store| {
        let db = store.open().await;
        platform::room::migrate(&ROOM, &db).await.unwrap();
        let tx = db.read().await.unwrap();
        for sql in all_sql() {
            tx.prepare(sql).await.unwrap_or_else(|error| panic!("{sql}: {error} {:?}", error.source));
        }
        for set in all_sets() {
            tx.prepare_set(set).await.unwrap();
        }
    })
    .await;
}
