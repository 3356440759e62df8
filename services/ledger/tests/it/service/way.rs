//! The main book over each way of calling it. Which ways and engines a test uses depends on its cost.

use std::ops::Deref;
use std::sync::Arc;

use async_trait::async_trait;
use kernel::{Clock, Ctx};
use ledger::LedgerService;
use ledger_api::{Book, BookName, Books, CreateBook, FACE, Ledger, LedgerError};
use platform::db::DbError;
use platform::error::Failure;
use testkit::{Reached, TestStore, Way, for_each_engine, on_sqlite};

/// Locally on both engines, and remotely.
pub(crate) async fn for_each_way(body: impl AsyncFn(&TestStore)) {
    Way::Local.lead(for_each_engine(&body)).await;
    Way::Http2.lead(on_sqlite(&body)).await;
}

/// Also over a bad network, for bodies that accept that a reply may be a repeated one.
pub(crate) async fn for_each_way_even_bad(body: impl AsyncFn(&TestStore)) {
    for_each_way(&body).await;
    Way::BadNetwork.lead(on_sqlite(&body)).await;
}

/// All ways on both engines.
pub(crate) async fn for_each_way_on_each_engine(body: impl AsyncFn(&TestStore)) {
    for way in Way::ALL {
        way.lead(for_each_engine(&body)).await;
    }
}

/// The ways to a ledger on SQLite only.
pub(crate) async fn for_each_way_on_sqlite(body: impl AsyncFn(&TestStore)) {
    for way in Way::ALL {
        way.lead(on_sqlite(&body)).await;
    }
}

/// The main book over the way of the running test.
pub(crate) struct MainBook {
    service: Arc<LedgerService>,
    books: Reached<dyn Books>,
    spoken: Arc<dyn Ledger>,
}

impl MainBook {
    pub(crate) async fn of_way(service: LedgerService, clock: Arc<dyn Clock>) -> MainBook {
        let service = Arc::new(service);
        let books = Reached::new(&FACE, Arc::new(Only(service.clone())), clock).await;
        let spoken = books.book(&BookName::main()).await.unwrap();
        MainBook { service, books, spoken }
    }

    /// For owners that keep it.
    pub(crate) fn shared(&self) -> Arc<dyn Ledger> {
        self.spoken.clone()
    }

    /// On a bad network a careful caller gives each change a key.
    pub(crate) fn key_wanted(&self) -> Option<String> {
        (self.books.way() == Way::BadNetwork).then(|| self.books.keyed().idempotency_key.unwrap().as_str().to_owned())
    }

    pub(crate) async fn close(&self) -> Result<String, DbError> {
        self.service.close().await
    }
}

impl Deref for MainBook {
    type Target = dyn Ledger;

    fn deref(&self) -> &(dyn Ledger + 'static) {
        &*self.spoken
    }
}

/// The main book only.
struct Only(Arc<LedgerService>);

#[async_trait]
impl Books for Only {
    async fn create_book(&self, _: &Ctx, _: CreateBook) -> Result<Book, LedgerError> {
        Err(LedgerError::Failed(Failure::Forbidden))
    }

    async fn books(&self, _: &Ctx) -> Result<Vec<Book>, LedgerError> {
        Err(LedgerError::Failed(Failure::Forbidden))
    }

    async fn book(&self, _: &BookName) -> Result<Arc<dyn Ledger>, LedgerError> {
        Ok(self.0.clone())
    }
}
