//! The ways to a ledger: in this process, over HTTP/2, and over a network that loses calls and answers. One body of a test
//! goes all of them, because a local call promises no more than a remote one.

use platform::error::Failure;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use kernel::{Clock, Ctx};
use ledger::LedgerService;
use ledger_api::{Book, BookName, Books, CreateBook, Ledger, LedgerError, RemoteBooks, SERVICE, methods};
use platform::db::DbError;
use platform::http::{Listener, Settings};
use platform::rpc::{Budget, Credential, Http2, RpcClient, Served, TcpConnect, Transport, routes};
use testkit::{Flaky, InProcess, TestStore, Trouble, for_each_engine, on_sqlite};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Local,
    Remote,
    Flaky,
}

tokio::task_local! {
    static WAY: Way;
}

/// Locally on both engines, and remotely.
pub(crate) async fn for_each_way(body: impl AsyncFn(&TestStore)) {
    WAY.scope(Way::Local, for_each_engine(&body)).await;
    WAY.scope(Way::Remote, on_sqlite(&body)).await;
}

/// And over a bad network too, for bodies that do not mind being told that an answer is a repeated one.
pub(crate) async fn for_each_way_even_bad(body: impl AsyncFn(&TestStore)) {
    for_each_way(&body).await;
    WAY.scope(Way::Flaky, on_sqlite(&body)).await;
}

/// All ways on both engines.
pub(crate) async fn for_each_way_on_each_engine(body: impl AsyncFn(&TestStore)) {
    for way in [Way::Local, Way::Remote, Way::Flaky] {
        WAY.scope(way, for_each_engine(&body)).await;
    }
}

/// The ways to a ledger on SQLite alone.
pub(crate) async fn for_each_way_on_sqlite(body: impl AsyncFn(&TestStore)) {
    for way in [Way::Local, Way::Remote, Way::Flaky] {
        WAY.scope(way, on_sqlite(&body)).await;
    }
}

/// A ledger as a caller of this test's way has it.
pub(crate) struct Face {
    service: Arc<LedgerService>,
    spoken: Arc<dyn Ledger>,
    /// Where it is called, as long as it is.
    _listener: Option<Listener>,
    is_bad: bool,
}

impl Face {
    pub(crate) fn local(service: LedgerService) -> Face {
        let service = Arc::new(service);
        Face { spoken: service.clone(), service, _listener: None, is_bad: false }
    }

    /// By the way of the test that is running; without one it is local.
    pub(crate) async fn of_way(service: LedgerService, clock: Arc<dyn Clock>) -> Face {
        let way = WAY.try_with(|way| *way).unwrap_or(Way::Local);
        let face = Face::local(service);
        if way == Way::Local {
            return face;
        }
        let served = Served::new(
            [methods(SERVICE, Arc::new(Only(face.service.clone())))],
            Arc::new(testkit::AsSaid),
            clock.clone(),
        );
        if way == Way::Flaky {
            static SEED: AtomicU64 = AtomicU64::new(1);
            let seed = SEED.fetch_add(1, Ordering::Relaxed);
            let flaky = Flaky::new(InProcess(served), Trouble::plenty(), seed);
            return Face { is_bad: true, ..face.spoken_over(flaky, clock).await };
        }
        let credential = Credential::random();
        let settings = Settings { name: "internal", connections_max: 16, header_timeout: Duration::from_secs(5) };
        let router = routes(served, credential.clone());
        let listener = Listener::open("127.0.0.1:0".parse().unwrap(), "rpc.listen", router, settings).await.unwrap();
        let addresses = [listener.address().to_string()];
        let http2 = Http2::new(addresses, 2, &credential, Arc::new(TcpConnect), clock.clone());
        Face { _listener: Some(listener), ..face.spoken_over(http2, clock).await }
    }

    async fn spoken_over(self, transport: impl Transport + 'static, clock: Arc<dyn Clock>) -> Face {
        // So bad a network uses up the usual budget; what callers are told then is tested where the budget is.
        let rpc = RpcClient::new(SERVICE, Arc::new(transport), clock).with_budget(Budget::new(1_000_000));
        let books = RemoteBooks::new(rpc);
        Face { spoken: books.book(&BookName::main()).await.unwrap(), ..self }
    }

    /// For somebody who keeps it.
    pub(crate) fn shared(&self) -> Arc<dyn Ledger> {
        self.spoken.clone()
    }

    /// Over a bad network a careful caller gives each change a key.
    pub(crate) fn key_wanted(&self) -> Option<String> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        self.is_bad.then(|| format!("change-{}", COUNT.fetch_add(1, Ordering::Relaxed)))
    }

    pub(crate) async fn close(&self) -> Result<String, DbError> {
        self.service.close().await
    }
}

impl Deref for Face {
    type Target = dyn Ledger;

    fn deref(&self) -> &(dyn Ledger + 'static) {
        &*self.spoken
    }
}

/// The main book alone.
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
