//! A process seen from outside: its health checks and metrics.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use super::process::Plan;

const ANSWER_MAX: Duration = Duration::from_millis(1_500);

/// A process as its supervisor and its metrics see it.
#[derive(Debug, Clone)]
pub(super) struct Look {
    pub(super) name: String,
    /// `None` while it is dead.
    pub(super) pid: Option<u32>,
    pub(super) restarts: u32,
    /// `None` if it did not answer.
    pub(super) found: Option<Found>,
    pub(super) per_second: f64,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    pub(super) ready: bool,
    /// `holder` or `stand-by`, for a room with one writer.
    pub(super) role: Option<String>,
    /// The last row of the log that it sees, for a room with a log.
    pub(super) rows: Option<u64>,
    /// Commands waiting for the next commit.
    pub(super) waiting: Option<u64>,
    /// Answered since its start, without health checks.
    pub(super) requests: u64,
}

pub(super) async fn at(plan: &Plan) -> Option<Found> {
    if !plan.speaks_http {
        let connected = tokio::time::timeout(ANSWER_MAX, TcpStream::connect(plan.at)).await;
        return matches!(connected, Ok(Ok(_))).then(|| Found { ready: true, ..Found::default() });
    }
    tokio::time::timeout(ANSWER_MAX, ask_all(plan)).await.ok()?
}

async fn ask_all(plan: &Plan) -> Option<Found> {
    let at = plan.at;
    let (ready, status, metrics) = tokio::join!(ask(at, "/ready"), ask(at, "/status"), ask(at, "/metrics"));
    let (ready, status, metrics) = (ready?, status?, metrics?);
    let status: Value = serde_json::from_slice(&status.1).ok()?;
    let room = plan.room.and_then(|room| status.get("services")?.get(room)).unwrap_or(&Value::Null);
    let number = |name| room.get(name).and_then(Value::as_u64);
    let text = |name| room.get(name).and_then(Value::as_str).map(str::to_owned);
    Some(Found {
        ready: ready.0 == StatusCode::OK,
        role: text("role"),
        rows: number("rows"),
        waiting: number("waiting"),
        requests: requests(&String::from_utf8_lossy(&metrics.1)),
    })
}

async fn ask(at: SocketAddr, path: &str) -> Option<(StatusCode, Bytes)> {
    let stream = TcpStream::connect(at).await.ok()?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.ok()?;
    let connection = tokio::spawn(connection);
    let request = Request::get(path).header("host", at.to_string()).body(Empty::<Bytes>::new()).ok()?;
    let response = sender.send_request(request).await.ok()?;
    let status = response.status();
    let body = response.into_body().collect().await.ok()?.to_bytes();
    connection.abort();
    Some((status, body))
}

/// Calls from outside and from other processes; health checks do not count.
fn requests(metrics: &str) -> u64 {
    let counts = |line: &&str| {
        let outside = line.starts_with("http_requests_total{")
            && ["endpoint=\"/v1/", "endpoint=\"/api/v1/"].iter().any(|path| line.contains(path))
            && !line.contains("v1/health\"");
        let inside = line.starts_with("rpc_served_seconds_count{")
            && !["method=\"status\"", "method=\"about\""].iter().any(|method| line.contains(method));
        outside || inside
    };
    let value = |line: &str| line.rsplit(' ').next().and_then(|number| number.parse::<f64>().ok()).unwrap_or(0.0);
    metrics.lines().filter(counts).map(value).sum::<f64>() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_checks_do_not_count_as_requests() {
        let metrics = "\
# TYPE http_requests_total counter
http_requests_total{service=\"edge\",method=\"GET\",endpoint=\"/ready\",status=\"200\"} 900
http_requests_total{service=\"edge\",method=\"POST\",endpoint=\"/v1/ledger/transactions\",status=\"201\"} 40
http_requests_total{service=\"edge\",method=\"GET\",endpoint=\"/api/v1/ledger/accounts\",status=\"200\"} 2
rpc_served_seconds_count{service=\"ledger\",method=\"submit\"} 7
rpc_served_seconds_count{service=\"ledger\",method=\"status\"} 800
rpc_served_seconds_count{service=\"ledger\",method=\"about\"} 600
http_requests_total{service=\"edge\",method=\"GET\",endpoint=\"/api/v1/health\",status=\"200\"} 500
rpc_served_seconds_sum{service=\"ledger\",method=\"submit\"} 0.5
";
        assert_eq!(requests(metrics), 49);
        assert_eq!(requests(""), 0);
    }
}
