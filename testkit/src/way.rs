//! The ways to call a service: in this process, over HTTP/2, and over a network that loses requests and replies. One
//! test body runs by each of them, because a local call promises no more than a remote one.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kernel::{Clock, Ctx, Deadline, Principal};
use platform::http::{Listener, Settings};
use platform::room::Face;
use platform::rpc::{Budget, Credential, Http2, RpcClient, Served, TcpConnect, Transport, Trust, routes};

use crate::{AsSaid, Flaky, InProcess, Stage, TestStore, Trouble, for_each_engine, on_sqlite};

/// A network this bad uses up the usual retry budget; the errors that callers get then are tested where the budget is.
const REPEATS_MAX: u32 = 1_000_000;
const CONNECTIONS_MAX: u32 = 16;
/// The test clock stands still, so that the deadline does not come nearer by itself.
const DEADLINE_MS: u64 = 100 * 86_400_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Local,
    Http2,
    /// Repeatable calls are sent at least twice, and some are lost at first.
    BadNetwork,
}

tokio::task_local! {
    static WAY: (Way, AtomicU64);
}

impl Way {
    pub const ALL: [Way; 3] = [Way::Local, Way::Http2, Way::BadNetwork];

    /// Runs a test body whose services are called by this way.
    pub async fn lead<F: Future>(self, body: F) -> F::Output {
        WAY.scope((self, AtomicU64::new(0)), body).await
    }

    /// The way of the running test; local if it did not choose one.
    pub fn current() -> Way {
        WAY.try_with(|(way, _)| *way).unwrap_or(Way::Local)
    }

    /// Differs for each service that a test calls, and is the same in every run.
    fn seed() -> u64 {
        WAY.with(|(_, reached)| reached.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

/// Runs `body` by each way on each engine: `open` starts the service on its own stage and returns it with anything else
/// that the test inspects; the body calls the service as a caller would. It expects the same for all ways, so a change
/// that was sent twice must have had one effect.
///
/// ```ignore
/// async fn open(stage: &Stage<'_>) -> (Arc<dyn Notes>, Arc<NotesService>) {
///     let service = Arc::new(NotesService::start(stage.store.open().await, stage.ids.clone()).await);
///     (service.clone(), service)
/// }
///
/// on_each_way(&FACE, open, async |notes, service| {
///     notes.add(&notes.keyed(), "milk").await.unwrap();
///     assert_eq!(service.count().await, 1);
/// })
/// .await;
/// ```
pub async fn on_each_way<S, O>(
    face: &Face<S>,
    open: impl AsyncFn(&Stage<'_>) -> (Arc<S>, O),
    body: impl AsyncFn(&Reached<S>, &O),
) where
    S: ?Sized + Send + Sync,
{
    for way in Way::ALL {
        way.lead(for_each_engine(async |store| {
            let stage = Stage::new(store);
            let (service, own) = open(&stage).await;
            let reached = Reached::new(face, service, stage.clock()).await;
            body(&reached, &own).await;
            assert!(way == Way::Local || reached.calls() > 0, "the body did not call {}", face.name);
        }))
        .await;
    }
}

/// For bodies that open their services themselves, and reach them by [`Reached::new`]: in this process on both engines, and over both
/// networks on SQLite alone, because a network does not know of engines.
pub async fn for_each_way(body: impl AsyncFn(&TestStore)) {
    Way::Local.lead(for_each_engine(&body)).await;
    Way::Http2.lead(on_sqlite(&body)).await;
    Way::BadNetwork.lead(on_sqlite(&body)).await;
}

/// A service as a caller of this test's way has it.
pub struct Reached<S: ?Sized> {
    spoken: Arc<S>,
    clock: Arc<dyn Clock>,
    way: Way,
    network: Option<Arc<Flaky<Arc<dyn Transport>>>>,
    /// The server that is called, as long as it exists.
    _listener: Option<Listener>,
}

impl<S: ?Sized + Send + Sync + 'static> Reached<S> {
    /// Accepts any principal that a call claims.
    pub async fn new(face: &Face<S>, service: Arc<S>, clock: Arc<dyn Clock>) -> Reached<S> {
        Reached::trusting(face, service, clock, Arc::new(AsSaid)).await
    }

    pub async fn trusting(face: &Face<S>, service: Arc<S>, clock: Arc<dyn Clock>, trust: Arc<dyn Trust>) -> Reached<S> {
        let way = Way::current();
        if way == Way::Local {
            return Reached { spoken: service, clock, way, network: None, _listener: None };
        }
        let served = Served::new([(face.serve)(service)], trust, Arc::clone(&clock)).expect("one service");
        let (trouble, transport, listener): (_, Arc<dyn Transport>, _) = match way {
            Way::BadNetwork => (Trouble::twice(), Arc::new(InProcess(served)), None),
            _ => {
                let (http2, listener) = listen(served, &clock).await;
                (Trouble::default(), Arc::new(http2), Some(listener))
            }
        };
        let network = Arc::new(Flaky::new(transport, trouble, Way::seed()));
        let rpc = RpcClient::new(face.name, network.clone(), Arc::clone(&clock)).with_budget(Budget::new(REPEATS_MAX));
        let (spoken, network) = ((face.remote)(rpc), Some(network));
        Reached { spoken, clock, way, network, _listener: listener }
    }
}

async fn listen(served: Arc<Served>, clock: &Arc<dyn Clock>) -> (Http2, Listener) {
    let credential = Credential::random();
    let settings = Settings {
        name: "internal",
        connections_max: CONNECTIONS_MAX,
        connections_per_address_max: CONNECTIONS_MAX,
        header_timeout: Duration::from_secs(5),
        write_timeout: Duration::from_secs(5),
    };
    let router = routes(served, credential.clone());
    let listener = Listener::open("127.0.0.1:0".parse().unwrap(), "rpc.listen", router, settings).await.unwrap();
    let addresses = [listener.address().to_string()];
    (Http2::new(addresses, 2, &credential, Arc::new(TcpConnect), Arc::clone(clock)), listener)
}

impl<S: ?Sized> Reached<S> {
    pub fn way(&self) -> Way {
        self.way
    }

    /// Returns it to be kept.
    pub fn shared(&self) -> Arc<S> {
        Arc::clone(&self.spoken)
    }

    /// Calls that went over a network, repeats included.
    pub fn calls(&self) -> u64 {
        self.network.as_ref().map_or(0, |network| network.calls())
    }

    /// A call with all permissions.
    pub fn ctx(&self) -> Ctx {
        let deadline = Deadline::after_millis(&*self.clock, DEADLINE_MS);
        Ctx { principal: Principal::operator(), deadline, request_id: "req-1".into(), idempotency_key: None }
    }

    /// The same with its own idempotency key, as a careful caller gives each change.
    pub fn keyed(&self) -> Ctx {
        static KEYS: AtomicU64 = AtomicU64::new(0);
        let key = format!("change-{}", KEYS.fetch_add(1, Ordering::Relaxed));
        Ctx { idempotency_key: Some(key.parse().unwrap()), ..self.ctx() }
    }
}

impl<S: ?Sized> Deref for Reached<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.spoken
    }
}

impl<S: ?Sized> fmt::Debug for Reached<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reached({:?})", self.way)
    }
}
