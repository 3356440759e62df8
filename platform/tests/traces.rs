//! Traces reach a collector, also those that were still waiting when the process ended.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::time::Duration;

use common::{config, open, routes, send};
use platform::telemetry::Telemetry;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Takes one request, answers it, gives it back whole.
async fn collector(socket: TcpListener) -> Vec<u8> {
    let (mut stream, _) = socket.accept().await.unwrap();
    let mut taken = Vec::new();
    loop {
        let mut part = [0; 4_096];
        let count = stream.read(&mut part).await.unwrap();
        taken.extend_from_slice(&part[..count]);
        if whole(&taken) || count == 0 {
            break;
        }
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
    taken
}

fn whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_ascii_lowercase();
    let Some(end) = request.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse::<usize>().ok());
    request.len() >= end + 4 + length.unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_are_posted_at_the_latest_when_the_process_ends() {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", socket.local_addr().unwrap());
    let taken = tokio::spawn(collector(socket));
    let config =
        config(&[("FLORIN__TELEMETRY__OTLP_ENDPOINT", &endpoint), ("FLORIN__TELEMETRY__SERVICE_NAME", "till")]);
    let telemetry = Telemetry::start(&config.telemetry).unwrap();
    let server = open(routes(), &config).await;
    send(server.address(), "GET", "/orders/4711", "X-Request-Id: order-17\r\n", b"").await;
    tokio::time::timeout(Duration::from_secs(10), telemetry.finish()).await.unwrap();

    // They are there already: the exporter's own next turn would come only five seconds later.
    let request = tokio::time::timeout(Duration::from_secs(1), taken).await.unwrap().unwrap();
    let text = String::from_utf8_lossy(&request);
    assert!(text.starts_with("POST /v1/traces HTTP/1.1\r\n"), "{text}");
    assert!(text.to_ascii_lowercase().contains("content-type: application/x-protobuf"), "{text}");
    for words in ["till", "order-17", "/orders/{number}"] {
        assert!(text.contains(words), "{words} is not in {text}");
    }
    assert!(!text.contains("4711"), "a raw path is in a span");
}
