//! The feeds that the log reads: those of the rooms, and one of each book of the ledger; new books are found while it runs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use kernel::{Clock, Ctx, Deadline};
use ledger_api::{BookName, Books, LedgerFeed};
use platform::db::Db;
use platform::feed::{Consumer, ConsumerConfig, Event, Feed, FeedError, Pull, Running};
use platform::frame::ActsAs;
use platform::room::OpenError;
use serde_json::json;

use crate::append::{Appender, Kept};
use crate::count;
use crate::entry::Draft;
use crate::face::SERVICE;
use crate::seal::{SealedFeed, Seals};
use crate::store;

/// The feed of the ledger's main book.
pub(crate) const LEDGER: &str = "ledger";
/// The type of the entry that has the head of a book: what the book's hash chain covers is proven through it.
pub(crate) const BOOK_HEAD: &str = "ledger.book.head";
/// A call to the ledger ends by then.
const ASKED_MS: u64 = 5_000;

pub(crate) struct Sources {
    pub(crate) db: Db,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) appender: Appender,
    pub(crate) seals: Seals,
    pub(crate) books: Arc<dyn Books>,
    /// Audit itself, for its calls to the ledger.
    pub(crate) own: Arc<dyn ActsAs>,
    pub(crate) found: Mutex<Found>,
}

#[derive(Default)]
pub(crate) struct Found {
    consumers: Vec<Arc<Consumer>>,
    /// Of books that were found after the start.
    running: Vec<Running>,
}

impl Sources {
    /// The consumer of a feed. Its failures are counted from the start, so that the first one is a rise.
    pub(crate) fn add(&self, source: &'static str, feed: Arc<dyn Feed>) -> Arc<Consumer> {
        count::begin(source);
        let feed = Arc::new(SealedFeed { feed, seals: self.seals.clone() });
        let effect = Arc::new(Kept { appender: self.appender.clone(), source });
        let config = ConsumerConfig::of(SERVICE, source);
        let consumer = Arc::new(Consumer::new(self.db.clone(), feed, effect, Arc::clone(&self.clock), config));
        self.found().consumers.push(Arc::clone(&consumer));
        consumer
    }

    pub(crate) fn book(&self, book: BookName) -> Arc<dyn Feed> {
        let (books, own, clock) = (Arc::clone(&self.books), Arc::clone(&self.own), Arc::clone(&self.clock));
        Arc::new(Book { book, books, own, clock })
    }

    pub(crate) fn all(&self) -> Vec<Arc<Consumer>> {
        self.found().consumers.clone()
    }

    async fn ctx(&self) -> Result<Ctx, OpenError> {
        let deadline = Deadline::after_millis(&*self.clock, ASKED_MS);
        let principal = self.own.principal().await?;
        Ok(Ctx { principal, deadline, request_id: SERVICE.into(), idempotency_key: None })
    }

    /// Begins to read books that are new, and makes an entry of the head of each that has moved.
    pub(crate) async fn look_at_books(&self) -> Result<(), OpenError> {
        let listed = self.books.books(&self.ctx().await?).await;
        for book in listed.map_err(|error| format!("the ledger lists no books: {error}"))? {
            self.read_on(&book.book);
            self.keep_head(&book.book).await?;
        }
        Ok(())
    }

    fn read_on(&self, book: &BookName) {
        let source = format!("{LEDGER}/{book}");
        if book.is_main() || self.found().consumers.iter().any(|known| known.feed() == source) {
            return;
        }
        // The ledger has a bound on its books, and none is ever removed.
        let consumer = self.add(Box::leak(source.into_boxed_str()), self.book(book.clone()));
        let running = consumer.start();
        self.found().running.push(running);
    }

    async fn keep_head(&self, book: &BookName) -> Result<(), OpenError> {
        let unread = |error| format!("the head of book {book} is not known: {error}");
        let ledger = self.books.book(book).await.map_err(unread)?;
        let status = ledger.status(&self.ctx().await?).await.map_err(unread)?;
        let known = store::book_head(&self.db.read().await?, book.as_str()).await?;
        if status.rows == 0 || known.as_ref() == Some(&status.head) {
            return Ok(());
        }
        let tx = self.db.begin().await?;
        tx.one_at_a_time().await?;
        // Another process may have been faster.
        if store::book_head(&tx, book.as_str()).await? == known {
            let data = json!({ "book": book, "head": status.head, "groups": status.groups, "rows": status.rows });
            let draft = Draft::own(BOOK_HEAD, self.clock.now(), book.as_str(), data);
            self.appender.add(&tx, vec![draft]).await?;
            store::set_book_head(&tx, book.as_str(), &status.head).await?;
        }
        Ok(tx.commit().await?)
    }

    pub(crate) async fn close(&self) {
        let running = std::mem::take(&mut self.found().running);
        for one in running {
            one.close().await;
        }
    }

    fn found(&self) -> MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The events of a book, read as audit itself.
struct Book {
    book: BookName,
    books: Arc<dyn Books>,
    own: Arc<dyn ActsAs>,
    clock: Arc<dyn Clock>,
}

impl Book {
    async fn feed(&self) -> Result<LedgerFeed, FeedError> {
        let ledger = self.books.book(&self.book).await;
        let ledger = ledger.map_err(|error| FeedError::Unavailable(error.to_string()))?;
        Ok(LedgerFeed::of(ledger, Arc::clone(&self.own), Arc::clone(&self.clock)))
    }
}

#[async_trait]
impl Feed for Book {
    async fn events_after(&self, pull: Pull) -> Result<Vec<Event>, FeedError> {
        self.feed().await?.events_after(pull).await
    }

    async fn end(&self) -> Result<Option<u64>, FeedError> {
        self.feed().await?.end().await
    }
}
