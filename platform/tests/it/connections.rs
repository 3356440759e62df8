//! How connections begin, are bounded, and end.

use std::time::Duration;

use crate::common::{config, open, routes, send};
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use kernel::{Clock, SystemClock};
use platform::http::Drained;
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
