//! A login storm during transfers: transfers at a fixed rate over HTTP, alternately alone and with as many logins as
//! identity takes, on the same server.

use std::sync::Arc;
use std::time::Duration;

use hdrhistogram::Histogram;
use ledger_api::AccountPath;
use serde_json::{Value, json};

use super::closed::Loops;
use super::events::{self, Events};
use super::logins::{self, BEGAN, fresh};
use super::paced::{self, Pace, Paced};
use super::visitor::Visitor;
use super::{Bench, people, told};
use crate::commands::bench::goals::Goals;
use crate::commands::bench::http::{OverHttp, accounts};
use crate::commands::bench::pairs::median;
use crate::commands::bench::report::Report;
use crate::commands::bench::server::Server;
use crate::failure::Failure;

/// Both sides, measured one after the other.
pub(in crate::commands::bench) struct Turn {
    /// Microseconds of a transfer.
    pub quiet: Histogram<u64>,
    pub storm: Histogram<u64>,
    pub logins_per_second: f64,
    pub quiet_first: bool,
}

pub(in crate::commands::bench) struct Storm {
    pub transfers_per_second: u64,
    pub turns: Vec<Turn>,
}

impl Turn {
    /// The p99 of a transfer in the storm, in percent of the one without.
    pub(in crate::commands::bench) fn ratio(&self) -> f64 {
        let p99 = |of: &Histogram<u64>| of.value_at_quantile(0.99) as f64;
        p99(&self.storm) * 100.0 / p99(&self.quiet).max(1.0)
    }

    fn value(&self) -> Value {
        let side = |of: &Histogram<u64>| {
            let at = |quantile| of.value_at_quantile(quantile);
            json!({ "transfers": of.len(), "p50": at(0.5), "p99": at(0.99), "p999": at(0.999), "longest": of.max() })
        };
        json!({
            "quiet_us": side(&self.quiet),
            "storm_us": side(&self.storm),
            "logins_per_second": self.logins_per_second,
            "first": if self.quiet_first { "quiet" } else { "storm" },
            "ratio_percent": self.ratio(),
        })
    }
}

impl Storm {
    pub(in crate::commands::bench) fn median(&self) -> f64 {
        median(self.turns.iter().map(Turn::ratio))
    }
}

/// The server, its accounts and users, and all that was acknowledged.
struct House<'a> {
    bench: &'a Bench<'a>,
    server: Arc<Server>,
    paths: Arc<[AccountPath]>,
    people: Vec<Visitor>,
    transfers: u64,
    moved: i64,
    logins: u64,
}

pub(super) async fn measure(bench: &Bench<'_>, report: &mut Report<'_>, goals: &mut Goals) -> Result<Storm, Failure> {
    let (store, server) = bench.server().await?;
    let server = Arc::new(server);
    let paths = accounts(&server, bench.options.accounts, &bench.clock).await?;
    let people = people::make(&server, bench.options.logins_in_flight).await?;
    let (mut events, mut asking) = (Events::default(), server.connect().await?);
    events.count(&mut asking, BEGAN).await?;
    let before = asking.status().await?;
    let mut house = House { bench, server, paths, people, transfers: 0, moved: 0, logins: 0 };
    told::storm_heading(report, bench.options);
    let mut storm = Storm { transfers_per_second: bench.options.transfers_per_second, turns: Vec::new() };
    for place in 0..bench.options.pairs {
        let turn = house.turn(place % 2 == 0).await?;
        told::turn(report, &turn);
        storm.turns.push(turn);
    }
    let mut asking = house.server.connect().await?;
    events::check("logins", house.logins, events.count(&mut asking, BEGAN).await?)?;
    let rows = asking.status().await?.rows - before.rows;
    let moved = asking.moved(house.paths.len()).await?;
    drop(asking);
    if (rows, moved) != (house.transfers, house.moved) {
        let House { transfers, moved: units, .. } = house;
        return Err(Failure::new(format!(
            "the work was not done: {transfers} transfers of {units} units were acknowledged, the books hold {rows} of {moved}"
        )));
    }
    logins::prove(&house.server, house.people).await?;
    logins::stop(house.server).await?;
    store.remove().await?;
    report.insert(
        "storm",
        json!({
            "transfers_per_second": storm.transfers_per_second,
            "turns": storm.turns.iter().map(Turn::value).collect::<Vec<_>>(),
            "median_ratio_percent": storm.median(),
        }),
    );
    let what = "p99 of a transfer during a login storm, in percent of the one without";
    goals.at_most(what, bench.options.storm_at_most, Some(storm.median()));
    Ok(storm)
}

impl House<'_> {
    async fn turn(&mut self, quiet_first: bool) -> Result<Turn, Failure> {
        if quiet_first {
            let quiet = self.transfers().await?;
            let (storm, logins_per_second) = self.storm().await?;
            return Ok(Turn { quiet, storm, logins_per_second, quiet_first });
        }
        let (storm, logins_per_second) = self.storm().await?;
        Ok(Turn { quiet: self.transfers().await?, storm, logins_per_second, quiet_first })
    }

    async fn transfers(&mut self) -> Result<Histogram<u64>, Failure> {
        let options = self.bench.options;
        let pace = Pace {
            per_second: options.transfers_per_second,
            in_flight: options.in_flight,
            warm_up: Duration::from_secs(options.warm_up_seconds),
            measured: Duration::from_secs(options.seconds),
        };
        let mut callers = Vec::with_capacity(pace.in_flight);
        for _ in 0..pace.in_flight {
            callers.push(OverHttp::to(&self.server).await?);
        }
        let Paced { latency, acknowledged, moved } = paced::run(callers, &pace, &self.paths, &self.bench.clock).await?;
        self.transfers += acknowledged;
        self.moved += moved;
        Ok(latency)
    }

    /// The same while all users log in continuously.
    async fn storm(&mut self) -> Result<(Histogram<u64>, f64), Failure> {
        let people = fresh(&self.server, std::mem::take(&mut self.people)).await?;
        let logins = Loops::start(people, &self.bench.clock)?;
        let start = self.bench.clock.monotonic();
        let latency = self.transfers().await?;
        let (people, _, acknowledged) = logins.stop().await?;
        let micros = self.bench.clock.monotonic().micros_since(start);
        if acknowledged == 0 {
            return Err(Failure::new("there was no storm: nobody logged in while transfers were measured"));
        }
        self.people = people;
        self.logins += acknowledged;
        Ok((latency, acknowledged as f64 * 1e6 / micros.max(1) as f64))
    }
}
