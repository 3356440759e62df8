//! One connection, from its first byte to its last.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::future::RouteFuture;
use futures_util::future::{BoxFuture, Either};
use http::{Request, Version};
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::handshake;
use super::listener::{Phase, Settings};
use super::origin::Peer;
use super::patience::{Owed, Patient, Watched};
use crate::tls::Tls;

/// What all connections of a listener share.
pub(super) struct Shared {
    pub(super) router: Router,
    pub(super) settings: Settings,
    pub(super) tls: Option<Arc<Tls>>,
    pub(super) http: auto::Builder<TokioExecutor>,
    /// Says of a path whether it is answered even when no place is free.
    pub(super) probe: fn(&str) -> bool,
}

impl Shared {
    pub(super) fn peer(&self, stream: &TcpStream, from: SocketAddr) -> Peer {
        let local = stream.local_addr().ok().map(|local| local.ip().to_canonical());
        Peer { address: from.ip().to_canonical(), local, tls: self.tls.is_some() }
    }
}

pub(super) async fn run(shared: Arc<Shared>, stream: TcpStream, peer: Peer, mut phase: watch::Receiver<Phase>) {
    let (settings, http) = (shared.settings, shared.http.clone());
    let _open = Open::new(settings.name);
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let told = Told { router: shared.router.clone(), peer, asked: Arc::default(), owed: Arc::default() };
    let Some(tls) = &shared.tls else {
        if speaks(&stream, settings.header_timeout, &mut phase).await {
            converse(stream, http, told, settings, phase).await;
        }
        return;
    };
    let Some(stream) = handshake::secure(stream, tls, settings, &mut phase).await else { return };
    if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
        let silent = silence(Arc::clone(&told.asked), settings.header_timeout);
        tokio::select! {
            () = converse(stream, http.http2_only(), told, settings, phase) => {}
            () = silent => {}
        }
    } else {
        converse(stream, http.http1_only(), told, settings, phase).await;
    }
}

async fn converse<S>(
    stream: S,
    http: auto::Builder<TokioExecutor>,
    told: Told,
    settings: Settings,
    mut phase: watch::Receiver<Phase>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let owed = told.owed.clone();
    let stream = Patient::new(stream, settings.write_timeout);
    let connection = http.serve_connection(TokioIo::new(stream), told);
    let mut connection = std::pin::pin!(connection);
    let mut stuck = std::pin::pin!(owed.stuck(settings.write_timeout));
    loop {
        tokio::select! {
            () = stuck.as_mut() => {
                tracing::debug!(listener = settings.name, "a client did not take its answers");
                return;
            }
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(listener = settings.name, %error, "a connection ended early");
                }
                return;
            }
            _ = phase.changed() => match *phase.borrow_and_update() {
                Phase::Open => {}
                Phase::Draining => connection.as_mut().graceful_shutdown(),
                Phase::Closed => return,
            },
        }
    }
}

/// The router, with the origin of the connection added to each request.
struct Told {
    router: Router,
    peer: Peer,
    asked: Arc<AtomicBool>,
    owed: Arc<Owed>,
}

impl Service<Request<Incoming>> for Told {
    type Response = axum::response::Response;
    type Error = Infallible;
    type Future = Either<RouteFuture<Infallible>, BoxFuture<'static, Result<Self::Response, Infallible>>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        self.asked.store(true, Ordering::Relaxed);
        request.extensions_mut().insert(self.peer);
        let watched = request.version() == Version::HTTP_2;
        // A router is always ready.
        let answering = tower::Service::call(&mut self.router.clone(), request);
        if !watched {
            return Either::Left(answering);
        }
        let owed = self.owed.clone();
        Either::Right(Box::pin(async move {
            let response = answering.await?;
            Ok(response.map(|body| Body::new(Watched::new(body, &owed))))
        }))
    }
}

/// Ends when nothing was requested for too long. With HTTP/2 inside TLS, nothing else notices a client that never
/// speaks.
async fn silence(asked: Arc<AtomicBool>, patience: Duration) {
    tokio::time::sleep(patience).await;
    if asked.load(Ordering::Relaxed) {
        std::future::pending::<()>().await;
    }
}

/// Waits until it is clear which protocol the client speaks. hyper waits for that without a bound, and a client that
/// sends nothing, or only the first bytes of the HTTP/2 preface, would occupy its connection forever.
async fn speaks(stream: &TcpStream, patience: Duration, phase: &mut watch::Receiver<Phase>) -> bool {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let clear = async {
        let mut seen = [0_u8; PREFACE.len()];
        loop {
            let count = stream.peek(&mut seen).await.unwrap_or_default();
            let given = seen.get(..count).unwrap_or_default();
            if count == 0 || count == PREFACE.len() || !PREFACE.starts_with(given) {
                return count > 0;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        clear = tokio::time::timeout(patience, clear) => clear.unwrap_or(false),
        _ = phase.wait_for(|phase| *phase != Phase::Open) => false,
    }
}

/// Counts a connection for as long as it lives.
struct Open(metrics::Gauge);

impl Open {
    fn new(listener: &'static str) -> Open {
        let gauge = metrics::gauge!("http_connections_active", "listener" => listener);
        gauge.increment(1.0);
        Open(gauge)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}
