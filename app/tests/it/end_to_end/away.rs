//! An edge whose ledger, in a process of its own, goes away and comes back.

use std::time::Duration;

use hyper::{Method, StatusCode};
use kernel::{Clock, SystemClock};
use testkit::{Client, Server, ServerBuilder, free_port};

use crate::end_to_end::house::{ACCOUNTS, builder};

const CALLS: usize = 200;

struct Apart {
    edge: Server,
    client: Client,
    ledger: Option<Server>,
    of_ledger: ServerBuilder,
    _dir: tempfile::TempDir,
}

impl Apart {
    async fn start() -> Apart {
        let dir = tempfile::tempdir().unwrap();
        let at = |port: u16| format!("127.0.0.1:{port}");
        let (edges, ledgers) = (at(free_port()), at(free_port()));
        let of = |name: &str, listen: &str| {
            let secret = dir.path().join("keys/rpc");
            builder(&dir.path().join(name)).env("FLORIN__RPC__SECRET_FILE", secret).env("FLORIN__RPC__LISTEN", listen)
        };
        let of_ledger = of("ledger", &ledgers).arg("ledger").calling(&["IDENTITY"], &edges);
        let edge =
            of("edge", &edges).env("FLORIN__EDGE__CIRCUIT_FAILURES", "3").calling(&["LEDGER"], &ledgers).start().await;
        let ledger = Some(of_ledger.start().await);
        let apart = Apart { client: edge.client(), edge, ledger, of_ledger, _dir: dir };
        apart.closes().await;
        apart
    }

    async fn ask(&self) -> StatusCode {
        let hurried = [("x-deadline-ms", "3000")];
        self.client.send(Method::GET, ACCOUNTS, &hurried, None).await.unwrap().status
    }

    /// The sum of a metric over its series of the ledger.
    async fn sum(&self, name: &str) -> f64 {
        let text = Client::new(self.edge.address()).get("/metrics").await.text();
        let ours =
            text.lines().filter(|line| line.starts_with(&format!("{name}{{")) && line.contains("service=\"ledger\""));
        ours.map(|line| line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap()).sum()
    }

    /// The edge was there first, and may have found the ledger away.
    async fn closes(&self) {
        for _ in 0..100 {
            if self.circuit().await == "closed" {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the edge does not notice that the ledger is there");
    }

    async fn circuit(&self) -> String {
        let status = Client::new(self.edge.address()).get("/status").await.json();
        status["services"]["ledger"]["circuit"].as_str().unwrap().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_is_away_is_refused_at_once_and_noticed_when_it_is_back() {
    let mut apart = Apart::start().await;
    assert_eq!((apart.ask().await, apart.circuit().await), (StatusCode::OK, "closed".to_owned()));
    let (calls, repeats) = (apart.sum("rpc_calls_total").await, apart.sum("rpc_repeats_total").await);
    apart.ledger.take().unwrap().kill();
    let mut longest_us = 0;
    for place in 0..CALLS {
        let began = SystemClock.monotonic();
        assert_eq!(apart.ask().await, StatusCode::SERVICE_UNAVAILABLE);
        if place >= CALLS / 2 {
            longest_us = longest_us.max(SystemClock.monotonic().micros_since(began));
        }
    }
    assert!(longest_us < 1_000_000, "a call waited {longest_us} us for a ledger that is known to be away");
    let calls = apart.sum("rpc_calls_total").await - calls;
    let repeats = apart.sum("rpc_repeats_total").await - repeats;
    println!("{repeats} repeats of {calls} calls while the ledger was away, the longest of the last {longest_us} us");
    assert!(repeats <= calls / 5.0, "{repeats} repeats of {calls} calls");
    assert_eq!((apart.circuit().await.as_str(), apart.sum("rpc_circuit_open").await), ("open", 1.0));
    let ready = Client::new(apart.edge.address()).get("/ready").await;
    assert_eq!(ready.status, StatusCode::OK, "the edge itself is well");

    apart.ledger = Some(apart.of_ledger.start().await);
    let back = SystemClock.monotonic();
    while apart.ask().await != StatusCode::OK || apart.circuit().await != "closed" {
        let waited_us = SystemClock.monotonic().micros_since(back);
        assert!(waited_us < 10_000_000, "the ledger is back, and nobody noticed");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
