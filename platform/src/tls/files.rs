//! The files of a certificate: read, and checked before anything of them is used.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::digest;
use kernel::Timestamp;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use zeroize::Zeroizing;

use super::suites;
use crate::config::{RpcTls, ServerTls};

/// More than any certificate needs.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// Mode bits that let other users read or write the key file.
const EVERYBODY: u32 = 0o007;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The process's own certificate first, then the intermediates.
    pub certificate: PathBuf,
    pub key: PathBuf,
    /// The roots that sign both clients and servers.
    pub ca: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("{path} cannot be read: {cause}")]
    File { path: PathBuf, cause: io::Error },
    #[error("the certificate files could not be checked: {cause}")]
    Unread { cause: io::Error },
    #[error(
        "the private key {path} can be read by everybody on this machine; chmod 600 it, or set defaultMode: 0400 on the volume"
    )]
    Open { path: PathBuf },
    #[error("{path} has no {what} in PEM")]
    Malformed { path: PathBuf, what: &'static str },
    #[error("the certificate {path} and the key {key} do not match")]
    NotAPair { path: PathBuf, key: PathBuf },
    #[error("the certificate {path} has expired, at {at}")]
    Expired { path: PathBuf, at: Timestamp },
    #[error("the certificate {path} is not valid before {at}")]
    NotYetValid { path: PathBuf, at: Timestamp },
    #[error("the certificate {path} cannot be used: {cause}")]
    Refused { path: PathBuf, cause: rustls::Error },
}

/// What the files held at one moment.
pub(super) struct Read {
    certificate: Vec<u8>,
    key: Zeroizing<Vec<u8>>,
    ca: Option<Vec<u8>>,
}

/// A certificate with its key that can be used now.
pub(super) struct Usable {
    pub(super) shown: Arc<CertifiedKey>,
    pub(super) trusted: Option<Arc<RootCertStore>>,
    /// When the first of the chain expires.
    pub(super) expires: Timestamp,
}

impl TlsFiles {
    /// For the public listener; `None` if not configured.
    pub fn of_server(tls: &ServerTls) -> Option<TlsFiles> {
        let (certificate, key) = (tls.certificate_file.clone()?, tls.key_file.clone()?);
        Some(TlsFiles { certificate, key, ca: None })
    }

    /// For calls between processes; `None` if not configured.
    pub fn of_rpc(tls: &RpcTls) -> Option<TlsFiles> {
        let (certificate, key) = (tls.certificate_file.clone()?, tls.key_file.clone()?);
        Some(TlsFiles { certificate, key, ca: Some(tls.ca_file.clone()?) })
    }

    pub(super) fn read(&self) -> Result<Read, TlsError> {
        let ca = self.ca.as_ref().map(|ca| read(ca, false)).transpose()?;
        Ok(Read { certificate: read(&self.certificate, false)?, key: Zeroizing::new(read(&self.key, true)?), ca })
    }
}

impl Read {
    pub(super) fn digest(&self) -> [u8; 32] {
        let mut digest = digest::Context::new(&digest::SHA256);
        for part in [&self.certificate, &*self.key, self.ca.as_ref().unwrap_or(&Vec::new())] {
            digest.update(&(part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        digest.finish().as_ref().try_into().expect("SHA-256 has 32 bytes")
    }

    pub(super) fn usable(&self, files: &TlsFiles, now: Timestamp) -> Result<Usable, TlsError> {
        let path = &files.certificate;
        let chain = certificates(path, &self.certificate)?;
        let expires = expires(path, &chain, now)?;
        let key = PrivateKeyDer::from_pem_slice(&self.key)
            .map_err(|_| TlsError::Malformed { path: files.key.clone(), what: "private key" })?;
        let shown = CertifiedKey::from_der(chain, key, &suites::provider()).map_err(|cause| match cause {
            rustls::Error::InconsistentKeys(_) => TlsError::NotAPair { path: path.clone(), key: files.key.clone() },
            cause => TlsError::Refused { path: path.clone(), cause },
        })?;
        let trusted = files.ca.as_ref().zip(self.ca.as_ref()).map(|(path, ca)| roots(path, ca)).transpose()?;
        Ok(Usable { shown: Arc::new(shown), trusted: trusted.map(Arc::new), expires })
    }
}

fn read(path: &Path, private: bool) -> Result<Vec<u8>, TlsError> {
    let failed = |cause| TlsError::File { path: path.to_owned(), cause };
    let file = File::open(path).map_err(failed)?;
    if private && file.metadata().map_err(failed)?.permissions().mode() & EVERYBODY != 0 {
        return Err(TlsError::Open { path: path.to_owned() });
    }
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(TlsError::Malformed { path: path.to_owned(), what: "certificate" }),
    }
}

/// The earliest expiry of the chain, each certificate of which has to be valid now.
fn expires(path: &Path, chain: &[CertificateDer<'_>], now: Timestamp) -> Result<Timestamp, TlsError> {
    let mut first = Timestamp::from_micros(i64::MAX);
    for certificate in chain {
        let malformed = |_| TlsError::Malformed { path: path.to_owned(), what: "certificate" };
        let (_, parsed) = x509_parser::parse_x509_certificate(certificate).map_err(malformed)?;
        let moment =
            |time: x509_parser::time::ASN1Time| Timestamp::from_micros(time.timestamp().saturating_mul(1_000_000));
        let (from, until) = (moment(parsed.validity.not_before), moment(parsed.validity.not_after));
        if now < from {
            return Err(TlsError::NotYetValid { path: path.to_owned(), at: from });
        }
        if now >= until {
            return Err(TlsError::Expired { path: path.to_owned(), at: until });
        }
        first = first.min(until);
    }
    Ok(first)
}

fn roots(path: &Path, pem: &[u8]) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path, pem)? {
        roots.add(certificate).map_err(|cause| TlsError::Refused { path: path.to_owned(), cause })?;
    }
    Ok(roots)
}
