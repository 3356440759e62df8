//! Several books of one ledger, on both engines.

mod lost;
mod refusals;
mod remote;
mod separate;
mod transfer;
mod two_phase;

use std::sync::Arc;

use async_trait::async_trait;
use kernel::{Clock, Ctx, IdMaker, Principal};
use ledger::{BookStores, LedgerBooks, LedgerConfig, StoresBeside};
use ledger_api::{Account, BookName, Books, CreateBook, Ledger, Operation, Side, Submit, Transaction};
use platform::db::{Db, DbError};
use testkit::{FakeClock, TestStore};

use crate::service::harness::{Answer, ctx, may_go_negative, opening, path};

/// The books on a test's store and the stores next to it.
pub(crate) struct Shelf {
    pub(crate) books: LedgerBooks,
    pub(crate) clock: FakeClock,
    pub(crate) ctx: Ctx,
}

pub(crate) fn name(text: &str) -> BookName {
    text.parse().unwrap()
}

pub(crate) fn beside(store: &TestStore) -> StoresBeside {
    StoresBeside { main: store.target(), readers: 4 }
}

impl Shelf {
    pub(crate) async fn open(store: &TestStore) -> Shelf {
        Shelf::open_at(Arc::new(beside(store)), FakeClock::default()).await
    }

    pub(crate) async fn open_at(stores: Arc<dyn BookStores>, clock: FakeClock) -> Shelf {
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let ids = IdMaker::seeded(Arc::clone(&shared), 7);
        let books = LedgerBooks::open(stores, LedgerConfig::default(), shared, ids).await.unwrap();
        let ctx = ctx(&clock, Principal::operator());
        Shelf { books, clock, ctx }
    }

    /// Closed and opened again on the same stores, with the same clock.
    pub(crate) async fn reopen(self, store: &TestStore) -> Shelf {
        self.close().await;
        Shelf::open_at(Arc::new(beside(store)), self.clock).await
    }

    /// Heads by name, `main` first.
    pub(crate) async fn close(&self) -> Vec<(BookName, String)> {
        self.books.close().await.into_iter().map(|(book, head)| (book, head.unwrap())).collect()
    }

    pub(crate) async fn create(&self, book: &str) -> Answer<ledger_api::Book> {
        self.books.create_book(&self.ctx, CreateBook { book: name(book) }).await
    }

    pub(crate) async fn book(&self, book: &str) -> Arc<dyn Ledger> {
        self.books.book(&name(book)).await.unwrap()
    }

    /// `bank` may go negative, `ann` may not.
    pub(crate) async fn people(&self, book: &str) {
        let ledger = self.book(book).await;
        ledger.open_account(&self.ctx, opening("bank", Side::Debit, may_go_negative())).await.unwrap();
        ledger.open_account(&self.ctx, opening("ann", Side::Credit, Default::default())).await.unwrap();
    }

    pub(crate) async fn run(&self, book: &str, operation: impl Into<Operation>) -> Answer<Transaction> {
        let submit = Submit { operation: operation.into(), dry_run: false };
        self.book(book).await.submit(&self.ctx, submit).await
    }

    pub(crate) async fn account(&self, book: &str, account: &str) -> Account {
        self.book(book).await.account(&self.ctx, &path(account)).await.unwrap()
    }

    pub(crate) async fn posted(&self, book: &str, account: &str) -> i64 {
        self.account(book, account).await.balances.posted.minor()
    }
}

/// Stores of which only `main`'s can be opened.
pub(crate) struct Broken(pub(crate) StoresBeside);

#[async_trait]
impl BookStores for Broken {
    async fn exists(&self, book: &BookName) -> Result<bool, DbError> {
        self.0.exists(book).await
    }

    async fn open(&self, book: &BookName) -> Result<Db, DbError> {
        if book.is_main() { self.0.open(book).await } else { Err(DbError::shape("the disk is gone")) }
    }
}
