//! Which outside hosts we trust, and the certificate that we present.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

/// Certificate files; without any, the bundled roots are trusted and no certificate is presented.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustFiles {
    /// Roots that are trusted instead of the bundled ones.
    pub ca: Option<PathBuf>,
    /// Our own certificate and its key, for hosts that ask for one.
    pub client: Option<(PathBuf, PathBuf)>,
}

#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    #[error("{path} cannot be read as {what} in PEM: {cause}")]
    File { path: PathBuf, what: &'static str, cause: io::Error },
    #[error("the certificates for outbound calls cannot be used: {0}")]
    Refused(#[from] rustls::Error),
}

pub(super) fn client(files: &TrustFiles) -> Result<Arc<ClientConfig>, TrustError> {
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots(files.ca.as_deref())?);
    let mut config = match &files.client {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let key = PrivateKeyDer::from_pem_file(key).map_err(|error| unread(key, "a private key", error))?;
            builder.with_client_auth_cert(certificates(certificate)?, key)?
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn roots(ca: Option<&Path>) -> Result<RootCertStore, TrustError> {
    let mut roots = RootCertStore::empty();
    match ca {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(path) => {
            for certificate in certificates(path)? {
                roots.add(certificate)?;
            }
        }
    }
    Ok(roots)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    let unread = |error| unread(path, "certificates", error);
    CertificateDer::pem_file_iter(path).map_err(unread)?.collect::<Result<_, _>>().map_err(unread)
}

fn unread(path: &Path, what: &'static str, error: rustls::pki_types::pem::Error) -> TrustError {
    TrustError::File { path: path.to_owned(), what, cause: io::Error::other(error.to_string()) }
}
