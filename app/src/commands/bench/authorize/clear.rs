//! Approved payments cleared by one file, sent until all of its lines were carried out.

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use kernel::Clock;
use serde_json::{Value, json};

use crate::commands::bench::server::Server;
use crate::failure::Failure;

const SENDS_MAX: u32 = 60;
const PATH: &str = "/v1/cards/clearing-files?file=bench";

/// Lines a second.
pub(super) async fn run(server: &Server, payments: &[String], clock: &dyn Clock) -> Result<f64, Failure> {
    let line = |(place, id): (usize, &String)| {
        format!("{}\n", json!({ "id": place.to_string(), "authorization": id, "amount": "1.00", "is_final": true }))
    };
    let lines: String = payments.iter().enumerate().map(line).collect();
    let begun = clock.monotonic();
    for _ in 0..SENDS_MAX {
        let request = Request::post(PATH)
            .header("content-type", "application/x-ndjson")
            .body(Full::new(Bytes::from(lines.clone())))?;
        let report = server.connect().await?.send(request).await?.good(PATH)?;
        let report: Value = serde_json::from_slice(&report)?;
        let number = |name: &str| report.get(name).and_then(Value::as_u64).unwrap_or_default();
        if number("rejected") > 0 {
            return Err(Failure::new(format!("the work was not done: lines were rejected: {report}")));
        }
        if report.get("complete").and_then(Value::as_bool) == Some(true) {
            let micros = clock.monotonic().micros_since(begun).max(1);
            let matched = number("matched");
            let all = matched == payments.len() as u64;
            let words = || Failure::new(format!("{} lines were sent, {matched} matched", payments.len()));
            return if all { Ok(matched as f64 * 1e6 / micros as f64) } else { Err(words()) };
        }
    }
    Err(Failure::new("the clearing file was not carried out in time"))
}
