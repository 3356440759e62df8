//! Crashes between a book's row and its store, and lost stores.

use std::sync::Arc;

use ledger_api::{Books, LedgerError};
use platform::error::Failure;
use testkit::{FakeClock, for_each_engine};

use super::{Broken, Shelf, beside, name};
use crate::service::harness::pay;

#[tokio::test(flavor = "multi_thread")]
async fn a_book_with_a_row_and_no_store_gets_one_on_use() {
    for_each_engine(async |store| {
        let shelf = Shelf::open_at(Arc::new(Broken(beside(store))), FakeClock::default()).await;
        assert_eq!(shelf.create("acme").await.unwrap_err(), LedgerError::Failed(Failure::Internal));
        assert_eq!(shelf.books.book(&name("acme")).await.err(), Some(LedgerError::Failed(Failure::Internal)));
        // It delays nobody else.
        shelf.people("main").await;
        shelf.close().await;
        assert!(!beside(store).target(&name("acme")).exists().await.unwrap());

        let shelf = Shelf::open_at(Arc::new(beside(store)), shelf.clock).await;
        assert!(shelf.create("acme").await.unwrap().replayed);
        shelf.people("acme").await;
        shelf.run("acme", pay(1, "bank", "ann", 3)).await.unwrap();
        assert_eq!(shelf.close().await.len(), 2);
    })
    .await;
}

/// A store that could not be opened is retried, without a new start.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_store_is_an_error_and_not_an_empty_book() {
    for_each_engine(async |store| {
        let shelf = Shelf::open(store).await;
        shelf.create("acme").await.unwrap();
        shelf.people("acme").await;
        shelf.run("acme", pay(1, "bank", "ann", 3)).await.unwrap();
        shelf.close().await;
        let target = beside(store).target(&name("acme"));
        let back = hide(store, &target).await;
        let shelf = Shelf::open_at(Arc::new(beside(store)), shelf.clock).await;
        assert_eq!(shelf.books.book(&name("acme")).await.err(), Some(LedgerError::Failed(Failure::Internal)));
        assert_eq!(shelf.create("acme").await.unwrap_err(), LedgerError::Failed(Failure::Internal));
        assert!(!target.exists().await.unwrap(), "nothing replaces a lost store");
        let (statuses, all) = shelf.books.statuses(&shelf.ctx, 10).await.unwrap();
        assert_eq!((all, statuses[&name("acme")].is_none(), statuses[&name("main")].is_some()), (2, true, true));
        back.await;
        assert_eq!(shelf.posted("acme", "ann").await, 3);
        shelf.close().await;
    })
    .await;
}

/// Removes a store; dropping the guard puts it back.
async fn hide(store: &testkit::TestStore, target: &platform::db::Target) -> impl Future<Output = ()> {
    use platform::db::Target;
    let (away, back) = match target {
        Target::Sqlite { file, .. } => {
            let hidden = file.with_extension("hidden");
            (None, Ok((hidden.clone(), file.clone(), std::fs::rename(file, hidden).unwrap())))
        }
        Target::Postgres { schema, .. } => {
            let away = format!("alter schema {schema} rename to hidden_{schema}");
            (Some(away), Err(format!("alter schema hidden_{schema} rename to {schema}")))
        }
    };
    let client = if away.is_some() { Some(store.postgres_client().await) } else { None };
    if let (Some(client), Some(away)) = (&client, &away) {
        client.batch_execute(away).await.unwrap();
    }
    async move {
        match back {
            Ok((hidden, file, ())) => std::fs::rename(hidden, file).unwrap(),
            Err(back) => client.unwrap().batch_execute(&back).await.unwrap(),
        }
    }
}
