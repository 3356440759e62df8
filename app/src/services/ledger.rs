//! The ledger as a part of this process (its store, its lane, its routes, and how it is closed), or as one that is called.

use std::collections::BTreeMap;
use std::sync::Arc;

use kernel::{Clock, Ctx, Deadline, IdMaker, Principal};
use ledger::{BookStores, LedgerBooks, StoresBeside};
use ledger_api::{BookName, Books, Ledger, LedgerError, LedgerStatus, RemoteBooks};
use platform::db::Target;
use platform::health::Part;
use platform::lease::Standing;
use platform::rpc::RpcClient;
use platform::shutdown::Step;
use serde_json::{Value, json};

use super::shared::{self, Shared};
use super::{LEDGER as NAME, Opening, Started, books, demo};
use crate::failure::Failure;

/// Longest wait for what this process asks its own ledger.
const ASK_MS: u64 = 10_000;

pub(super) async fn start(opening: &Opening<'_>, started: &mut Started) -> Result<(), Failure> {
    let clock = opening.clock.clone();
    let stores = Arc::new(stores(opening)?);
    let shared = match &opening.config.storage.database_url {
        Some(url) => {
            // Before the lease is looked for: it is one of the tables.
            ledger::migrate(&stores.open(&BookName::main()).await?).await?;
            Some(Shared::open(opening, url, NAME)?)
        }
        None => None,
    };
    let standing = shared.as_ref().map(Shared::standing).unwrap_or_default();
    let config = opening.config.section::<::ledger::Settings>(NAME)?.config(standing.clone());
    let books = Arc::new(LedgerBooks::open(stores, config, clock.clone(), IdMaker::new(clock.clone())).await?);
    if opening.demo {
        demo::seed(&**books.main(), || own_ctx(&*clock, Principal::demo())).await?;
    }
    let here: Arc<dyn Books> = books.clone();
    let face = match &shared {
        Some(shared) => shared.books(opening, here, started),
        None => here,
    };
    started.methods.push(ledger_api::methods(ledger_api::SERVICE, Arc::clone(&face)));
    mount(started, face)?;
    started.parts.push(Arc::new(LedgerPart { books: books.clone(), standing, clock }));
    started.gauges.push(Box::new({
        let books = books.clone();
        move || {
            let (active, max) = books.connections();
            platform::telemetry::database_connections(NAME, active, max);
        }
    }));
    started.steps.push(Step::new(NAME, books::close(books)));
    if let Some(shared) = shared {
        shared.compete(started);
    }
    Ok(())
}

/// The ledger in other processes.
pub(super) async fn call(opening: &Opening<'_>, started: &mut Started) -> Result<(), Failure> {
    let books: Arc<dyn Books> = Arc::new(remote(opening)?);
    mount(started, books.clone())?;
    started.parts.push(Arc::new(RemotePart { books, clock: opening.clock.clone() }));
    Ok(())
}

fn remote(opening: &Opening<'_>) -> Result<RemoteBooks, Failure> {
    let transport = super::transport(opening, &opening.config.service(NAME).addresses)?;
    Ok(RemoteBooks::new(RpcClient::new(ledger_api::SERVICE, transport, opening.clock.clone())))
}

fn mount(started: &mut Started, books: Arc<dyn Books>) -> Result<(), Failure> {
    let (router, api) = ledger::routes(books);
    started.router = std::mem::take(&mut started.router).merge(router);
    Ok(platform::http::document::merge(&mut started.api, NAME, api)?)
}

/// SQLite: a file of its own in the data directory. PostgreSQL: a schema of its own. Each other book has one beside it.
fn stores(opening: &Opening<'_>) -> Result<StoresBeside, Failure> {
    let storage = &opening.config.storage;
    let main = match &storage.database_url {
        Some(url) => Target::Postgres { url: url.expose().to_owned(), schema: NAME.to_owned() },
        None => {
            let data_dir = opening.data_dir.ok_or_else(|| Failure::new("a ledger needs a data directory"))?;
            Target::Sqlite { file: crate::stores::file(data_dir.path(), NAME), cache_mb: storage.sqlite_cache_mb }
        }
    };
    Ok(StoresBeside { main, readers: usize::try_from(storage.pool_size)? })
}

/// For questions of the process itself.
fn own_ctx(clock: &dyn Clock, principal: Principal) -> Ctx {
    let deadline = Deadline::after_millis(clock, ASK_MS);
    Ctx { principal, deadline, request_id: "florin".into(), idempotency_key: None }
}

struct LedgerPart {
    books: Arc<LedgerBooks>,
    standing: Standing,
    clock: Arc<dyn Clock>,
}

#[async_trait::async_trait]
impl Part for LedgerPart {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn ready(&self) -> Result<(), String> {
        shared::ready(&self.standing, self.books.main().is_accepting())
    }

    async fn status(&self) -> BTreeMap<&'static str, Value> {
        let ctx = own_ctx(&*self.clock, Principal::operator());
        let mut facts = facts(self.books.main().status(&ctx).await);
        facts.extend(books::facts(&self.books, &ctx).await);
        facts.append(&mut shared::facts(&self.standing));
        facts
    }
}

/// A ledger in another process: it is ready when it answers.
struct RemotePart {
    books: Arc<dyn Books>,
    clock: Arc<dyn Clock>,
}

impl RemotePart {
    async fn ask(&self) -> Result<LedgerStatus, LedgerError> {
        let ctx = own_ctx(&*self.clock, Principal::operator());
        self.books.book(&BookName::main()).await?.status(&ctx).await
    }
}

#[async_trait::async_trait]
impl Part for RemotePart {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn ready(&self) -> Result<(), String> {
        self.ask().await.map(|_| ()).map_err(|error| error.to_string())
    }

    async fn status(&self) -> BTreeMap<&'static str, Value> {
        facts(self.ask().await)
    }
}

fn facts(status: Result<LedgerStatus, LedgerError>) -> BTreeMap<&'static str, Value> {
    match status {
        Ok(status) => BTreeMap::from([
            ("book", json!(status.book)),
            ("head", json!(status.head)),
            ("groups", json!(status.groups)),
            ("rows", json!(status.rows)),
            ("accepting", json!(status.accepting)),
            ("waiting", json!(status.waiting)),
        ]),
        Err(error) => BTreeMap::from([("error", json!(error.code()))]),
    }
}
