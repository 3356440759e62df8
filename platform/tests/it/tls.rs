//! What a TLS listener accepts, and what it does with other clients.

pub(crate) mod common;
mod reload;
mod rpc;

use std::time::Duration;

use common::{Pair, Root, Speaks, TLS13, ask, config, connect, files, opened, serve};
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use kernel::{Clock, SystemClock};
use platform::http::{Drained, Listener};
use rustls::crypto::aws_lc_rs::cipher_suite;
use rustls::{AlertDescription, CipherSuite, ProtocolVersion};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A root, a pair that it signed, and a server that uses it.
async fn stage(variables: &[(&str, &str)]) -> (Root, Pair, TempDir, Listener) {
    let (root, dir) = (Root::new(), tempfile::tempdir().unwrap());
    let pair = root.issue("localhost");
    let server = serve(&opened(files(&dir, &pair, None)), &config(variables)).await;
    (root, pair, dir, server)
}

#[tokio::test]
async fn tls_1_3_works_with_each_of_the_two_suites() {
    let (root, _, _dir, server) = stage(&[]).await;
    for (suite, name) in [
        (cipher_suite::TLS13_AES_256_GCM_SHA384, CipherSuite::TLS13_AES_256_GCM_SHA384),
        (cipher_suite::TLS13_AES_128_GCM_SHA256, CipherSuite::TLS13_AES_128_GCM_SHA256),
    ] {
        let mut stream = connect(server.address(), &root, Speaks { suites: &[suite], ..TLS13 }).await.unwrap();
        let spoken = stream.get_ref().1;
        assert_eq!(spoken.protocol_version(), Some(ProtocolVersion::TLSv1_3));
        assert_eq!(spoken.negotiated_cipher_suite().unwrap().suite(), name);
        assert_eq!(spoken.alpn_protocol(), Some(&b"http/1.1"[..]));
        let answer = ask(&mut stream, "x-forwarded-for: 192.0.2.1\r\nx-forwarded-proto: http\r\n").await;
        assert!(answer.ends_with(r#"{"from":"127.0.0.1","secure":true}"#), "{answer}");
        assert!(answer.contains("strict-transport-security: max-age=31536000\r\n"), "{answer}");
    }
    assert!(server.url().starts_with("https://127.0.0.1:"));
}

#[tokio::test]
async fn tls_1_2_and_other_suites_are_refused() {
    let (root, _, _dir, server) = stage(&[]).await;
    let chacha = [cipher_suite::TLS13_CHACHA20_POLY1305_SHA256];
    let old = Speaks { version: &rustls::version::TLS12, ..TLS13 };
    for (speaks, alert) in [
        (old, AlertDescription::ProtocolVersion),
        (Speaks { suites: &chacha, ..TLS13 }, AlertDescription::HandshakeFailure),
    ] {
        let refused = connect(server.address(), &root, speaks).await.expect_err("it was spoken");
        let cause = refused.get_ref().unwrap().downcast_ref::<rustls::Error>();
        assert_eq!(cause, Some(&rustls::Error::AlertReceived(alert)));
    }
}

#[tokio::test]
async fn http2_is_used_if_the_client_asks_for_it() {
    let (root, _, _dir, server) = stage(&[]).await;
    let stream = connect(server.address(), &root, Speaks { alpn: "h2", ..TLS13 }).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (mut client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = hyper::Request::get("https://localhost/origin").body(Empty::<bytes::Bytes>::new()).unwrap();
    let answer = client.send_request(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), r#"{"from":"127.0.0.1","secure":true}"#);
}

#[tokio::test]
async fn plain_http_on_a_tls_port_gets_a_400() {
    let (_, _, _dir, server) = stage(&[]).await;
    for said in [&b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"[..], b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"hello?\n"] {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        stream.write_all(said).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains(r#""code":"tls_wanted""#), "{answer}");
    }
}

#[tokio::test]
async fn slow_handshakes_delay_nobody_and_are_disconnected() {
    let (root, _, _dir, server) = stage(&[("FLORIN__SERVER__HEADER_TIMEOUT_MS", "700")]).await;
    let mut slow = Vec::new();
    for begun in [&b""[..], &[22], &[22, 3, 1, 2, 0, 1]] {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        stream.write_all(begun).await.unwrap();
        slow.push(stream);
    }
    let before = SystemClock.monotonic();
    let mut stream = connect(server.address(), &root, TLS13).await.unwrap();
    assert!(ask(&mut stream, "").await.starts_with("HTTP/1.1 200 "));
    assert!(SystemClock.monotonic().micros_since(before) < 600_000, "it waited for the slow ones");
    for mut stream in slow {
        let ended = tokio::time::timeout(Duration::from_secs(3), stream.read_to_end(&mut Vec::new())).await;
        assert!(ended.is_ok(), "a slot is held forever");
    }
}

#[tokio::test]
async fn silence_after_a_handshake_ends_the_connection() {
    let (root, _, _dir, server) = stage(&[("FLORIN__SERVER__HEADER_TIMEOUT_MS", "200")]).await;
    for (alpn, begun) in [("http/1.1", ""), ("http/1.1", "GET / HT"), ("h2", ""), ("h2", "PRI * HTTP/2.0\r\n")] {
        let mut stream = connect(server.address(), &root, Speaks { alpn, ..TLS13 }).await.unwrap();
        stream.write_all(begun.as_bytes()).await.unwrap();
        let ended = tokio::time::timeout(Duration::from_secs(3), stream.read_to_end(&mut Vec::new())).await;
        assert!(ended.is_ok(), "still open after {alpn} {begun:?}");
    }
}

#[tokio::test]
async fn handshakes_do_not_delay_a_drain() {
    let (_, _, _dir, server) = stage(&[]).await;
    let _silent = TcpStream::connect(server.address()).await.unwrap();
    let mut begun = TcpStream::connect(server.address()).await.unwrap();
    begun.write_all(&[22, 3, 1]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(server.drain(Duration::from_secs(2)).await, Drained::All);
}
