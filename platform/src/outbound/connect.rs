//! Outbound connections: the name is resolved, each of its addresses is checked, and only then is one of them called.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tower::Service;

use super::{AddressRules, OutboundError, Resolve};
use crate::rpc::Io;

/// Why no connection was made, passed through the client's own errors.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Refused(pub(super) OutboundError);

#[derive(Clone)]
pub(super) struct Connector {
    rules: Arc<AddressRules>,
    resolver: Arc<dyn Resolve>,
    tls: TlsConnector,
    connect_max: Duration,
}

impl Connector {
    pub(super) fn new(
        rules: AddressRules,
        resolver: Arc<dyn Resolve>,
        tls: Arc<ClientConfig>,
        connect_max: Duration,
    ) -> Connector {
        Connector { rules: Arc::new(rules), resolver, tls: TlsConnector::from(tls), connect_max }
    }

    async fn connect(self, uri: Uri) -> Result<Wire, Refused> {
        let is_https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(Refused(OutboundError::UrlInvalid)),
        };
        let host = uri.host().ok_or(Refused(OutboundError::UrlInvalid))?.trim_matches(['[', ']']);
        let port = uri.port_u16().unwrap_or(if is_https { 443 } else { 80 });
        let addresses = self.addresses(host, port).await?;
        let made = tokio::time::timeout(self.connect_max, async {
            let stream = dial(&addresses).await?;
            if is_https { self.encrypt(host, stream).await } else { Ok(Wire::plain(stream)) }
        });
        made.await.unwrap_or(Err(Refused(OutboundError::NotReached)))
    }

    /// A name with one forbidden address is not called at all.
    async fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, Refused> {
        let addresses = match host.parse::<IpAddr>() {
            Ok(address) => vec![SocketAddr::new(address, port)],
            Err(_) => {
                let found = tokio::time::timeout(self.connect_max, self.resolver.resolve(host, port)).await;
                found.ok().and_then(Result::ok).unwrap_or_default()
            }
        };
        if !addresses.iter().all(|address| self.rules.allows(address.ip())) {
            return Err(Refused(OutboundError::AddressForbidden));
        }
        if addresses.is_empty() { Err(Refused(OutboundError::NotReached)) } else { Ok(addresses) }
    }

    async fn encrypt(&self, host: &str, stream: TcpStream) -> Result<Wire, Refused> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| Refused(OutboundError::UrlInvalid))?;
        let stream = self.tls.connect(name, stream).await.map_err(|error| {
            let trouble = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
            let untrusted = matches!(trouble, Some(rustls::Error::InvalidCertificate(_)));
            Refused(if untrusted { OutboundError::NotTrusted } else { OutboundError::NotReached })
        })?;
        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        Ok(Wire { io: TokioIo::new(Box::new(stream)), is_http2 })
    }
}

async fn dial(addresses: &[SocketAddr]) -> Result<TcpStream, Refused> {
    for address in addresses {
        if let Ok(stream) = TcpStream::connect(address).await {
            // A small request must not wait for an acknowledgement.
            let _ = stream.set_nodelay(true);
            return Ok(stream);
        }
    }
    Err(Refused(OutboundError::NotReached))
}

impl Service<Uri> for Connector {
    type Response = Wire;
    type Error = Refused;
    type Future = Pin<Box<dyn Future<Output = Result<Wire, Refused>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Refused>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().connect(uri))
    }
}

/// One connection.
pub(super) struct Wire {
    io: TokioIo<Box<dyn Io>>,
    is_http2: bool,
}

impl Wire {
    fn plain(stream: TcpStream) -> Wire {
        Wire { io: TokioIo::new(Box::new(stream)), is_http2: false }
    }
}

impl Connection for Wire {
    fn connected(&self) -> Connected {
        if self.is_http2 { Connected::new().negotiated_h2() } else { Connected::new() }
    }
}

impl Read for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl Write for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
