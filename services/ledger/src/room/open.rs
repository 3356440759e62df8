//! The ledger in a process: its books, their routes, and how they are closed.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use kernel::{Clock, Ctx, Deadline, Principal};
use ledger_api::{BookName, Books};
use platform::db::{Access, Budget, Db, DbError};
use platform::room::{Door, OpenError, Opened, Routes, Site};
use platform::shutdown::Step;

use super::holder::LedgerHolder;
use super::part::LedgerPart;
use super::sharing::Sharing;
use super::{ROOM, demo};
use crate::books::SMALL_READERS;
use crate::count::Rate;
use crate::settings::Settings;
use crate::{BookStores, LedgerBooks, StoresBeside, WRITER};

/// Longest wait for this process's own requests to the ledger.
const ASK_MS: u64 = 10_000;

/// Opens all books. Calls no other room.
pub async fn open(site: Site<Settings>, (): ()) -> Result<Opened<dyn Books>, OpenError> {
    let Site { db, target, budget, settings, clock, ids, shared, erasures, demo, .. } = site;
    let sharing = shared.map(|with| Sharing::open(with, Arc::clone(&clock))).transpose()?;
    let standing = sharing.as_ref().map(Sharing::standing).unwrap_or_default();
    let stores = Arc::new(Stores { main: db, others: StoresBeside { main: target, readers: SMALL_READERS }, budget });
    let config = settings.config(standing.clone(), erasures);
    let books = Arc::new(LedgerBooks::open(stores, config, Arc::clone(&clock), ids).await?);
    if demo {
        demo::seed(&**books.main(), || own_ctx(&*clock, Principal::demo())).await?;
    }
    let here: Arc<dyn Books> = books.clone();
    let mut opened = Opened::new(match &sharing {
        Some(sharing) => sharing.books(Arc::clone(&here)),
        None => Arc::clone(&here),
    });
    opened.holder = Some(Arc::new(LedgerHolder(Arc::clone(&books))));
    opened.gauges.push(connections(Arc::clone(&books)));
    opened.gauges.push(rate(Arc::clone(&books), Arc::clone(&clock)));
    opened.steps.push(Step::new(ROOM.name, close(Arc::clone(&books))));
    opened.parts.push(Arc::new(LedgerPart { books, standing, clock }));
    if let Some(sharing) = sharing {
        opened.methods.push(ledger_api::methods(WRITER, here));
        opened.steps.push(sharing.compete());
    }
    Ok(opened)
}

/// The routes of all books, in this process or another.
///
/// # Errors
/// None.
pub fn mount(books: Arc<dyn Books>, _: Door<Settings>) -> Result<Routes, OpenError> {
    Ok(Routes::under_v1(crate::http::routes(books).0))
}

/// The store of `main`, which is already open, and those next to it, within the process's budget.
struct Stores {
    main: Db,
    others: StoresBeside,
    budget: Budget,
}

#[async_trait]
impl BookStores for Stores {
    async fn exists(&self, book: &BookName) -> Result<bool, DbError> {
        self.others.exists(book).await
    }

    async fn open(&self, book: &BookName) -> Result<Db, DbError> {
        if book.is_main() {
            return Ok(self.main.clone());
        }
        let readers = self.budget.of_one_store().min(SMALL_READERS);
        Db::open_within(&self.budget, self.others.target(book), Access::ReadWrite, readers).await
    }
}

/// For all books together.
fn connections(books: Arc<LedgerBooks>) -> Box<dyn Fn() + Send + Sync> {
    Box::new(move || {
        let (active, max) = books.connections();
        platform::telemetry::database_connections(ROOM.name, active, max);
    })
}

fn rate(books: Arc<LedgerBooks>, clock: Arc<dyn Clock>) -> Box<dyn Fn() + Send + Sync> {
    let rate = Mutex::new(Rate::from(clock.monotonic()));
    Box::new(move || {
        rate.lock().unwrap_or_else(PoisonError::into_inner).tell(books.recorded(), clock.monotonic());
    })
}

/// Heads are for people to keep: `florin verify --against` proves with one that nothing was cut or rewritten since.
async fn close(books: Arc<LedgerBooks>) {
    for (book, head) in books.close().await {
        match head {
            Ok(head) => eprintln!("florin: ledger head {head}"),
            Err(error) => tracing::error!(%book, %error, cause = ?error.source, "a head could not be read at shutdown"),
        }
    }
}

/// For the process's own requests.
pub(super) fn own_ctx(clock: &dyn Clock, principal: Principal) -> Ctx {
    let deadline = Deadline::after_millis(clock, ASK_MS);
    Ctx { principal, deadline, request_id: "florin".into(), idempotency_key: None }
}
