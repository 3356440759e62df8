//! `florin serve`: opens everything in order, answers until told to stop, and closes everything in the opposite order.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use kernel::{Clock, Principal, SystemClock};
use platform::config::Config;
use platform::data_dir::{DataDir, Stamp};
use platform::health::{About, Health};
use platform::http::{Edge, Listener, Settings, guard};
use platform::shutdown::{Open, Signals, Step};
use platform::telemetry::Telemetry;

use crate::cli::Serve;
use crate::commands::load_config;
use crate::docs_page;
use crate::failure::Failure;
use crate::services::{self, Opening, Started};

pub(crate) fn run(file: Option<&Path>, options: &Serve) -> Result<(), Failure> {
    let config = load_config(file)?;
    if options.demo && config.storage.database_url.is_some() {
        return Err(Failure::new(
            "--demo runs on the embedded databases only; unset storage.database_url (DATABASE_URL)",
        ));
    }
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve(&config, options))
}

async fn serve(config: &Config, options: &Serve) -> Result<(), Failure> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let signals = Signals::listen()?;
    let telemetry = Telemetry::start(&config.telemetry)?;
    if !config.known_not_used().is_empty() {
        tracing::warn!(variables = config.known_not_used().join(" "), "set, and not used yet");
    }
    let stamp = if options.demo { Stamp::Demo } else { Stamp::Plain };
    let data_dir = DataDir::open(&config.storage.data_dir, stamp)?;
    let opening =
        Opening { config, data_dir: &data_dir, clock: clock.clone(), wanted: &options.services, demo: options.demo };
    let Started { router, parts, steps, gauges, api } = services::start(&opening).await?;

    let about = About {
        version: env!("CARGO_PKG_VERSION"),
        mode: if config.storage.database_url.is_some() { "postgres" } else { "embedded" },
        demo: options.demo,
    };
    let health = Health::new(about, clock.clone(), telemetry.metrics.clone(), parts);
    let edge = Edge::new(config, clock);
    let router = public(router, options.demo).merge(docs_page::routes(&api)?);
    let open = open(config, &health, &edge, router, steps).await?;
    let beat = tokio::spawn(beat(telemetry.metrics.clone(), edge, gauges));
    banner(&open, &data_dir, options.demo);

    let signal = signals.first().await;
    tracing::info!(signal, "stopping");
    open.close(&health, Duration::from_millis(config.server.drain_ms)).await;
    beat.abort();
    telemetry.finish().await;
    drop(data_dir);
    eprintln!("florin: stopped");
    Ok(())
}

/// The services under both prefixes, with the principal that stands for every caller until there are identities.
fn public(services: Router, demo: bool) -> Router {
    let principal = if demo { Principal::demo() } else { Principal::operator() };
    Router::new().nest("/v1", services.clone()).nest("/api/v1", services).layer(Extension(principal))
}

/// Management first: a probe may ask it before the public port is there.
async fn open(
    config: &Config,
    health: &Arc<Health>,
    edge: &Arc<Edge>,
    router: Router,
    steps: Vec<Step>,
) -> Result<Open, Failure> {
    let server = &config.server;
    let management = match server.management_listen {
        Some(address) => {
            let router = guard(health.routes(), edge.clone());
            let settings = Settings::new("management", server);
            Some(Listener::open(address, "server.management_listen", router, settings).await?)
        }
        None => None,
    };
    let router = guard(router.merge(health.routes()), edge.clone());
    let public = Listener::open(server.listen, "server.listen", router, Settings::new("public", server)).await?;
    Ok(Open { public, management, steps })
}

/// Every five seconds: folds what the metrics have collected and tells the rate of requests.
async fn beat(metrics: platform::telemetry::Metrics, edge: Arc<Edge>, gauges: Vec<Box<dyn Fn() + Send + Sync>>) {
    const SECONDS: u64 = 5;
    let mut tick = tokio::time::interval(Duration::from_secs(SECONDS));
    let mut before = edge.answered();
    loop {
        tick.tick().await;
        metrics.fold();
        let now = edge.answered();
        platform::telemetry::requests_per_second((now - before) as f64 / SECONDS as f64);
        before = now;
        gauges.iter().for_each(|gauge| gauge());
    }
}

/// What a person wants to know next. On standard error, beside the log; standard output stays empty.
fn banner(open: &Open, data_dir: &DataDir, demo: bool) {
    let at = open.public.address();
    eprintln!("florin {} listens on http://{at}, data in {}", env!("CARGO_PKG_VERSION"), data_dir.path().display());
    if let Some(management) = &open.management {
        eprintln!("metrics and health also on http://{}", management.address());
    }
    if demo {
        eprintln!("DEMO: every caller is the same demo user; do not keep real books here");
    }
    eprintln!("try:");
    for command in first_steps(&at.to_string()) {
        eprintln!("  {command}");
    }
    eprintln!("every operation, with examples: http://{at}/docs; Ctrl-C stops");
}

/// Three commands that work as they stand, on books that are new and on those of a demo.
fn first_steps(at: &str) -> [String; 3] {
    const JSON: &str = "-H 'content-type: application/json'";
    let post = |what: &str, body: &str| format!("curl http://{at}/v1/ledger/{what} {JSON} -d '{body}'");
    let open = |path: &str, normal: &str| {
        post("accounts", &format!(r#"{{"path": "{path}", "currency": "USD", "normal": "{normal}"}}"#))
    };
    let amount = r#"{"amount": "100.00", "currency": "USD"}"#;
    let posting = format!(r#"{{"debit": "assets:cash", "credit": "equity:capital", "amount": {amount}}}"#);
    let transaction = format!(r#"{{"reference": "first-steps", "postings": [{posting}]}}"#);
    let transaction = post("transactions", &transaction);
    [
        open("assets:cash", "debit"),
        open("equity:capital", "credit"),
        format!("{transaction} -H 'idempotency-key: first-steps'"),
    ]
}
