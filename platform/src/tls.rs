//! TLS 1.3 for listeners and for calls between processes, from files that may change while it is in use.
//!
//! One pair of files makes both ends: a listener shows the certificate, and with `ca` it wants one that is signed by that from
//! whoever connects, and calls others the same way. Invariants: nothing but TLS 1.3 with two suites is spoken, on aws-lc-rs
//! alone; a certificate that has expired or does not fit its key is never taken up; what is in force stays in force when its
//! replacement is bad; no connection ends because a certificate changed.

mod files;
mod suites;

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::Duration;

use kernel::Clock;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

use files::{Read, Usable};
pub use files::{TlsError, TlsFiles};
use suites::Ends;

/// How often the files are looked at.
const LOOKED_EVERY: Duration = Duration::from_secs(3);

pub struct Tls {
    /// In metrics and in the log.
    name: &'static str,
    files: TlsFiles,
    clock: Arc<dyn Clock>,
    in_force: RwLock<InForce>,
    /// What was said last of files that could not be taken up, so that it is said once.
    complaint: Mutex<Option<String>>,
}

struct InForce {
    /// What was read, to know a change by.
    digest: [u8; 32],
    ends: Ends,
}

impl Tls {
    /// Reads the files and goes on looking at them for as long as this is held.
    pub fn open(name: &'static str, files: TlsFiles, clock: Arc<dyn Clock>) -> Result<Arc<Tls>, TlsError> {
        let read = files.read()?;
        let (usable, ends) = made(&read, &files, &*clock)?;
        told(name, &usable);
        let in_force = RwLock::new(InForce { digest: read.digest(), ends });
        let tls = Arc::new(Tls { name, files, clock, in_force, complaint: Mutex::default() });
        tokio::spawn(watch(Arc::downgrade(&tls)));
        Ok(tls)
    }

    /// Takes up what the files hold if it is new and good. Whether it was; connections that are open stay as they are.
    pub async fn look(self: &Arc<Tls>) -> bool {
        let tls = Arc::clone(self);
        // Files may lie on something that hangs.
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
                    tracing::error!(listener = self.name, %error, "the certificate is not taken up; the one before stays");
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

    /// `host` has to stand in the other one's certificate.
    pub(crate) async fn connect(&self, host: &str, stream: TcpStream) -> io::Result<client::TlsStream<TcpStream>> {
        let config =
            self.ends().client.ok_or_else(|| io::Error::other("there is no certificate to trust others by"))?;
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
    tracing::info!(listener = name, expires = %usable.expires, "a certificate is in force");
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
