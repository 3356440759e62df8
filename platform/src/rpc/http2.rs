//! Calls over HTTP/2 to one or several processes of a service: a few connections, each shared by many calls.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use kernel::{Clock, Monotonic};

use super::routes::failure_of;
use super::{BODY_BYTES_MAX, Connect, Credential, Transport, TransportError, path};

const CONNECT_MAX: Duration = Duration::from_secs(1);
/// Detects peers that vanished.
const PING_EVERY: Duration = Duration::from_secs(2);
const PING_WAIT: Duration = Duration::from_secs(2);
/// A process that could not be reached is skipped for this long while another one can be called.
const AVOIDED_MS: u64 = 1_000;

type Sender = SendRequest<Full<Bytes>>;

pub struct Http2 {
    peers: Vec<Peer>,
    credential: Credential,
    connect: Arc<dyn Connect>,
    clock: Arc<dyn Clock>,
    turn: AtomicUsize,
}

/// One process that can be called.
struct Peer {
    address: String,
    slots: Vec<Slot>,
    /// The time, in microseconds of the monotonic clock, until which others are preferred.
    avoided_until: AtomicU64,
}

/// A slot for a connection. `opening` lets one caller open it while the others wait.
#[derive(Default)]
struct Slot {
    sender: Mutex<Option<Sender>>,
    opening: tokio::sync::Mutex<()>,
}

impl Http2 {
    /// `addresses` are equivalent: any of them can answer. `connections` is the number to each one.
    pub fn new(
        addresses: impl IntoIterator<Item = String>,
        connections: usize,
        credential: &Credential,
        connect: Arc<dyn Connect>,
        clock: Arc<dyn Clock>,
    ) -> Http2 {
        let slots = || (0..connections.max(1)).map(|_| Slot::default()).collect();
        let peer = |address| Peer { address, slots: slots(), avoided_until: AtomicU64::new(0) };
        let (peers, credential) = (addresses.into_iter().map(peer).collect(), credential.clone());
        Http2 { peers, credential, connect, clock, turn: AtomicUsize::new(0) }
    }

    /// The next one in turn that is not avoided, or just the next one if all are.
    fn choose(&self) -> Option<(&Peer, &Slot)> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let now = self.clock.monotonic();
        let count = self.peers.len().max(1);
        let mut in_turn = self.peers.iter().cycle().skip(turn % count).take(count);
        let peer = in_turn.clone().find(|peer| !peer.is_avoided(now)).or_else(|| in_turn.next())?;
        let slot = peer.slots.get(turn / count % peer.slots.len())?;
        Some((peer, slot))
    }

    async fn sender(&self, peer: &Peer, slot: &Slot) -> Result<Sender, TransportError> {
        if let Some(sender) = slot.open() {
            return Ok(sender);
        }
        let _opening = slot.opening.lock().await;
        if let Some(sender) = slot.open() {
            return Ok(sender);
        }
        let opened = tokio::time::timeout(CONNECT_MAX, self.open(peer)).await;
        let opened = opened.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        let sender = opened.map_err(|error| {
            peer.avoid(self.clock.monotonic());
            TransportError::NotSent(format!("connect to {}: {error}", peer.address))
        })?;
        slot.put(Some(sender.clone()));
        Ok(sender)
    }

    async fn open(&self, peer: &Peer) -> io::Result<Sender> {
        let stream = self.connect.connect(&peer.address).await?;
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .keep_alive_interval(PING_EVERY)
            .keep_alive_timeout(PING_WAIT)
            .keep_alive_while_idle(true);
        let (sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to a service ended");
            }
        });
        Ok(sender)
    }

    fn request(
        &self,
        peer: &Peer,
        service: &str,
        method: &str,
        call: Bytes,
    ) -> Result<Request<Full<Bytes>>, TransportError> {
        Request::post(format!("http://{}{}", peer.address, path(service, method)))
            .header(AUTHORIZATION, self.credential.bearer())
            .header(CONTENT_TYPE, "application/json")
            .header(HOST, &peer.address)
            .body(Full::new(call))
            .map_err(|error| TransportError::NotUnderstood(error.to_string()))
    }
}

#[async_trait]
impl Transport for Http2 {
    async fn carry(&self, service: &str, method: &str, call: Bytes) -> Result<Bytes, TransportError> {
        let none = || TransportError::NotSent("no address of the service is known".to_owned());
        let (peer, slot) = self.choose().ok_or_else(none)?;
        let request = self.request(peer, service, method, call)?;
        let mut sender = self.sender(peer, slot).await?;
        if let Err(error) = sender.ready().await {
            slot.put(None);
            return Err(TransportError::NotSent(error.to_string()));
        }
        match sender.try_send_request(request).await {
            Ok(response) => read(response).await,
            Err(mut failed) => {
                slot.put(None);
                let sent = failed.take_message().is_none();
                let why = format!("{}: {}", peer.address, failed.error());
                Err(if sent { TransportError::Lost(why) } else { TransportError::NotSent(why) })
            }
        }
    }
}

async fn read(response: Response<Incoming>) -> Result<Bytes, TransportError> {
    let (head, body) = response.into_parts();
    let body = Limited::new(body, BODY_BYTES_MAX).collect().await;
    let body = body.map_err(|error| TransportError::Lost(error.to_string()))?.to_bytes();
    if head.status == StatusCode::OK { Ok(body) } else { Err(failure_of(head.status, &head.headers, &body)) }
}

impl Peer {
    fn is_avoided(&self, now: Monotonic) -> bool {
        self.avoided_until.load(Ordering::Relaxed) > now.micros()
    }

    fn avoid(&self, now: Monotonic) {
        self.avoided_until.store(now.plus_millis(AVOIDED_MS).micros(), Ordering::Relaxed);
    }
}

impl Slot {
    fn open(&self) -> Option<Sender> {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        sender.as_ref().filter(|sender| !sender.is_closed()).cloned()
    }

    fn put(&self, sender: Option<Sender>) {
        *self.sender.lock().unwrap_or_else(PoisonError::into_inner) = sender;
    }
}

impl fmt::Debug for Http2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let addresses = self.peers.iter().map(|peer| &peer.address);
        f.debug_list().entries(addresses).finish()
    }
}
