//! The TLS parameters: TLS 1.3 with AES-GCM, HTTP/2 and HTTP/1.1 inside.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{self, cipher_suite};
use rustls::server::WebPkiClientVerifier;
use rustls::sign::SingleCertAndKey;
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use super::files::Usable;

/// The server configuration and, with roots to trust, the client configuration.
#[derive(Clone)]
pub(super) struct Ends {
    pub(super) server: Arc<ServerConfig>,
    pub(super) client: Option<Arc<ClientConfig>>,
}

/// The one crypto provider.
pub(super) fn provider() -> Arc<CryptoProvider> {
    let cipher_suites = vec![cipher_suite::TLS13_AES_256_GCM_SHA384, cipher_suite::TLS13_AES_128_GCM_SHA256];
    Arc::new(CryptoProvider { cipher_suites, ..aws_lc_rs::default_provider() })
}

pub(super) fn ends(usable: &Usable) -> Result<Ends, rustls::Error> {
    let shown = Arc::new(SingleCertAndKey::from(Arc::clone(&usable.shown)));
    let client = usable.trusted.as_ref().map(|roots| client(roots, Arc::clone(&shown))).transpose()?;
    Ok(Ends { server: server(usable.trusted.as_ref(), shown)?, client })
}

fn server(
    trusted: Option<&Arc<RootCertStore>>,
    shown: Arc<SingleCertAndKey>,
) -> Result<Arc<ServerConfig>, rustls::Error> {
    let builder = ServerConfig::builder_with_provider(provider()).with_protocol_versions(&[&TLS13])?;
    let builder = match trusted {
        None => builder.with_no_client_auth(),
        Some(roots) => {
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::clone(roots), provider()).build();
            builder.with_client_cert_verifier(verifier.map_err(|error| rustls::Error::General(error.to_string()))?)
        }
    };
    let mut config = builder.with_cert_resolver(shown);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// For calls to servers that know us by other means than a certificate.
pub(crate) fn outgoing(roots: Arc<RootCertStore>) -> Result<ClientConfig, rustls::Error> {
    let builder = ClientConfig::builder_with_provider(provider()).with_protocol_versions(&[&TLS13])?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn client(roots: &Arc<RootCertStore>, shown: Arc<SingleCertAndKey>) -> Result<Arc<ClientConfig>, rustls::Error> {
    let builder = ClientConfig::builder_with_provider(provider()).with_protocol_versions(&[&TLS13])?;
    let mut config = builder.with_root_certificates(Arc::clone(roots)).with_client_cert_resolver(shown);
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(Arc::new(config))
}
