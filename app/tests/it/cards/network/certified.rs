//! Acquirers with certificates.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use cards::{Acquirers, Certified};
use platform::tls::TlsFiles;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use sha2::{Digest, Sha256};
use testkit::for_each_engine;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{Line, assert_code, payment};
use crate::cards::stage::{Till, VISA};
use crate::certificates::certify;

/// A connection with the certificate of this name.
async fn encrypted(address: SocketAddr, dir: &Path, name: &str) -> std::io::Result<TlsStream<TcpStream>> {
    let file = |name: &str, kind: &str| dir.join(format!("{name}.{kind}"));
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(file("ca", "crt")).unwrap()).unwrap();
    let certificate = CertificateDer::from_pem_file(file(name, "crt")).unwrap();
    let key = PrivateKeyDer::from_pem_file(file(name, "key")).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
    let config = builder.with_client_auth_cert(vec![certificate], key).unwrap();
    let stream = TcpStream::connect(address).await.unwrap();
    TlsConnector::from(Arc::new(config)).connect("localhost".try_into().unwrap(), stream).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acquirer_is_known_by_its_certificate() {
    let dir = tempfile::tempdir().unwrap();
    certify(dir.path(), &["localhost", "visa", "master", "stranger"]);
    let print = |name: &str| {
        let certificate = CertificateDer::from_pem_file(dir.path().join(format!("{name}.crt"))).unwrap();
        let digits: String = Sha256::digest(&certificate).iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{name}={digits}")
    };
    for_each_engine(async |store| {
        let till = Till::open(store).await;
        till.card(VISA).await;
        let file = |name: &str| dir.path().join(name);
        let files =
            TlsFiles { certificate: file("localhost.crt"), key: file("localhost.key"), ca: Some(file("ca.crt")) };
        let clock = Arc::new(till.clock.clone());
        let certified = Certified::open(files, &[print("visa"), print("master")], clock.clone()).unwrap();
        let address = "127.0.0.1:0".parse().unwrap();
        let network = Acquirers::listen_to(address, "ascii", till.cards.clone(), clock, Some(certified)).await.unwrap();
        let mut visa = Line(encrypted(network.address, dir.path(), "visa").await.unwrap());
        let mut master = Line(encrypted(network.address, dir.path(), "master").await.unwrap());
        assert_code(&visa.ask(&payment("0100", "000060", "000000001000")).await, "0110", "00");
        // The same STAN of another acquirer is another request.
        assert_code(&master.ask(&payment("0100", "000060", "000000000500")).await, "0110", "00");
        assert_eq!(till.held().await, 1_500);
        // The end of a handshake is seen by what follows it.
        let mut stranger = encrypted(network.address, dir.path(), "stranger").await.unwrap();
        let mut answer = [0; 2];
        assert!(stranger.read_exact(&mut answer).await.is_err());
        let mut plain = TcpStream::connect(network.address).await.unwrap();
        plain.write_all(&payment("0100", "000061", "000000000500")).await.unwrap();
        let mut rest = Vec::new();
        let _ = plain.read_to_end(&mut rest).await;
        assert_eq!(till.held().await, 1_500);
    })
    .await;
}
