//! Accepts connections, passes their requests to a router, and at shutdown lets running ones finish.
//!
//! A loop of our own around hyper, because the ready-made one has no bound on connections, on headers that never end,
//! or on the length of a drain.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto;
use ipnet::IpNet;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use super::connection::{self, Shared};
use super::places::Places;
use super::shed;
use crate::config::Server;
use crate::config::network::network;
use crate::tls::Tls;

const HTTP2_STREAMS_MAX: u32 = 256;
/// Detects HTTP/2 peers that vanished; HTTP/1 connections end with the header timeout.
const HTTP2_PING_EVERY: Duration = Duration::from_secs(20);
/// For the headers of HTTP/1, per connection; hyper's default is seven times that. Longer ones are answered 431.
const BUFFER_BYTES_MAX: usize = 65_536;
/// After a failed accept (usually out of file descriptors) only a pause helps.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    #[error("{address} is in use by another process; choose another port with {key} or stop that process")]
    InUse { address: SocketAddr, key: &'static str },
    #[error("cannot listen on {address} ({key}): {cause}")]
    Other { address: SocketAddr, key: &'static str, cause: io::Error },
}

#[derive(Debug, Clone, Copy)]
pub struct Settings {
    pub name: &'static str,
    pub connections_max: u32,
    pub connections_per_address_max: u32,
    pub header_timeout: Duration,
    pub write_timeout: Duration,
}

impl Settings {
    pub fn new(name: &'static str, server: &Server) -> Settings {
        Settings {
            name,
            connections_max: server.connections_max,
            connections_per_address_max: server.connections_per_address_max,
            header_timeout: Duration::from_millis(server.header_timeout_ms),
            write_timeout: Duration::from_millis(server.write_timeout_ms),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Open,
    Draining,
    Closed,
}

/// The result of a drain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drained {
    /// Every connection finished its work.
    All,
    /// The time was over; this many connections were cut.
    Cut(usize),
}

/// An open port and its connections.
#[derive(Debug)]
pub struct Listener {
    address: SocketAddr,
    phase: watch::Sender<Phase>,
    accepting: JoinHandle<()>,
    places: Arc<Places>,
    settings: Settings,
    has_tls: bool,
}

/// A bound port that does not answer yet: others can be told its address before there is anything to answer.
#[derive(Debug)]
pub struct Bound {
    socket: TcpListener,
    address: SocketAddr,
    proxies: Vec<IpNet>,
    probe: fn(&str) -> bool,
}

impl Bound {
    /// `key` is the setting to name if the port cannot be bound.
    pub async fn bind(address: SocketAddr, key: &'static str) -> Result<Bound, ListenError> {
        let socket = TcpListener::bind(address).await.map_err(|cause| match cause.kind() {
            io::ErrorKind::AddrInUse => ListenError::InUse { address, key },
            _ => ListenError::Other { address, key, cause },
        })?;
        let address = socket.local_addr().map_err(|cause| ListenError::Other { address, key, cause })?;
        Ok(Bound { socket, address, proxies: Vec::new(), probe: |_| false })
    }

    /// Proxies may open as many connections as there are places: theirs are those of many clients.
    #[must_use]
    pub fn trusting(mut self, proxies: &[String]) -> Bound {
        self.proxies = proxies.iter().filter_map(|proxy| network(proxy)).collect();
        self
    }

    /// Answers these paths even when no place is free.
    #[must_use]
    pub fn always_answering(mut self, probe: fn(&str) -> bool) -> Bound {
        self.probe = probe;
        self
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts to answer, in plain HTTP.
    pub fn serve(self, router: Router, settings: Settings) -> Listener {
        self.serve_over(None, router, settings)
    }

    /// Starts to answer, over TLS if given.
    pub fn serve_over(self, tls: Option<Arc<Tls>>, router: Router, settings: Settings) -> Listener {
        let (phase, watching) = watch::channel(Phase::Open);
        let places = Places::new(settings.connections_max, settings.connections_per_address_max, self.proxies);
        let has_tls = tls.is_some();
        let shared = Arc::new(Shared { router, settings, tls, http: http(settings), probe: self.probe });
        let accept = Accept { socket: self.socket, shared, places: places.clone(), phase: watching };
        Listener { address: self.address, phase, accepting: tokio::spawn(accept.run()), places, settings, has_tls }
    }
}

impl Listener {
    /// Binds the port and starts to answer. `key` is the setting to name if the port cannot be bound.
    pub async fn open(
        address: SocketAddr,
        key: &'static str,
        router: Router,
        settings: Settings,
    ) -> Result<Listener, ListenError> {
        Ok(Bound::bind(address, key).await?.serve(router, settings))
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// As callers write it.
    pub fn url(&self) -> String {
        format!("{}://{}", if self.has_tls { "https" } else { "http" }, self.address)
    }

    /// Closes the port, lets running requests finish for at most `patience`, then cuts the rest.
    pub async fn drain(self, patience: Duration) -> Drained {
        self.phase.send_replace(Phase::Draining);
        if self.accepting.await.is_err() {
            tracing::error!(listener = self.settings.name, "the accept loop had ended before");
        }
        // Each connection holds one place, so when all places are free again all connections are gone.
        let finished = tokio::time::timeout(patience, self.places.all_free()).await.is_ok();
        let left = self.places.in_use();
        self.phase.send_replace(Phase::Closed);
        if finished { Drained::All } else { Drained::Cut(left) }
    }
}

struct Accept {
    socket: TcpListener,
    shared: Arc<Shared>,
    places: Arc<Places>,
    phase: watch::Receiver<Phase>,
}

impl Accept {
    async fn run(mut self) {
        let refusing = Arc::new(Semaphore::new(shed::AT_ONCE_MAX));
        let name = self.shared.settings.name;
        loop {
            let accepted = tokio::select! {
                accepted = self.socket.accept() => accepted,
                _ = self.phase.changed() => return,
            };
            let (stream, from) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(listener = name, %error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let peer = self.shared.peer(&stream, from);
            let Some(place) = self.places.take(peer.address) else {
                shed::refuse(stream, peer, &self.shared, &refusing);
                continue;
            };
            let (shared, phase) = (self.shared.clone(), self.phase.clone());
            tokio::spawn(async move {
                let _place = place;
                connection::run(shared, stream, peer, phase).await;
            });
        }
    }
}

/// HTTP/1, and HTTP/2 by clients with prior knowledge.
fn http(settings: Settings) -> auto::Builder<TokioExecutor> {
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1().timer(TokioTimer::new()).header_read_timeout(settings.header_timeout).max_buf_size(BUFFER_BYTES_MAX);
    http.http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(HTTP2_STREAMS_MAX)
        .keep_alive_interval(HTTP2_PING_EVERY);
    http
}
