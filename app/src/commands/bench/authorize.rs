//! `florin bench authorize`: payments by card on a separate server over HTTP, durable, checked against the ledger.

mod clear;
mod load;
mod network;
mod setting;
mod told;

use std::sync::Arc;

use kernel::{Clock, SystemClock};
use serde_json::{Value, json};

use super::goals::Goals;
use super::http::over_http;
use super::load::Load;
use super::process::free_address;
use super::report::Report;
use super::server::Server;
use super::store::Stores;
use super::table::{grouped, millis};
use crate::cli::BenchAuthorize;
use crate::failure::Failure;

use load::Paid;
use told::{STAGES, Told};

const CODEC_ROUNDS: u64 = 200_000;

pub(super) async fn run(stores: &Stores<'_>, options: &BenchAuthorize) -> Result<(), Failure> {
    let mut report = Report::open(&options.output, stores.engine(), stores.dir())?;
    let (mut goals, mut runs) = (Goals::default(), Vec::new());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    codec(&mut report, &*clock)?;
    for in_flight in options.in_flight.iter().copied() {
        let measured = one(stores, options, in_flight, &clock).await?;
        let ledger = ledger_alone(stores, options, in_flight).await?;
        measured.lines(ledger).iter().for_each(|words| report.say(words));
        let at = |quantile| Some(measured.paid.latency.value_at_quantile(quantile) as f64 / 1e3);
        let named = |what: &str| format!("{what}, {in_flight} in flight");
        goals.at_least(named("payments a second"), options.at_least, Some(measured.paid.per_second()));
        goals.at_most(named("p99 in ms"), options.p99_at_most, at(0.99));
        goals.at_most(named("p50 in ms"), options.p50_at_most, at(0.5));
        runs.push(measured.value(ledger));
    }
    report.insert("cards", json!(options.cards));
    report.insert("runs", Value::Array(runs));
    report.close(&goals, None)?;
    goals.verdict()
}

/// ISO 8583 without a network: an authorization request written and read again.
fn codec(report: &mut Report<'_>, clock: &dyn Clock) -> Result<(), Failure> {
    let mut rates = serde_json::Map::new();
    for dialect in ["ascii", "binary", "ebcdic"] {
        let rate = cards::codec_rate(dialect, CODEC_ROUNDS, clock).map_err(Failure::of)? as f64;
        report
            .say(&format!("ISO 8583 in {dialect}: {} requests a second both ways, on one core", grouped(rate as u64)));
        rates.insert(dialect.to_owned(), json!(rate));
    }
    report.insert("codec_per_second", Value::Object(rates));
    Ok(())
}

struct Measured {
    in_flight: usize,
    /// Lines of a clearing file a second.
    cleared: f64,
    paid: Paid,
    /// What the server told of itself during the run.
    told: Told,
}

async fn one(
    stores: &Stores<'_>,
    options: &BenchAuthorize,
    in_flight: usize,
    clock: &Arc<dyn Clock>,
) -> Result<Measured, Failure> {
    let store = stores.create().await?;
    let network = if options.iso8583 { free_address().await? } else { String::new() };
    let more = [
        ("FLORIN__SERVER__CONNECTIONS_MAX", (in_flight + 128).to_string()),
        ("FLORIN__CARDS__ISO8583_LISTEN", network.clone()),
        super::http::rollup_of(options.cards + 1),
    ];
    let server = Server::start(&store, "admin", &more).await?;
    let numbers = setting::prepare(&server, options.cards, clock).await?;
    let (mut paid, told) = load::run(&server, numbers, (in_flight, &network), options, clock).await?;
    let held = setting::held(&mut server.connect().await?).await?;
    let cleared = if options.iso8583 { 0.0 } else { clear::run(&server, &paid.some, &**clock).await? };
    server.stop().await?;
    if held != paid.held || paid.approved == 0 {
        let (approved, sum) = (paid.approved_in_all, paid.held);
        let words = format!("{approved} payments of {sum} units were approved, the ledger holds {held}");
        return Err(Failure::new(format!("the work was not done: {words}")));
    }
    paid.micros = paid.micros.max(1);
    Ok(Measured { in_flight, cleared, paid, told })
}

/// Transfers of the ledger alone, under the same load.
async fn ledger_alone(stores: &Stores<'_>, options: &BenchAuthorize, in_flight: usize) -> Result<f64, Failure> {
    let load = Load {
        accounts: options.cards,
        hot: false,
        random_ids: false,
        stored: 0,
        batch: 1,
        in_flight,
        warm_up_ms: options.warm_up_seconds * 1_000,
        measure_ms: options.seconds * 1_000,
    };
    let (figures, _, _) = over_http(&stores.create().await?, &load).await?;
    Ok(figures.per_second())
}

/// A lane's commits, or calls to another service.
fn shown(name: &str) -> String {
    match name.split_once(' ') {
        Some(("lane_group_size", lane)) => format!("commits of {lane}"),
        Some((_, service)) => format!("calls to {service}"),
        None => name.to_owned(),
    }
}

impl Measured {
    fn lines(&self, ledger: f64) -> Vec<String> {
        let Measured { in_flight, cleared, paid, told } = self;
        let at = |quantile| millis(paid.latency.value_at_quantile(quantile));
        let mut lines = vec![format!(
            "{} in flight: {} payments a second, {} (p50), {} (p99), {} (longest); {} declined, {} without risk; the ledger alone: {} transfers a second",
            grouped(*in_flight as u64),
            grouped(paid.per_second() as u64),
            at(0.5),
            at(0.99),
            millis(paid.latency.max()),
            grouped(paid.declined),
            grouped(paid.without_risk),
            grouped(ledger as u64)
        )];
        let each = |micros: u64| micros as f64 / paid.approved.max(1) as f64;
        let threads: Vec<String> =
            told.threads.iter().map(|(name, micros)| format!("{name} {:.1}", each(*micros))).collect();
        let all = told.threads.values().sum();
        lines.push(format!("  processor time of a payment: {:.1} us ({})", each(all), threads.join(", ")));
        if *cleared > 0.0 {
            lines.push(format!("  clearing by file: {} lines a second", grouped(*cleared as u64)));
        }
        let staged = |name: &str| name.strip_prefix(STAGES).map(str::trim_start).map(str::to_owned);
        let stages: Vec<String> = told
            .groups
            .iter()
            .filter_map(|(name, groups)| Some(format!("{} {:.2}", staged(name)?, groups.mean() * 1e3)))
            .collect();
        lines.push(format!("  stages in ms on average: {}", stages.join(", ")));
        for (name, groups) in told.groups.iter().filter(|(name, _)| staged(name).is_none()) {
            let (each, mean) = (groups.count / paid.approved.max(1) as f64, groups.mean());
            lines.push(format!("  {}: {each:.3} a payment, of {mean:.1} on average", shown(name)));
        }
        lines
    }

    fn value(&self, ledger: f64) -> Value {
        let Measured { in_flight, cleared, paid, told } = self;
        let at = |quantile| paid.latency.value_at_quantile(quantile);
        let groups: serde_json::Map<String, Value> = told
            .groups
            .iter()
            .map(|(name, groups)| (name.clone(), json!({ "count": groups.count, "mean": groups.mean() })))
            .collect();
        json!({
            "in_flight": in_flight,
            "per_second": paid.per_second(),
            "approved": paid.approved,
            "declined": paid.declined,
            "without_risk": paid.without_risk,
            "latency_us": { "p50": at(0.5), "p99": at(0.99), "p999": at(0.999), "longest": paid.latency.max() },
            "cpu_us_by_thread": told.threads,
            "groups": groups,
            "clearing_lines_per_second": cleared,
            "ledger_alone_per_second": ledger,
        })
    }
}
