//! An edge under more than it can do: requests, connections, and requests that are taken back.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use http_body_util::Empty;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use kernel::{Clock, SystemClock};
use platform::http::{Admission, Edge, Listener, Settings, admitted, guard};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::common::{config, send};

type Sender = SendRequest<Empty<Bytes>>;

/// `/work/{ms}` takes so long, and counts how many are at it.
fn work(at_it: &Arc<AtomicUsize>) -> Router {
    struct One(Arc<AtomicUsize>);
    impl Drop for One {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }
    let at_it = Arc::clone(at_it);
    let work = async move |axum::extract::Path(ms): axum::extract::Path<u64>| {
        at_it.fetch_add(1, Ordering::SeqCst);
        let _one = One(Arc::clone(&at_it));
        tokio::time::sleep(Duration::from_millis(ms)).await;
        "done"
    };
    Router::new().route("/work/{ms}", get(work))
}

async fn open(variables: &[(&str, &str)], at_it: &Arc<AtomicUsize>) -> Listener {
    let (config, clock): (_, Arc<dyn Clock>) = (config(variables), Arc::new(SystemClock));
    let router = admitted(work(at_it), &Admission::new(&config.edge, Arc::clone(&clock)));
    let router = guard(router, Edge::new(&config, clock));
    let settings = Settings::new("test", &config.server);
    Listener::open("127.0.0.1:0".parse().unwrap(), "server.listen", router, settings).await.unwrap()
}

async fn connect(at: SocketAddr) -> Sender {
    let stream = TcpStream::connect(at).await.unwrap();
    let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

fn request(path: &str, deadline_ms: u64) -> hyper::Request<Empty<Bytes>> {
    let request =
        hyper::Request::get(format!("http://localhost{path}")).header("x-deadline-ms", deadline_ms.to_string());
    request.body(Empty::new()).unwrap()
}

/// HTTP/2 rapid reset (CVE-2023-44487): a connection that takes its requests back as fast as it sends them.
#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_taken_back_cost_a_bounded_amount() {
    let requests = testkit::size("FLORIN_TEST_RESETS", 3_000);
    let at_it = Arc::new(AtomicUsize::new(0));
    let server = open(&[("FLORIN__EDGE__REQUESTS_MAX", "64")], &at_it).await;
    let (mut most, mut ended) = (0, 0);
    let mut sender = connect(server.address()).await;
    for place in 0..requests {
        if sender.ready().await.is_err() {
            // The server has ended the connection.
            ended += 1;
            sender = connect(server.address()).await;
            continue;
        }
        let mut asked = Box::pin(sender.send_request(request("/work/5000", 9_000)));
        let _ = futures_util::poll!(&mut asked);
        if place % 8 == 0 {
            tokio::task::yield_now().await;
        }
        drop(asked);
        most = most.max(at_it.load(Ordering::SeqCst));
    }
    let began = SystemClock.monotonic();
    let answer = send(server.address(), "GET", "/work/1", "", b"").await;
    let waited_us = SystemClock.monotonic().micros_since(began);
    println!("{requests} requests taken back: at most {most} at work, {ended} connections ended, then {waited_us} us");
    assert_eq!(answer.status, 200);
    assert!(most <= 64 && waited_us < 3_000_000, "{most} at work, {waited_us} us");
    for _ in 0..500 {
        if at_it.load(Ordering::SeqCst) == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{} requests are still worked on", at_it.load(Ordering::SeqCst));
}

/// Whether a new connection gets an answer.
async fn answers(at: SocketAddr) -> bool {
    let asking = async {
        let mut stream = TcpStream::connect(at).await?;
        stream.write_all(b"GET /work/1 HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    };
    let answer = tokio::time::timeout(Duration::from_secs(3), asking).await;
    answer.is_ok_and(|answer| answer.is_ok_and(|answer| answer.starts_with(b"HTTP/1.1 200")))
}

/// More silent connections than there are places.
#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_take_only_their_places() {
    let connections = testkit::size("FLORIN_TEST_IDLE", 1_500) as usize;
    let server = open(
        &[
            ("FLORIN__SERVER__CONNECTIONS_MAX", "1000"),
            ("FLORIN__SERVER__CONNECTIONS_PER_ADDRESS_MAX", "900"),
            ("FLORIN__SERVER__HEADER_TIMEOUT_MS", "2000"),
        ],
        &Arc::default(),
    )
    .await;
    let mut held = Vec::with_capacity(connections);
    for _ in 0..connections {
        held.push(TcpStream::connect(server.address()).await.unwrap());
    }
    // They are closed by themselves, though their clients keep them.
    for _ in 0..200 {
        if answers(server.address()).await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{} silent connections hold all places", held.len());
}

#[derive(Debug, Default)]
struct Seen {
    done_us: Vec<u64>,
    refused: usize,
    late: usize,
}

/// Sends so many requests a second, whether or not they are answered.
async fn storm(at: SocketAddr, a_second: u64, seconds: u64) -> Seen {
    let mut senders = Vec::new();
    for _ in 0..8 {
        senders.push(connect(at).await);
    }
    let (began, mut running) = (SystemClock.monotonic(), Vec::new());
    for place in 0..a_second * seconds {
        let due_us = place * 1_000_000 / a_second;
        let now_us = SystemClock.monotonic().micros_since(began);
        if due_us > now_us {
            tokio::time::sleep(Duration::from_micros(due_us - now_us)).await;
        }
        let mut sender = senders[place as usize % senders.len()].clone();
        running.push(tokio::spawn(async move {
            let sent = SystemClock.monotonic();
            let status = sender.send_request(request("/work/10", 500)).await.map(|answer| answer.status().as_u16());
            (status.unwrap_or(0), SystemClock.monotonic().micros_since(sent))
        }));
    }
    let mut seen = Seen::default();
    for one in running {
        match one.await.unwrap() {
            (200, took_us) if took_us <= 500_000 => seen.done_us.push(took_us),
            (503, _) => seen.refused += 1,
            _ => seen.late += 1,
        }
    }
    seen.done_us.sort_unstable();
    seen
}

/// Printed with `--ignored --nocapture`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures"]
async fn at_three_times_the_capacity_the_same_is_done() {
    let server = open(&[("FLORIN__EDGE__REQUESTS_MAX", "8")], &Arc::default()).await;
    // Eight at a time, ten milliseconds each.
    let capacity = 8 * 1_000 / 11;
    let peak = storm(server.address(), capacity, 4).await;
    let over = storm(server.address(), capacity * 3, 4).await;
    let after = storm(server.address(), capacity / 4, 1).await;
    let p99_us = |seen: &Seen| seen.done_us.get(seen.done_us.len() * 99 / 100).copied().unwrap_or_default();
    for (name, seen) in [("at the capacity", &peak), ("at three times", &over), ("right after", &after)] {
        println!(
            "{name}: {} done, p99 {} us, {} refused, {} late",
            seen.done_us.len(),
            p99_us(seen),
            seen.refused,
            seen.late
        );
    }
    assert!(over.done_us.len() * 10 >= peak.done_us.len() * 9);
    assert!(p99_us(&over) <= 500_000 && after.refused == 0 && after.late == 0);
}
