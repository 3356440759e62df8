//! `florin bench payments`: payments on a separate server over HTTP, durable, checked against the ledger.

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use kernel::{Currency, Money};
use serde_json::{Value, json};

use super::client::{Caller, Transfer};
use super::goals::Goals;
use super::http::{over_http, over_http_by};
use super::load::{self, Load};
use super::report::Report;
use super::server::{Connection, Server};
use super::store::Stores;
use super::table::{grouped, millis};
use crate::cli::BenchPayments;
use crate::failure::Failure;

pub(super) async fn run(stores: &Stores<'_>, options: &BenchPayments) -> Result<(), Failure> {
    let mut report = Report::open(&options.output, stores.engine(), stores.dir())?;
    let (mut goals, mut runs) = (Goals::default(), Vec::new());
    for in_flight in options.in_flight.iter().copied() {
        let load = Load {
            accounts: options.accounts,
            hot: false,
            random_ids: false,
            stored: 0,
            batch: 1,
            in_flight,
            warm_up_ms: options.warm_up_seconds * 1_000,
            measure_ms: options.seconds * 1_000,
        };
        let (paid, _, _) = over_http_by(&stores.create().await?, &load, Paying::to).await?;
        let (ledger, _, _) = over_http(&stores.create().await?, &load).await?;
        let at = |quantile| paid.latency.value_at_quantile(quantile);
        report.say(&format!(
            "{} in flight: {} payments a second, {} (p50), {} (p99), {} (longest); the ledger alone: {} transfers a second",
            grouped(in_flight as u64),
            grouped(paid.per_second() as u64),
            millis(at(0.5)),
            millis(at(0.99)),
            millis(paid.latency.max()),
            grouped(ledger.per_second() as u64)
        ));
        let named = |what: &str| format!("{what}, {in_flight} in flight");
        goals.at_least(named("payments a second"), options.at_least, Some(paid.per_second()));
        goals.at_most(named("p99 in ms"), options.p99_at_most, Some(at(0.99) as f64 / 1e3));
        runs.push(json!({
            "in_flight": in_flight,
            "per_second": paid.per_second(),
            "latency_us": { "p50": at(0.5), "p99": at(0.99), "longest": paid.latency.max() },
            "ledger_alone_per_second": ledger.per_second(),
        }));
    }
    report.insert("accounts", json!(options.accounts));
    report.insert("runs", Value::Array(runs));
    report.close(&goals, None)?;
    goals.verdict()
}

/// Sends each transfer as a payment.
struct Paying {
    connection: Connection,
    currency: Currency,
}

impl Paying {
    async fn to(server: &Server) -> Result<Paying, Failure> {
        Ok(Paying { connection: server.connect().await?, currency: load::currency()? })
    }
}

impl Caller for Paying {
    async fn send(&mut self, transfers: &[Transfer]) -> Result<(), Failure> {
        for transfer in transfers {
            let amount = Money::new(transfer.minor, self.currency);
            let body =
                json!({ "from": { "path": transfer.debit }, "to": { "path": transfer.credit }, "amount": amount });
            let request = Request::post("/v1/payments")
                .header("content-type", "application/json")
                .header("idempotency-key", transfer.id.to_string())
                .body(Full::new(Bytes::from(serde_json::to_vec(&body)?)))?;
            let answer = self.connection.send(request).await?.good("POST /v1/payments")?;
            let payment: Value = serde_json::from_slice(&answer)?;
            if payment.get("state").and_then(Value::as_str) != Some("settled") {
                return Err(Failure::new(format!("a payment was not settled: {payment}")));
            }
        }
        Ok(())
    }
}
