//! One book at a time: found among the open ones, opened, its connections released, closed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::StreamExt;
use kernel::{Clock, IdMaker};
use ledger_api::{Book, BookName, LedgerError, Refusal, limits};
use platform::db::{Db, DbError, Fault};
use tokio::sync::OnceCell;

use super::BookStores;
use super::register::{self, Created, Registered};
use crate::{LedgerConfig, LedgerService};

/// Books that are opened or closed at the same time.
const AT_ONCE: usize = 4;

pub(super) struct All {
    pub(super) main: Arc<LedgerService>,
    pub(super) stores: Arc<dyn BookStores>,
    pub(super) config: LedgerConfig,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: IdMaker,
    /// By name, all but `main`.
    pub(super) others: Mutex<BTreeMap<BookName, Arc<Slot>>>,
    /// No more books are opened.
    pub(super) closing: AtomicBool,
}

/// A book's entry, from its first use on.
#[derive(Default)]
pub(super) struct Slot {
    service: OnceCell<Arc<LedgerService>>,
    /// Since the last check.
    used: AtomicBool,
}

impl Slot {
    /// Closes idle connections, if the book was not used since the last check.
    pub(super) fn rest(&self) {
        if let Some(service) = self.service.get()
            && !self.used.swap(false, Ordering::Relaxed)
        {
            service.db.forget_connections();
        }
    }
}

impl All {
    pub(super) fn others(&self) -> MutexGuard<'_, BTreeMap<BookName, Arc<Slot>>> {
        self.others.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A book that is open.
    pub(super) fn get(&self, book: &BookName) -> Option<Arc<LedgerService>> {
        if book.is_main() {
            return Some(Arc::clone(&self.main));
        }
        let slot = self.others().get(book).cloned()?;
        slot.used.store(true, Ordering::Relaxed);
        slot.service.get().cloned()
    }

    fn is_open(&self, book: &BookName) -> bool {
        book.is_main() || self.others().get(book).is_some_and(|slot| slot.service.get().is_some())
    }

    pub(super) fn opened(&self) -> BTreeMap<BookName, Arc<LedgerService>> {
        let others = self.others();
        others.iter().filter_map(|(book, slot)| Some((book.clone(), slot.service.get()?.clone()))).collect()
    }

    /// A registered book, opened by the first of its concurrent users.
    pub(super) async fn take(&self, row: &Registered) -> Result<Arc<LedgerService>, DbError> {
        if row.book.is_main() {
            return Ok(Arc::clone(&self.main));
        }
        let slot = Arc::clone(self.others().entry(row.book.clone()).or_default());
        slot.used.store(true, Ordering::Relaxed);
        slot.service.get_or_try_init(|| self.start(row)).await.cloned()
    }

    /// The row, then the store. If the caller stops waiting, the book is opened on next use.
    pub(super) async fn create(&self, book: &BookName) -> Result<Book, LedgerError> {
        let created = register::create(self.store(), book, self.clock.now()).await?;
        let (row, replayed) = match created {
            Created::New(row) => (row, false),
            Created::Known(row) => (row, true),
            Created::Full => return Err(Refusal::TooManyBooks { max: limits::BOOKS_MAX }.into()),
        };
        self.take(&row).await?;
        Ok(Book { book: row.book, created_at: row.created_at, replayed })
    }

    async fn start(&self, row: &Registered) -> Result<Arc<LedgerService>, DbError> {
        let book = &row.book;
        if self.closing.load(Ordering::Acquire) {
            return Err(DbError::new(format!("open book {book} of a ledger that is closing"), Fault::Unreachable));
        }
        // An empty book in the place of a lost one would look as if nobody had ever owned anything.
        if row.stored && !self.stores.exists(book).await? {
            return Err(DbError::new(format!("open book {book}, whose store is missing"), Fault::Corrupt));
        }
        let db = self.stores.open(book).await?;
        let (config, clock, ids) = (self.config.clone(), Arc::clone(&self.clock), self.ids.clone());
        let service = LedgerService::start_book(db, book.clone(), config, clock, ids).await?;
        if !row.stored {
            register::mark_stored(self.store(), book).await?;
        }
        // Many books are only open to wait for due work.
        service.db.forget_connections();
        Ok(Arc::new(service))
    }

    fn store(&self) -> &Db {
        &self.main.db
    }

    /// Opens every book that is not open, a few at a time.
    pub(super) async fn open_missing(&self) {
        let known = match register::list(self.store()).await {
            Ok(known) => known,
            Err(error) => return tracing::error!(%error, cause = ?error.source, "the books could not be listed"),
        };
        let missing: Vec<Registered> = known.into_iter().filter(|row| !self.is_open(&row.book)).collect();
        let opened = futures_util::stream::iter(missing).for_each_concurrent(AT_ONCE, async |row: Registered| {
            if let Err(error) = self.take(&row).await {
                tracing::error!(book = %row.book, %error, cause = ?error.source, "a book could not be opened");
            }
            // Nobody uses it: what its first read of its store left open is closed, so that few files are open.
            self.others().get(&row.book).into_iter().for_each(|slot| slot.used.store(false, Ordering::Relaxed));
            self.others().values().for_each(|slot| slot.rest());
        });
        opened.await;
    }

    pub(super) async fn close(&self) -> Vec<(BookName, Result<String, DbError>)> {
        self.closing.store(true, Ordering::Release);
        let main = self.main.close().await;
        let close = async |(book, service): (BookName, Arc<LedgerService>)| {
            let head = service.close().await;
            service.db.forget_connections();
            (book, head)
        };
        let others = futures_util::stream::iter(self.opened().into_iter().map(close)).buffered(AT_ONCE);
        let others: Vec<_> = others.collect().await;
        [(BookName::main(), main)].into_iter().chain(others).collect()
    }
}
