//! Books of a remote ledger, over a network that loses calls and replies: the same as in process.

use std::sync::Arc;

use kernel::Clock;
use ledger_api::{Books, CreateBook, LedgerError, Refusal, RemoteBooks, SERVICE, Submit, methods};
use platform::rpc::{Budget, RpcClient, Served};
use testkit::{Flaky, InProcess, Trouble, on_sqlite};

use super::{Shelf, name};
use crate::service::harness::pay;

#[tokio::test(flavor = "multi_thread")]
async fn remote_books_behave_like_local_ones() {
    on_sqlite(async |store| {
        let shelf = Arc::new(Shelf::open(store).await);
        let clock: Arc<dyn Clock> = Arc::new(shelf.clock.clone());
        let books: Arc<dyn Books> = Arc::new(Forward(Arc::clone(&shelf)));
        let served = Served::new([methods(SERVICE, books)], Arc::new(testkit::AsSaid), Arc::clone(&clock)).unwrap();
        let flaky = Flaky::new(InProcess(served), Trouble::plenty(), 11);
        let remote =
            RemoteBooks::new(RpcClient::new(SERVICE, Arc::new(flaky), clock).with_budget(Budget::new(1_000_000)));
        let ctx = &shelf.ctx;
        remote.create_book(ctx, CreateBook { book: name("acme") }).await.unwrap();
        assert!(remote.create_book(ctx, CreateBook { book: name("acme") }).await.unwrap().replayed);
        assert_eq!(remote.books(ctx).await.unwrap(), shelf.books.books(ctx).await.unwrap());
        for book in ["main", "acme"] {
            shelf.people(book).await;
            let submit = Submit { operation: pay(1, "bank", "ann", 7), dry_run: false };
            remote.book(&name(book)).await.unwrap().submit(ctx, submit).await.unwrap();
        }
        assert_eq!((shelf.posted("main", "ann").await, shelf.posted("acme", "ann").await), (7, 7));
        // A missing book shows at the first call.
        let nobody = remote.book(&name("nobody")).await.unwrap();
        let unknown = LedgerError::from(Refusal::BookUnknown { book: name("nobody") });
        assert_eq!(nobody.status(ctx).await.unwrap_err(), unknown);
        let named =
            ledger_api::Posting { book: Some(name("main")), ..crate::service::harness::posting("bank", "ann", 1) };
        let operation = ledger_api::Operation::Create(crate::service::harness::create(2, vec![named]));
        let acme = remote.book(&name("acme")).await.unwrap();
        let refused = acme.submit(ctx, Submit { operation, dry_run: false }).await.unwrap_err();
        assert_eq!(refused, Refusal::BooksDiffer { book: name("acme"), other: name("main") }.into());
        shelf.close().await;
    })
    .await;
}

/// The shelf's books, shared with their server.
struct Forward(Arc<Shelf>);

#[async_trait::async_trait]
impl Books for Forward {
    async fn create_book(&self, ctx: &kernel::Ctx, command: CreateBook) -> Result<ledger_api::Book, LedgerError> {
        self.0.books.create_book(ctx, command).await
    }

    async fn books(&self, ctx: &kernel::Ctx) -> Result<Vec<ledger_api::Book>, LedgerError> {
        self.0.books.books(ctx).await
    }

    async fn book(&self, book: &ledger_api::BookName) -> Result<Arc<dyn ledger_api::Ledger>, LedgerError> {
        self.0.books.book(book).await
    }
}
