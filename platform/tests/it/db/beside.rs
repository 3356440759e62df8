//! Further stores of a service, found by name on both engines.

use platform::db::{Access, Db, Migration, Target};
use testkit::for_each_engine;

const TABLE: Migration = Migration { version: 1, name: "note", sql: "create table note (n SEQ)" };

async fn made(target: Target) {
    Db::open(target, Access::ReadWrite, 1).await.unwrap().migrate(&[TABLE]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn further_stores_are_found_by_name() {
    for_each_engine(async |store| {
        let main = store.target();
        assert!(!main.beside("acme-uk").exists().await.unwrap());
        made(main.clone()).await;
        assert_eq!(main.names_beside().await.unwrap(), Vec::<String>::new());
        for name in ["beta", "acme-uk"] {
            made(main.beside(name)).await;
            assert!(main.beside(name).exists().await.unwrap());
        }
        assert!(main.exists().await.unwrap() && !main.beside("acme").exists().await.unwrap());
        assert_eq!(main.names_beside().await.unwrap(), ["acme-uk", "beta"]);
    })
    .await;
}
