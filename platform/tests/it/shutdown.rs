//! Shutdown seen from outside: readiness off, requests finished, steps in order, management port last.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::common::{config, open, routes, send};
use axum::Router;
use axum::routing::get;
use kernel::SystemClock;
use platform::health::{About, Health};
use platform::shutdown::{Open, Step};
use platform::telemetry::Metrics;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

#[tokio::test]
async fn shutdown_turns_readiness_off_then_finishes_requests_then_steps() {
    let config = config(&[]);
    let about = About { version: "1", mode: "embedded", roles: vec!["edge"], demo: false };
    let health = Health::new(about, Arc::new(SystemClock), Metrics::detached(), Vec::new());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noting = seen.clone();
    let slowly = async move || {
        tokio::time::sleep(Duration::from_millis(500)).await;
        noting.lock().unwrap().push("request");
    };
    let router = Router::new().route("/slow", get(slowly));
    let (public, management) = (open(router, &config).await, open(health.routes(), &config).await);
    let (at, probe) = (public.address(), management.address());
    let noting = seen.clone();
    let rooms = vec![vec![Step::new("lane", async move { noting.lock().unwrap().push("lane") })]];
    assert_eq!(send(probe, "GET", "/ready", "", b"").await.status, 200);

    let slow = tokio::spawn(send(at, "GET", "/slow", "", b""));
    tokio::time::sleep(Duration::from_millis(100)).await;
    let closing = tokio::spawn(async move {
        let all = Open { public, internal: None, management: Some(management), rooms };
        all.close(&health, Duration::from_secs(5)).await;
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(send(probe, "GET", "/ready", "", b"").await.status, 503);
    assert_eq!(send(probe, "GET", "/health", "", b"").await.status, 200);
    assert!(!slow.is_finished());

    assert_eq!(slow.await.unwrap().status, 200);
    closing.await.unwrap();
    assert_eq!(*seen.lock().unwrap(), ["request", "lane"]);
    assert!(TcpStream::connect(probe).await.is_err());
}

#[tokio::test]
async fn half_a_request_delays_shutdown_only_until_the_header_timeout() {
    let config = config(&[("FLORIN__SERVER__HEADER_TIMEOUT_MS", "500")]);
    let server = open(routes(), &config).await;
    let mut half = TcpStream::connect(server.address()).await.unwrap();
    half.write_all(b"GET /whoami HTTP/1.1\r\nhost: loc").await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let drained = tokio::time::timeout(Duration::from_secs(2), server.drain(Duration::from_secs(10))).await;
    assert!(drained.is_ok(), "the drain waited for a request that never came");
}
