//! Certificates of a test root, a server that uses them, and a configurable client.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use axum::routing::get;
use axum::{Extension, Router};
use kernel::SystemClock;
use platform::config::{Config, Sources};
use platform::http::{Bound, Edge, Json, Listener, Scope, Settings, guard};
use platform::tls::{Tls, TlsFiles};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedCipherSuite, SupportedProtocolVersion};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

pub(crate) struct Root {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) pem: String,
}

/// A certificate and its key, in PEM.
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Root {
    pub(crate) fn new() -> Root {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Root { issuer: Issuer::new(params, key), pem }
    }

    pub(crate) fn issue(&self, name: &str) -> Pair {
        self.issue_for(name, 2020, 2038)
    }

    /// Valid from the first day of one year to that of another.
    pub(crate) fn issue_for(&self, name: &str, from: i32, until: i32) -> Pair {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(from, 1, 1);
        params.not_after = rcgen::date_time_ymd(until, 1, 1);
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        Pair { certificate, key: key.serialize_pem() }
    }
}

impl Pair {
    pub(crate) fn der(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(self.certificate.as_bytes()).unwrap()
    }
}

pub(crate) fn write_private(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// The files of a pair in a directory, and of the trusted root if given.
pub(crate) fn files(dir: &TempDir, pair: &Pair, ca: Option<&Root>) -> TlsFiles {
    let path = |name: &str| dir.path().join(name);
    std::fs::write(path("tls.crt"), &pair.certificate).unwrap();
    write_private(&path("tls.key"), &pair.key);
    if let Some(root) = ca {
        std::fs::write(path("ca.crt"), &root.pem).unwrap();
    }
    TlsFiles { certificate: path("tls.crt"), key: path("tls.key"), ca: ca.map(|_| path("ca.crt")) }
}

pub(crate) fn opened(files: TlsFiles) -> Arc<Tls> {
    Tls::open("test", files, Arc::new(SystemClock)).unwrap()
}

pub(crate) fn config(variables: &[(&str, &str)]) -> Config {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Config::load(&Sources { variables, ..Sources::default() }).unwrap()
}

pub(crate) async fn serve(tls: &Arc<Tls>, config: &Config) -> Listener {
    let router = Router::new().route("/origin", get(origin));
    let router = guard(router, Edge::new(config, Arc::new(SystemClock)));
    let bound = Bound::bind("127.0.0.1:0".parse().unwrap(), "server.listen").await.unwrap();
    bound.serve_over(Some(Arc::clone(tls)), router, Settings::new("test", &config.server))
}

async fn origin(Extension(scope): Extension<Scope>) -> Json<Value> {
    Json(json!({ "from": scope.from, "secure": scope.secure }))
}

/// The client's TLS parameters.
pub(crate) struct Speaks<'a> {
    pub(crate) version: &'static SupportedProtocolVersion,
    pub(crate) suites: &'a [SupportedCipherSuite],
    pub(crate) alpn: &'a str,
}

pub(crate) const TLS13: Speaks<'static> =
    Speaks { version: &rustls::version::TLS13, suites: aws_lc_rs::DEFAULT_CIPHER_SUITES, alpn: "http/1.1" };

pub(crate) async fn connect(at: SocketAddr, root: &Root, speaks: Speaks<'_>) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(root.pem.as_bytes()).unwrap()).unwrap();
    let mut provider = aws_lc_rs::default_provider();
    provider.cipher_suites = speaks.suites.to_vec();
    let builder = ClientConfig::builder_with_provider(Arc::new(provider)).with_protocol_versions(&[speaks.version]);
    let mut config = builder.unwrap().with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![speaks.alpn.as_bytes().to_vec()];
    let stream = TcpStream::connect(at).await.unwrap();
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost").unwrap(), stream).await
}

/// The certificate that a server presents to a new connection.
pub(crate) async fn shown(at: SocketAddr, root: &Root) -> CertificateDer<'static> {
    let stream = connect(at, root, TLS13).await.unwrap();
    stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned()
}

/// Sends one request over a connection that stays open.
pub(crate) async fn ask(stream: &mut TlsStream<TcpStream>, headers: &str) -> String {
    let request = format!("GET /origin HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"}") {
        assert!(stream.read_buf(&mut answer).await.unwrap() > 0, "the connection ended");
    }
    String::from_utf8(answer).unwrap()
}
