//! Accepts connections, hands their requests to a router, and at the end lets those that run finish.
//!
//! A loop of our own around hyper, because the ready-made one has no bound on connections, on headers that never end,
//! or on how long a drain may take.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinHandle;

use super::shed;
use crate::config::Server;

const HTTP2_STREAMS_MAX: u32 = 256;
/// Finds HTTP/2 peers that went away without a word; HTTP/1 connections end with the header timeout.
const HTTP2_PING_EVERY: Duration = Duration::from_secs(20);
/// For the headers of HTTP/1, per connection; hyper's own default is seven times that. Longer ones are answered 431.
const BUFFER_BYTES_MAX: usize = 65_536;
/// After a failed accept (out of file descriptors, mostly) a pause is the only thing that helps.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    #[error("{address} is in use by another process; choose another port with {key} or stop that one")]
    InUse { address: SocketAddr, key: &'static str },
    #[error("cannot listen on {address} ({key}): {cause}")]
    Other { address: SocketAddr, key: &'static str, cause: io::Error },
}

#[derive(Debug, Clone, Copy)]
pub struct Settings {
    pub name: &'static str,
    pub connections_max: u32,
    pub header_timeout: Duration,
}

impl Settings {
    pub fn new(name: &'static str, server: &Server) -> Settings {
        let header_timeout = Duration::from_millis(server.header_timeout_ms);
        Settings { name, connections_max: server.connections_max, header_timeout }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    Draining,
    Closed,
}

/// What a drain came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drained {
    /// Every connection finished what it was doing.
    All,
    /// The time was over; this many were cut.
    Cut(usize),
}

/// An open port and the connections that came through it.
#[derive(Debug)]
pub struct Listener {
    address: SocketAddr,
    phase: watch::Sender<Phase>,
    accepting: JoinHandle<()>,
    places: Arc<Semaphore>,
    settings: Settings,
}

/// A port that is taken, and not answered from yet: its address can be told to others before there is anything to answer.
#[derive(Debug)]
pub struct Bound {
    socket: TcpListener,
    address: SocketAddr,
}

impl Bound {
    /// `key` is the setting to name if the port cannot be had.
    pub async fn bind(address: SocketAddr, key: &'static str) -> Result<Bound, ListenError> {
        let socket = TcpListener::bind(address).await.map_err(|cause| match cause.kind() {
            io::ErrorKind::AddrInUse => ListenError::InUse { address, key },
            _ => ListenError::Other { address, key, cause },
        })?;
        let address = socket.local_addr().map_err(|cause| ListenError::Other { address, key, cause })?;
        Ok(Bound { socket, address })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers from now on.
    pub fn serve(self, router: Router, settings: Settings) -> Listener {
        let (phase, watching) = watch::channel(Phase::Open);
        let places = Arc::new(Semaphore::new(settings.connections_max as usize));
        let accept = Accept { socket: self.socket, router, settings, places: places.clone(), phase: watching };
        Listener { address: self.address, phase, accepting: tokio::spawn(accept.run()), places, settings }
    }
}

impl Listener {
    /// Opens the port and answers from it at once. `key` is the setting to name if the port cannot be had.
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

    /// Closes the port, lets running requests finish for as long as `patience`, then cuts what is left.
    pub async fn drain(self, patience: Duration) -> Drained {
        self.phase.send_replace(Phase::Draining);
        if self.accepting.await.is_err() {
            tracing::error!(listener = self.settings.name, "the accept loop had ended before");
        }
        // Each connection holds one place, so all places being free again means that all connections are gone.
        let all = self.places.acquire_many(self.settings.connections_max);
        let finished = tokio::time::timeout(patience, all).await.is_ok();
        let left = self.settings.connections_max as usize - self.places.available_permits();
        self.phase.send_replace(Phase::Closed);
        if finished { Drained::All } else { Drained::Cut(left) }
    }
}

struct Accept {
    socket: TcpListener,
    router: Router,
    settings: Settings,
    places: Arc<Semaphore>,
    phase: watch::Receiver<Phase>,
}

impl Accept {
    async fn run(mut self) {
        let refusing = Arc::new(Semaphore::new(shed::AT_ONCE_MAX));
        let http = self.http();
        loop {
            let accepted = tokio::select! {
                accepted = self.socket.accept() => accepted,
                _ = self.phase.changed() => return,
            };
            match (accepted, self.places.clone().try_acquire_owned()) {
                (Ok((stream, _)), Ok(place)) => self.serve(stream, place, http.clone()),
                (Ok((stream, _)), Err(_)) => shed::refuse(stream, self.settings.name, &refusing),
                (Err(error), _) => {
                    tracing::warn!(listener = self.settings.name, %error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// HTTP/1, and HTTP/2 by clients that know beforehand.
    fn http(&self) -> auto::Builder<TokioExecutor> {
        let mut http = auto::Builder::new(TokioExecutor::new());
        http.http1()
            .timer(TokioTimer::new())
            .header_read_timeout(self.settings.header_timeout)
            .max_buf_size(BUFFER_BYTES_MAX);
        http.http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(HTTP2_STREAMS_MAX)
            .keep_alive_interval(HTTP2_PING_EVERY);
        http
    }

    fn serve(&self, stream: TcpStream, place: OwnedSemaphorePermit, http: auto::Builder<TokioExecutor>) {
        let service = TowerToHyperService::new(self.router.clone());
        let (mut phase, settings) = (self.phase.clone(), self.settings);
        tokio::spawn(async move {
            let _place = place;
            let _open = Open::new(settings.name);
            if stream.set_nodelay(true).is_err() || !speaks(&stream, settings.header_timeout, &mut phase).await {
                return;
            }
            let connection = http.serve_connection(TokioIo::new(stream), service);
            let mut connection = std::pin::pin!(connection);
            loop {
                tokio::select! {
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
        });
    }
}

/// Waits until it is clear which protocol the client speaks. hyper waits for that without a bound, and a client that sends
/// nothing, or the first letters of the HTTP/2 preface only, would keep its place for ever.
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
