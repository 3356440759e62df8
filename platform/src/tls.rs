//! TLS 1.3 for listeners and for calls between processes, from files that may change while in use.
//!
//! One pair of files serves both ends: a listener presents the certificate, and with `ca` it requires one signed by
//! that from clients, and calls others the same way. Invariants: only TLS 1.3 with two suites, on aws-lc-rs; an expired
//! certificate, or one that does not match its key, is never used; a certificate in use stays in use if its replacement
//! is bad; no connection ends because a certificate changed.

mod files;
mod suites;

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::Duration;

use aws_lc_rs::digest;
use kernel::Clock;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

use files::{Read, Usable};
pub use files::{TlsError, TlsFiles};
use suites::Ends;
pub(crate) use suites::outgoing;

/// How often the files are checked.
const LOOKED_EVERY: Duration = Duration::from_secs(3);

pub struct Tls {
    /// The name in metrics and in the log.
    name: &'static str,
    files: TlsFiles,
    clock: Arc<dyn Clock>,
    in_force: RwLock<InForce>,
    /// The last error about unusable files, so that it is logged once.
    complaint: Mutex<Option<String>>,
}

struct InForce {
    /// What was read, to detect a change.
    digest: [u8; 32],
    ends: Ends,
}

impl Tls {
    /// Reads the files and keeps checking them for as long as this is held.
    pub fn open(name: &'static str, files: TlsFiles, clock: Arc<dyn Clock>) -> Result<Arc<Tls>, TlsError> {
        let read = files.read()?;
        let (usable, ends) = made(&read, &files, &*clock)?;
        told(name, &usable);
        let in_force = RwLock::new(InForce { digest: read.digest(), ends });
        let tls = Arc::new(Tls { name, files, clock, in_force, complaint: Mutex::default() });
        tokio::spawn(watch(Arc::downgrade(&tls)));
        Ok(tls)
    }

    /// Uses the files' contents if they are new and good. Returns whether they were; open connections are not affected.
    pub async fn look(self: &Arc<Tls>) -> bool {
        let tls = Arc::clone(self);
        // Files may be on a filesystem that hangs.
        let looked = tokio::task::spawn_blocking(move || tls.take_up()).await;
        let looked = looked.unwrap_or_else(|error| Err(TlsError::Unread { cause: io::Error::other(error) }));
        let mut complaint = self.complaint.lock().unwrap_or_else(PoisonError::into_inner);
        match looked {
            Ok(new) => {
                *complaint = None;
                new
            }
            Err(error) => {
                let said = Some(error.to_string());
                if *complaint != said {
                    metrics::counter!("tls_certificates_refused_total", "listener" => self.name).increment(1);
                    tracing::error!(listener = self.name, %error, "the new certificate is not used; the previous one stays");
                }
                *complaint = said;
                false
            }
        }
    }

    fn take_up(&self) -> Result<bool, TlsError> {
        let read = self.files.read()?;
        let digest = read.digest();
        if self.in_force.read().unwrap_or_else(PoisonError::into_inner).digest == digest {
            return Ok(false);
        }
        let (usable, ends) = made(&read, &self.files, &*self.clock)?;
        *self.in_force.write().unwrap_or_else(PoisonError::into_inner) = InForce { digest, ends };
        told(self.name, &usable);
        Ok(true)
    }

    pub(crate) async fn accept(&self, stream: TcpStream) -> io::Result<server::TlsStream<TcpStream>> {
        TlsAcceptor::from(self.ends().server).accept(stream).await
    }

    /// An encrypted connection, and the SHA-256 of the certificate that its client showed, if it had to show one.
    ///
    /// # Errors
    /// There is no connection, or a certificate that is not trusted.
    pub async fn accept_known(
        &self,
        stream: TcpStream,
    ) -> io::Result<(impl AsyncRead + AsyncWrite + Send + Unpin + use<>, Option<[u8; 32]>)> {
        let stream = self.accept(stream).await?;
        let shown = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
        let digest = shown.map(|certificate| digest::digest(&digest::SHA256, certificate));
        let digest = digest.and_then(|digest| digest.as_ref().try_into().ok());
        Ok((stream, digest))
    }

    /// `host` must be in the other side's certificate.
    pub(crate) async fn connect(&self, host: &str, stream: TcpStream) -> io::Result<client::TlsStream<TcpStream>> {
        let config =
            self.ends().client.ok_or_else(|| io::Error::other("there is no root certificate to verify others with"))?;
        let host = ServerName::try_from(host.to_owned())
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        TlsConnector::from(config).connect(host, stream).await
    }

    fn ends(&self) -> Ends {
        self.in_force.read().unwrap_or_else(PoisonError::into_inner).ends.clone()
    }
}

fn made(read: &Read, files: &TlsFiles, clock: &dyn Clock) -> Result<(Usable, Ends), TlsError> {
    let usable = read.usable(files, clock.now())?;
    let ends = suites::ends(&usable).map_err(|cause| TlsError::Refused { path: files.certificate.clone(), cause })?;
    Ok((usable, ends))
}

fn told(name: &'static str, usable: &Usable) {
    let expires_s = usable.expires.micros() / 1_000_000;
    metrics::gauge!("ssl_certificate_expiry_timestamp", "listener" => name).set(expires_s as f64);
    tracing::info!(listener = name, expires = %usable.expires, "a certificate is in use");
}

async fn watch(tls: Weak<Tls>) {
    loop {
        tokio::time::sleep(LOOKED_EVERY).await;
        let Some(tls) = tls.upgrade() else { return };
        tls.look().await;
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tls({}, {})", self.name, self.files.certificate.display())
    }
}
