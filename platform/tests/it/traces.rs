//! Traces reach a collector, including those still waiting when the process ends.

use std::sync::Arc;
use std::time::Duration;

use crate::common::{config, open, routes, send};
use kernel::{Clock, Ctx, Deadline, Principal, SystemClock};
use platform::rpc::{CallError, Methods, Outcome, Repeat, RpcClient, Served};
use platform::telemetry::Telemetry;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const TRACE: [u8; 16] = *b"\x4b\xf9\x2f\x35\x77\xb3\x4d\xa6\xa3\xce\x92\x9d\x0e\x0e\x47\x36";

/// Calls another service.
async fn next() -> String {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let methods = Methods::new("till").on("ring", |_: Ctx, ()| async { Ok::<_, Refused>(7) });
    let served = Served::new([methods], Arc::new(testkit::AsSaid), clock.clone()).unwrap();
    let transport = Arc::new(testkit::InProcess(served));
    let client = RpcClient::new("till", transport, clock.clone());
    let deadline = Deadline::after_millis(&*clock, 5_000);
    let ctx = Ctx { principal: Principal::demo(), deadline, request_id: "order-17".into(), idempotency_key: None };
    let rung: Result<i64, Refused> = client.call(&ctx, "ring", &(), Repeat::Question).await;
    format!("{rung:?}")
}

#[derive(Debug, Serialize, Deserialize)]
struct Refused(String);

impl From<CallError> for Refused {
    fn from(error: CallError) -> Refused {
        Refused(error.to_string())
    }
}

impl Outcome for Refused {
    fn is_of_this_attempt(&self) -> bool {
        true
    }
}

/// Receives one request, answers it, and returns it whole.
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
async fn spans_are_sent_before_the_process_ends() {
    // The subscriber is process-wide, and gets the spans of every test in the process.
    if !testkit::alone("traces::spans_are_sent_before_the_process_ends") {
        return;
    }
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", socket.local_addr().unwrap());
    let taken = tokio::spawn(collector(socket));
    let config =
        config(&[("FLORIN__TELEMETRY__OTLP_ENDPOINT", &endpoint), ("FLORIN__TELEMETRY__SERVICE_NAME", "till")]);
    let telemetry = Telemetry::start(&config.telemetry).unwrap();
    let server = open(routes().route("/next", axum::routing::get(next)), &config).await;
    send(server.address(), "GET", "/orders/4711", "X-Request-Id: order-17\r\n", b"").await;
    let parent = format!("traceparent: 00-{:032x}-00f067aa0ba902b7-01\r\n", u128::from_be_bytes(TRACE));
    let answer = send(server.address(), "GET", "/next", &parent, b"").await;
    assert_eq!(answer.status, 200);
    tokio::time::timeout(Duration::from_secs(10), telemetry.finish()).await.unwrap();

    // They are there already: the exporter's next turn would be five seconds later.
    let request = tokio::time::timeout(Duration::from_secs(1), taken).await.unwrap().unwrap();
    let text = String::from_utf8_lossy(&request);
    assert!(text.starts_with("POST /v1/traces HTTP/1.1\r\n"), "{text}");
    assert!(text.to_ascii_lowercase().contains("content-type: application/x-protobuf"), "{text}");
    for words in ["till", "order-17", "/orders/{number}"] {
        assert!(text.contains(words), "{words} is not in {text}");
    }
    assert!(!text.contains("4711"), "a raw path is in a span");
    // The incoming request, and the request's own call to another service.
    let of_the_trace = request.windows(16).filter(|sixteen| *sixteen == TRACE).count();
    assert_eq!(of_the_trace, 2, "{text}");
}
