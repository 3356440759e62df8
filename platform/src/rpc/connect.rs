//! Connections to other processes: TCP, with TLS if there are certificates.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};

use crate::tls::Tls;

/// For one of several DNS records: the next one is tried before the call has to be given up.
const RECORD_MAX: Duration = Duration::from_millis(400);
const RECORDS_MAX: usize = 8;

/// Bytes in both directions.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// Opens connections; a simulation provides its own network.
#[async_trait]
pub trait Connect: Send + Sync {
    async fn connect(&self, address: &str) -> io::Result<Box<dyn Io>>;
}

#[derive(Debug, Clone, Copy, Default)]
pub struct TcpConnect;

#[async_trait]
impl Connect for TcpConnect {
    async fn connect(&self, address: &str) -> io::Result<Box<dyn Io>> {
        Ok(Box::new(dial(address).await?))
    }
}

/// Both sides present a certificate, and the called side's must be for the name it was called by.
#[derive(Clone)]
pub struct TlsConnect(Arc<Tls>);

impl TlsConnect {
    pub fn new(tls: Arc<Tls>) -> TlsConnect {
        TlsConnect(tls)
    }
}

#[async_trait]
impl Connect for TlsConnect {
    async fn connect(&self, address: &str) -> io::Result<Box<dyn Io>> {
        let host = address.rsplit_once(':').map_or(address, |(host, _)| host).trim_matches(['[', ']']);
        let stream = self.0.connect(host, dial(address).await?).await?;
        Ok(Box::new(stream))
    }
}

impl fmt::Debug for TlsConnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsConnect")
    }
}

/// A name is resolved again for each connection, because its addresses change.
async fn dial(address: &str) -> io::Result<TcpStream> {
    let records: Vec<SocketAddr> = lookup_host(address).await?.take(RECORDS_MAX).collect();
    let several = records.len() > 1;
    let mut failed = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for record in records {
        match reach(record, several).await {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// The caller bounds the whole; a single one of several must not use it all up.
async fn reach(record: SocketAddr, several: bool) -> io::Result<TcpStream> {
    let reaching = TcpStream::connect(record);
    if !several {
        return reaching.await;
    }
    tokio::time::timeout(RECORD_MAX, reaching).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}
