//! The bank's two setups: a ledger in this process with a bad connection to PostgreSQL, or one in its own process with
//! a bad connection to its callers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kernel::{Clock, IdMaker, Principal, SystemClock};
use ledger::{LedgerConfig, LedgerService};
use ledger_api::{BookName, Books, Ledger, LedgerError, RemoteBooks};
use platform::db::{Access, Db, Engine, Target};
use platform::error::Failure;
use platform::rpc::{Credential, Http2, RpcClient, TcpConnect};
use tempfile::TempDir;
use testkit::{FaultProxy, Server, ServerBuilder, TestStore};

use crate::bank::caller::caller;
use crate::bank::callers::ctx;

const READERS: usize = 4;
const CONNECTIONS: usize = 4;
const VISIT_MS: u64 = 400;

/// A visitor that opens its own connection and leaves again; an error if there was no answer.
#[async_trait]
pub(crate) trait Visitor: Send + Sync {
    async fn visit(&self) -> Option<LedgerError>;
}

pub(crate) struct InProcess {
    pub(crate) proxy: FaultProxy,
    target: Target,
    ledger: Arc<LedgerService>,
}

impl InProcess {
    pub(crate) async fn start(store: &TestStore) -> InProcess {
        let (proxy, url) = FaultProxy::postgres(store.url()).await;
        let target = store.target_through(&url);
        let db = Db::open(target.clone(), Access::ReadWrite, READERS).await.unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let ids = IdMaker::new(Arc::clone(&clock));
        let ledger = LedgerService::start(db, LedgerConfig::default(), clock, ids).await.unwrap();
        InProcess { proxy, target, ledger: Arc::new(ledger) }
    }

    pub(crate) fn callers(&self) -> Vec<Arc<dyn Ledger>> {
        vec![self.ledger.clone()]
    }

    pub(crate) fn visitors(&self) -> Arc<dyn Visitor> {
        Arc::new(Stranger(self.target.clone()))
    }

    /// The store without the proxy.
    pub(crate) async fn close(self, store: &TestStore) -> Db {
        self.ledger.close().await.unwrap();
        store.open().await
    }
}

/// Another process's handle to the same store, as `florin verify` would open one.
struct Stranger(Target);

#[async_trait]
impl Visitor for Stranger {
    async fn visit(&self) -> Option<LedgerError> {
        let asking = async {
            let db = Db::open(self.0.clone(), Access::ReadOnly, 1)
                .await
                .map_err(|_| LedgerError::Failed(Failure::Unavailable))?;
            db.read().await.map_err(|_| LedgerError::Failed(Failure::Unavailable))?;
            Ok(())
        };
        let asked = tokio::time::timeout(Duration::from_millis(VISIT_MS), asking).await;
        asked.unwrap_or(Err(LedgerError::Failed(Failure::DeadlineExceeded))).err()
    }
}

pub(crate) struct Remote {
    pub(crate) proxy: FaultProxy,
    /// With a token of the identity service in the same process.
    pub(crate) principal: Principal,
    server: Server,
    credential: Credential,
    store: Target,
    dir: TempDir,
}

impl Remote {
    pub(crate) async fn start(store: &TestStore) -> Remote {
        let dir = tempfile::tempdir().unwrap();
        let (data, secret) = (dir.path().join("data"), dir.path().join("rpc"));
        let mut builder = ServerBuilder::new(env!("CARGO_BIN_EXE_florin"), &data)
            .arg("ledger")
            .arg("identity")
            .env("FLORIN__RPC__SECRET_FILE", &secret)
            .env("FLORIN__TELEMETRY__LOG_LEVEL", "error");
        let target = match store.engine() {
            Engine::Sqlite => Target::Sqlite { file: data.join("ledger.db"), cache_mb: 16 },
            Engine::Postgres => {
                let url = make_database(store).await;
                builder = builder.env("FLORIN__STORAGE__DATABASE_URL", &url);
                Target::Postgres { url, schema: "ledger".to_owned() }
            }
        };
        let server = builder.start().await;
        let called_on = server.said("other processes call it on ").await;
        let proxy = FaultProxy::start(called_on.parse().unwrap()).await;
        let credential = Credential::read(&secret).unwrap();
        let principal = caller(&called_on, &credential).await;
        Remote { proxy, principal, server, credential, store: target, dir }
    }

    /// Two clients that share nothing, like two processes.
    pub(crate) async fn callers(&self) -> Vec<Arc<dyn Ledger>> {
        let (address, credential) = (self.proxy.address(), &self.credential);
        vec![remote(address, credential, CONNECTIONS).await, remote(address, credential, CONNECTIONS).await]
    }

    pub(crate) fn visitors(&self) -> Arc<dyn Visitor> {
        Arc::new(Client { address: self.proxy.address(), credential: self.credential.clone() })
    }

    /// The store, and the folder that it lies in while the folder's owner lives.
    pub(crate) async fn close(self) -> (Db, TempDir) {
        let (status, output) = self.server.stop().await;
        assert!(status.success(), "{output}");
        (Db::open(self.store, Access::ReadWrite, READERS).await.unwrap(), self.dir)
    }
}

struct Client {
    address: SocketAddr,
    credential: Credential,
}

#[async_trait]
impl Visitor for Client {
    async fn visit(&self) -> Option<LedgerError> {
        remote(self.address, &self.credential, 1).await.status(&ctx(VISIT_MS)).await.err()
    }
}

async fn remote(address: SocketAddr, credential: &Credential, connections: usize) -> Arc<dyn Ledger> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (addresses, connect) = ([address.to_string()], Arc::new(TcpConnect));
    let transport = Http2::new(addresses, connections, credential, connect, Arc::clone(&clock));
    let books = RemoteBooks::new(RpcClient::new(ledger_api::SERVICE, Arc::new(transport), clock));
    books.book(&BookName::main()).await.unwrap()
}

fn database(store: &TestStore) -> String {
    format!("florin_{}", store.schema())
}

async fn make_database(store: &TestStore) -> String {
    platform::db::create_database(store.url(), &database(store)).await.unwrap();
    platform::db::with_database(store.url(), &database(store))
}

/// Each server has its own schema, so that it can be tested in its own database.
pub(crate) async fn forget_database(store: &TestStore) {
    if store.engine() == Engine::Postgres {
        platform::db::drop_database(store.url(), &database(store)).await.unwrap();
    }
}
