//! How connections begin, are bounded, and end.

use std::sync::Arc;
use std::time::Duration;

use crate::common::{config, open, routes, send};
use axum::Router;
use axum::routing::get;
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use kernel::{Clock, SystemClock};
use platform::http::{Bound, Drained, Edge, Settings, guard};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn a_running_request_finishes_after_the_port_is_closed() {
    let server = open(routes(), &config(&[])).await;
    let at = server.address();
    let slow = tokio::spawn(send(at, "GET", "/slow/400", "", b""));
    tokio::time::sleep(Duration::from_millis(100)).await;
    let draining = tokio::spawn(server.drain(Duration::from_secs(5)));
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(TcpStream::connect(at).await.is_err(), "the port is still open");
    assert_eq!(slow.await.unwrap().json()["slept"], 400);
    assert_eq!(draining.await.unwrap(), Drained::All);
}

#[tokio::test]
async fn a_drain_ends_at_its_deadline() {
    let server = open(routes(), &config(&[])).await;
    let stuck = tokio::spawn(send(server.address(), "GET", "/slow/8000", "", b""));
    tokio::time::sleep(Duration::from_millis(100)).await;
    let before = SystemClock.monotonic();
    assert_eq!(server.drain(Duration::from_millis(200)).await, Drained::Cut(1));
    assert!(SystemClock.monotonic().micros_since(before) < 2_000_000);
    stuck.abort();
}

#[tokio::test]
async fn idle_connections_do_not_hold_up_a_drain() {
    let server = open(routes(), &config(&[])).await;
    let _silent = TcpStream::connect(server.address()).await.unwrap();
    let mut used = TcpStream::connect(server.address()).await.unwrap();
    used.write_all(b"GET /whoami HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    assert!(used.read(&mut [0; 2_048]).await.unwrap() > 0);
    assert_eq!(server.drain(Duration::from_secs(5)).await, Drained::All);
}

#[tokio::test]
async fn a_connection_over_the_limit_gets_503_until_one_closes() {
    let server = open(routes(), &config(&[("FLORIN__SERVER__CONNECTIONS_MAX", "2")])).await;
    let at = server.address();
    let held = (TcpStream::connect(at).await.unwrap(), TcpStream::connect(at).await.unwrap());
    tokio::time::sleep(Duration::from_millis(100)).await;
    let answer = send(at, "GET", "/whoami", "", b"").await;
    assert_eq!((answer.status, answer.json()["code"].as_str()), (503, Some("overloaded")));
    assert_eq!(answer.header("retry-after"), Some("1"));
    drop(held);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(send(at, "GET", "/whoami", "", b"").await.status, 200);
}

#[tokio::test]
async fn one_address_cannot_take_all_places() {
    let server = open(routes(), &config(&[("FLORIN__SERVER__CONNECTIONS_PER_ADDRESS_MAX", "2")])).await;
    let at = server.address();
    let held = (TcpStream::connect(at).await.unwrap(), TcpStream::connect(at).await.unwrap());
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(send(at, "GET", "/whoami", "", b"").await.status, 503);
    drop(held);
}

#[tokio::test]
async fn probes_are_answered_when_no_place_is_free() {
    let config = config(&[("FLORIN__SERVER__CONNECTIONS_MAX", "1")]);
    let bound = Bound::bind("127.0.0.1:0".parse().unwrap(), "server.listen").await.unwrap();
    let router = guard(routes(), Edge::new(&config, Arc::new(SystemClock)));
    let server = bound.always_answering(|path| path == "/whoami").serve(router, Settings::new("test", &config.server));
    let at = server.address();
    let _held = TcpStream::connect(at).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    for _ in 0..100 {
        assert_eq!(send(at, "GET", "/whoami", "", b"").await.status, 200);
        assert_eq!(send(at, "GET", "/origin", "", b"").await.status, 503);
    }
    let large = vec![b'x'; 1 << 20];
    assert_eq!(send(at, "POST", "/orders", "content-type: application/json\r\n", &large).await.status, 503);
}

/// 16 MB is more than the sockets of both ends hold.
fn large() -> Router {
    Router::new().route("/large", get(async || vec![7_u8; 16 << 20]))
}

const HURRIED: (&str, &str) = ("FLORIN__SERVER__WRITE_TIMEOUT_MS", "300");

#[tokio::test]
async fn a_client_that_never_reads_is_cut() {
    let server = open(large(), &config(&[HURRIED])).await;
    let mut deaf = TcpStream::connect(server.address()).await.unwrap();
    for _ in 0..6 {
        deaf.write_all(b"GET /large HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut received = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(3), deaf.read_to_end(&mut received)).await.expect("still open");
    assert!(received.len() < 6 * (16 << 20), "everything was sent");
    assert_eq!(server.drain(Duration::from_secs(1)).await, Drained::All);
}

#[tokio::test]
async fn a_client_that_reads_slowly_gets_everything() {
    let server = open(large(), &config(&[HURRIED])).await;
    let mut slow = TcpStream::connect(server.address()).await.unwrap();
    slow.write_all(b"GET /large HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.unwrap();
    let (mut received, mut part) = (0, vec![0; 2 << 20]);
    loop {
        tokio::time::sleep(Duration::from_millis(60)).await;
        match slow.read(&mut part).await.unwrap() {
            0 => break,
            count => received += count,
        }
    }
    assert!(received > 16 << 20, "{received}");
}

#[tokio::test]
async fn an_http2_window_of_zero_holds_no_place() {
    let server = open(large(), &config(&[HURRIED])).await;
    let stream = TcpStream::connect(server.address()).await.unwrap();
    let (mut client, connection) = hyper::client::conn::http2::Builder::new(TokioExecutor::new())
        .initial_stream_window_size(0)
        .handshake(TokioIo::new(stream))
        .await
        .unwrap();
    let connection = tokio::spawn(connection);
    let request = hyper::Request::get("http://localhost/large").body(Empty::<bytes::Bytes>::new()).unwrap();
    let answer = client.send_request(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    let ended = tokio::time::timeout(Duration::from_secs(3), connection).await;
    assert!(ended.is_ok(), "still open");
    drop(answer);
    assert_eq!(server.drain(Duration::from_secs(1)).await, Drained::All);
}

#[tokio::test]
async fn clients_that_never_finish_their_headers_are_disconnected() {
    let server = open(routes(), &config(&[("FLORIN__SERVER__HEADER_TIMEOUT_MS", "200")])).await;
    for begun in ["", "PRI", "GET / HTTP/1.1\r\nhost: loc"] {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        stream.write_all(begun.as_bytes()).await.unwrap();
        let ended = tokio::time::timeout(Duration::from_secs(3), stream.read_to_end(&mut Vec::new())).await;
        assert!(ended.is_ok(), "still open after {begun:?}");
    }
}

#[tokio::test]
async fn http2_works_with_prior_knowledge() {
    let server = open(routes(), &config(&[])).await;
    let stream = TcpStream::connect(server.address()).await.unwrap();
    let (mut client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    for (host, status) in [("localhost", 200), ("evil.test", 421)] {
        let request = hyper::Request::get(format!("http://{host}/whoami")).body(Empty::<bytes::Bytes>::new()).unwrap();
        let answer = client.send_request(request).await.unwrap();
        assert_eq!(answer.status(), status);
        assert!(!answer.into_body().collect().await.unwrap().to_bytes().is_empty());
    }
}
