//! `florin bench limits`: what rate limits cost, in pairs with a server that has none.

use std::sync::Arc;

use kernel::{Clock, SystemClock};
use ledger_api::AccountPath;
use platform::config::Config;
use serde_json::{Value, json};

use super::goals::Goals;
use super::http::{self, OverHttp};
use super::load::{self, Load};
use super::pairs::median;
use super::report::Report;
use super::server::Server;
use super::store::{Store, Stores};
use super::table;
use crate::cli::BenchLimits;
use crate::failure::Failure;

/// Nothing is refused; everything is counted.
const QUOTA: &str = "1000000000";
const WARM_UP_MS: u64 = 1_000;

/// A server, measured any number of times.
struct Side {
    name: &'static str,
    server: Server,
    paths: Arc<[AccountPath]>,
    clock: Arc<dyn Clock>,
    _store: Store,
}

impl Side {
    async fn open(
        name: &'static str,
        stores: &Stores<'_>,
        load: &Load,
        more: &[(&str, String)],
    ) -> Result<Side, Failure> {
        let (store, clock): (Store, Arc<dyn Clock>) = (stores.create().await?, Arc::new(SystemClock));
        let places = (load.in_flight + 128).to_string();
        let of_all = [
            ("FLORIN__SERVER__CONNECTIONS_MAX", places.clone()),
            ("FLORIN__SERVER__CONNECTIONS_PER_ADDRESS_MAX", places),
            http::rollup_of(load.accounts),
        ];
        let server = Server::start(&store, "service", &[&of_all[..], more].concat()).await?;
        let paths = http::accounts(&server, load.accounts, &clock).await?;
        Ok(Side { name, server, paths, clock, _store: store })
    }

    /// Transfers a second; what was acknowledged is in the books.
    async fn measure(&self, load: &Load) -> Result<f64, Failure> {
        let before = self.server.connect().await?.status().await?;
        let mut callers = Vec::with_capacity(load.in_flight);
        for _ in 0..load.in_flight {
            callers.push(OverHttp::to(&self.server).await?);
        }
        let run = load::run(callers, load, &self.paths, &self.clock).await?;
        let after = self.server.connect().await?.status().await?;
        if after.rows - before.rows != run.acknowledged {
            let (acknowledged, found) = (run.acknowledged, after.rows - before.rows);
            return Err(Failure::new(format!("{}: {acknowledged} were acknowledged, found {found} rows", self.name)));
        }
        Ok(run.figures(after.groups - before.groups, after.rows - before.rows, None).per_second())
    }
}

pub(super) async fn run(stores: &Stores<'_>, config: &Config, options: &BenchLimits) -> Result<(), Failure> {
    let mut report = Report::open(&options.output, stores.engine(), stores.dir())?;
    let load = load(options);
    let without = Side::open("without limits", stores, &load, &[]).await?;
    let with = Side::open(name(config), stores, &load, &limits(config)).await?;
    report.say(&format!("transfers over HTTP, {} in flight: {} and {}", options.in_flight, with.name, without.name));
    let mut pairs = Vec::new();
    for place in 0..options.pairs {
        let (ours, others) = if place % 2 == 0 {
            (with.measure(&load).await?, without.measure(&load).await?)
        } else {
            let others = without.measure(&load).await?;
            (with.measure(&load).await?, others)
        };
        let ratio = ours * 100.0 / others.max(1.0);
        let [shown, other] = [ours, others].map(|rate| table::grouped(rate as u64));
        report.say(&format!("{:>3}  {shown:>10}  {other:>10}  {ratio:6.1} %", place + 1));
        pairs.push((ours, others, ratio));
    }
    let middle = median(pairs.iter().map(|(_, _, ratio)| *ratio));
    report.say(&format!("median {middle:.1} % of the server without limits"));
    let pair = |(ours, others, ratio): &(f64, f64, f64)| json!({ "with": ours, "without": others, "percent": ratio });
    report.insert("limits", json!(with.name));
    report.insert("pairs", Value::Array(pairs.iter().map(pair).collect()));
    report.insert("median_percent", json!(middle));
    let mut goals = Goals::default();
    goals.at_least("median ratio in percent", options.ratio_at_least, Some(middle));
    with.server.stop().await?;
    without.server.stop().await?;
    report.close(&goals, None)?;
    goals.verdict()
}

fn name(config: &Config) -> &'static str {
    if config.limits.redis_url.is_some() { "with limits shared through Redis" } else { "with limits" }
}

fn limits(config: &Config) -> Vec<(&'static str, String)> {
    let quotas = ["FLORIN__LIMITS__MINUTE", "FLORIN__LIMITS__HOUR", "FLORIN__LIMITS__DAY"];
    let quotas = quotas.map(|name| (name, QUOTA.to_owned()));
    let redis = config.limits.redis_url.as_ref().map(|url| ("REDIS_URL", url.expose().to_owned()));
    [("RATE_LIMIT_ENABLED", "true".to_owned())].into_iter().chain(quotas).chain(redis).collect()
}

fn load(options: &BenchLimits) -> Load {
    Load {
        accounts: options.accounts,
        hot: false,
        random_ids: false,
        stored: 0,
        batch: 1,
        in_flight: options.in_flight,
        warm_up_ms: WARM_UP_MS,
        measure_ms: options.seconds * 1_000,
    }
}
