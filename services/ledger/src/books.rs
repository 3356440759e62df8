//! All books of one ledger in this process: `main`, whose store lists the others, and the others, each a ledger with
//! its own store.
//!
//! Every book is opened at the start, not on first use: holds expire and scheduled transactions are executed in unused
//! books too. An idle book costs two threads and no open file on SQLite, and one thread and two connections on
//! PostgreSQL, where each book checks every few seconds for other processes' changes. A book that cannot be opened is
//! logged and delays no other; it is retried on use and every minute.
//!
//! Start reading at [`LedgerBooks`], then `register` (which books exist) and `open` (how one is opened and closed).

mod open;
mod register;
mod shelf;
mod sql;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use kernel::{Clock, Ctx, IdMaker};
use ledger_api::{Book, BookName, Books, CreateBook, Ledger, LedgerError, LedgerStatus, Refusal};
use platform::access;
use platform::db::{Access, Db, DbError, Target};
use tokio::task::JoinHandle;

use crate::service::forbidden;
use crate::{LedgerConfig, LedgerService};

use open::{All, Slot};
pub use register::{Registered, mark_stored, register, registered};
pub use shelf::Shelf;

/// Between two checks for books that are not open or not used.
const TIDY_EACH: Duration = Duration::from_secs(60);
/// After the start, which leaves connections that nobody needs.
const TIDY_FIRST: Duration = Duration::from_secs(1);

/// The location of the books' stores; the ledger knows no directories and no schemas.
#[async_trait]
pub trait BookStores: Send + Sync {
    /// Whether the book has a store.
    async fn exists(&self, book: &BookName) -> Result<bool, DbError>;
    /// Opens the book's store for writing, and creates it if there is none.
    async fn open(&self, book: &BookName) -> Result<Db, DbError>;
}

/// The usual places: the other books' stores are next to that of `main`, under their names.
#[derive(Debug, Clone)]
pub struct StoresBeside {
    pub main: Target,
    /// Read connections of `main`.
    pub readers: usize,
}

/// Read connections of every other book, and megabytes of its page cache: there may be many.
pub(crate) const SMALL_READERS: usize = 2;
const SMALL_CACHE_MB: u32 = 4;

impl StoresBeside {
    pub fn target(&self, book: &BookName) -> Target {
        if book.is_main() {
            return self.main.clone();
        }
        match self.main.beside(book.as_str()) {
            Target::Sqlite { file, cache_mb } => Target::Sqlite { file, cache_mb: cache_mb.min(SMALL_CACHE_MB) },
            target @ Target::Postgres { .. } => target,
        }
    }
}

#[async_trait]
impl BookStores for StoresBeside {
    async fn exists(&self, book: &BookName) -> Result<bool, DbError> {
        self.target(book).exists().await
    }

    async fn open(&self, book: &BookName) -> Result<Db, DbError> {
        let readers = if book.is_main() { self.readers } else { self.readers.min(SMALL_READERS) };
        Db::open(self.target(book), Access::ReadWrite, readers).await
    }
}

pub struct LedgerBooks {
    all: Arc<All>,
    tidy: Mutex<Option<JoinHandle<()>>>,
}

impl LedgerBooks {
    /// Opens `main` and all others; an error is one of `main`.
    pub async fn open(
        stores: Arc<dyn BookStores>,
        config: LedgerConfig,
        clock: Arc<dyn Clock>,
        ids: IdMaker,
    ) -> Result<LedgerBooks, DbError> {
        let db = stores.open(&BookName::main()).await?;
        let main = LedgerService::start(db, config.clone(), Arc::clone(&clock), ids.clone()).await?;
        register::enter_main(&main.db, clock.now()).await?;
        let main = Arc::new(main);
        let (others, closing) = (Mutex::default(), AtomicBool::new(false));
        let all = Arc::new(All { main, stores, config, clock, ids, others, closing });
        all.open_missing().await;
        let tidy = tokio::spawn(tidy(Arc::downgrade(&all)));
        Ok(LedgerBooks { all, tidy: Mutex::new(Some(tidy)) })
    }

    /// Accepts no more commands, finishes those that wait, and returns each book's head, `main` first.
    pub async fn close(&self) -> Vec<(BookName, Result<String, DbError>)> {
        if let Some(tidy) = self.tidy.lock().unwrap_or_else(PoisonError::into_inner).take() {
            tidy.abort();
        }
        self.all.close().await
    }

    /// The book that always exists.
    pub fn main(&self) -> &Arc<LedgerService> {
        &self.all.main
    }

    /// Every book, opened if it is not.
    pub(crate) async fn all_open(&self) -> Result<Vec<(BookName, Arc<LedgerService>)>, DbError> {
        let mut all = Vec::new();
        for row in register::list(&self.all.main.db).await? {
            all.push((row.book.clone(), self.all.take(&row).await?));
        }
        Ok(all)
    }

    /// Connections to the stores in use now, and their maximum.
    pub fn connections(&self) -> (usize, usize) {
        let others = self.all.opened();
        let each = others.values().chain([&self.all.main]).map(|service| service.connections());
        each.fold((0, 0), |(active, most), (more, at_most)| (active + more, most + at_most))
    }

    /// Transactions that this process has recorded in the books that are open.
    pub(crate) fn recorded(&self) -> u64 {
        let others = self.all.opened();
        others.values().chain([&self.all.main]).map(|service| service.recorded()).sum()
    }

    /// The state of the first `max` books, by name, and their total number; books that cannot be opened are left out.
    pub async fn statuses(
        &self,
        ctx: &Ctx,
        max: usize,
    ) -> Result<(BTreeMap<BookName, Option<LedgerStatus>>, usize), LedgerError> {
        let known = register::list(&self.all.main.db).await?;
        let mut statuses = BTreeMap::new();
        for Registered { book, .. } in known.iter().take(max) {
            let status = match self.all.get(book) {
                Some(service) => service.status(ctx).await.ok(),
                None => None,
            };
            statuses.insert(book.clone(), status);
        }
        Ok((statuses, known.len()))
    }
}

impl Drop for LedgerBooks {
    fn drop(&mut self) {
        if let Some(tidy) = self.tidy.lock().unwrap_or_else(PoisonError::into_inner).take() {
            tidy.abort();
        }
    }
}

#[async_trait]
impl Books for LedgerBooks {
    /// First the row, then the store: a book with a row and no store yet gets it on next use.
    async fn create_book(&self, ctx: &Ctx, command: CreateBook) -> Result<Book, LedgerError> {
        access::check(ctx, "books", "create", None).map_err(forbidden)?;
        self.all.main.in_time(ctx, self.all.create(&command.book)).await
    }

    async fn books(&self, ctx: &Ctx) -> Result<Vec<Book>, LedgerError> {
        access::check(ctx, "books", "read", None).map_err(forbidden)?;
        let main = &self.all.main;
        let asking = async { register::list(&main.db).await.map_err(LedgerError::from) };
        let known = main.in_time(ctx, asking).await?;
        let book = |Registered { book, created_at, .. }| Book { book, created_at, replayed: false };
        Ok(known.into_iter().map(book).collect())
    }

    async fn book(&self, name: &BookName) -> Result<Arc<dyn Ledger>, LedgerError> {
        if let Some(open) = self.all.get(name) {
            return Ok(open);
        }
        // Another process may have created it.
        let known = register::find(&self.all.main.db, name).await?;
        let row = known.ok_or_else(|| Refusal::BookUnknown { book: name.clone() })?;
        Ok(self.all.take(&row).await?)
    }
}

/// Opens what could not be opened before or was created by another process, and closes unused connections.
async fn tidy(all: std::sync::Weak<All>) {
    let mut pause = TIDY_FIRST;
    loop {
        tokio::time::sleep(std::mem::replace(&mut pause, TIDY_EACH)).await;
        let Some(all) = all.upgrade() else { return };
        all.others().values().for_each(|slot: &Arc<Slot>| slot.rest());
        all.open_missing().await;
    }
}
