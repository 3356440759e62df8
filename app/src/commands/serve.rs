//! `florin serve`: opens everything in order, answers until told to stop, and closes everything in the opposite order.

mod banner;
mod budget;
mod demo;
mod inside;
mod listeners;

use std::sync::Arc;
use std::time::Duration;

use access::Gate;
use axum::Router;
use kernel::Principal;
use platform::config::Config;
use platform::data_dir::{DataDir, DataDirError, Stamp};
use platform::db::Budget;
use platform::health::{About, Health};
use platform::http::{Admission, Edge, EdgeParts, Names, admitted};
use platform::limits::{Limits, limited};
use platform::outbound::{Outbound, OutboundConfig};
use platform::room::Routes;
use platform::rpc::Served;
use platform::shutdown::{Open, Signals};
use platform::telemetry::Telemetry;

use crate::cli::Serve;
use crate::commands::Start;
use crate::docs_page;
use crate::failure::Failure;
use crate::house::{House, Opening, Roles, Rooms, Started};

use listeners::Taken;

pub(crate) use inside::Inside;

/// How long a thread that waited for a disk is kept for the next such call: each one keeps some memory of its own.
const THREADS_IDLE_MAX: Duration = Duration::from_millis(500);
/// Longest wait for threads at the end of the process.
const THREADS_WAIT_MAX: Duration = Duration::from_millis(500);

pub(crate) fn run(start: Start<'_>, options: &Serve) -> Result<(), Failure> {
    let config = start.config_with(options.settings())?;
    if options.demo && config.storage.is_shared() {
        return Err(Failure::new(
            "--demo runs on the embedded databases only; unset storage.database_url (DATABASE_URL)",
        ));
    }
    listeners::check(&config, options.demo)?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().thread_keep_alive(THREADS_IDLE_MAX).enable_all().build()?;
    let served = runtime.block_on(serve(start.rooms, &config, options));
    // A call into a disk that hangs cannot be ended, and must not keep the process.
    runtime.shutdown_timeout(THREADS_WAIT_MAX);
    served
}

async fn serve(rooms: &Rooms, config: &Config, options: &Serve) -> Result<(), Failure> {
    let signals = Signals::listen()?;
    let telemetry = Telemetry::start(&config.telemetry)?;
    listeners::warn(config);
    let roles = Roles::new(rooms, &options.services, config, options.demo)?;
    let document = rooms.document()?;
    let data_dir = if roles.keeps() { Some(open_data_dir(config, options.demo)?) } else { None };
    let demo_clock = demo::clock(config, options.demo)?;
    let clock = demo::or_system(demo_clock.as_ref());
    let budget = budget::of(rooms, config, &roles).await?;
    let inside = Inside::open(config, &roles).await?;
    let taken = Taken::take(config).await?;
    let (data_dir, demo) = (data_dir.as_ref(), options.demo);
    let opening = Opening {
        rooms,
        config,
        budget: budget.clone(),
        clock: clock.clone(),
        roles: &roles,
        inside: &inside,
        outbound: Outbound::new(&outbound(config, demo), clock.clone())?,
        address: roles.is_edge().then(|| taken.address()),
        demo,
    };
    let (gate, started) = House::open(&opening).await?;
    let Started { routes, methods, mut parts, mut gauges, lasts, steps } = started;
    let limits = if roles.is_edge() { Limits::start(&config.limits, clock.clone())? } else { None };
    parts.extend(limits.iter().map(Limits::part));

    let about = About { version: env!("CARGO_PKG_VERSION"), mode: mode(config, &roles), roles: roles.names(), demo };
    let health = Health::new(about, clock.clone(), telemetry.metrics.clone(), parts);
    let edge = Edge::with(config, clock.clone(), EdgeParts { rate: limits.clone(), names: Names::of(rooms.iter()) });
    // Without the edge there are no outside callers, whatever routes the rooms have.
    let router = if roles.is_edge() {
        let (v1, root) = (demo::routes(demo_clock).merge(routes.v1), routes.root.merge(docs_page::routes(&document)?));
        let admission = Admission::new(&config.edge, clock.clone());
        gauges.push(gauge(&admission));
        guarded(Routes { v1, root, ..routes }, (limits.as_ref(), &admission), gate.clone(), demo)
    } else {
        Router::new()
    };
    let served = Served::new(methods, Arc::new(gate), clock)?;
    // Last of all fallible steps, because the secrets of new users and clients are shown only once.
    let mut introductions = Vec::with_capacity(lasts.len());
    for last in lasts {
        introductions.push(last.await.map_err(Failure::of)?);
    }
    let (public, management) = taken.serve(config, &health, &edge, router)?;
    let open = Open { public, internal: inside.serve(config, served), management, rooms: steps };
    let beat = tokio::spawn(beat(telemetry.metrics.clone(), edge, budget, gauges));
    let steps = rooms.iter().flat_map(|room| room.first_steps);
    banner::show(&open, &roles, &banner::Told { data_dir, demo, introductions, steps: steps.collect() });

    told_to_stop(signals).await;
    open.close(&health, Duration::from_millis(config.server.drain_ms)).await;
    beat.abort();
    telemetry.finish().await;
    eprintln!("florin: stopped");
    Ok(())
}

/// A demo may also call this machine: simulated outside services run there.
fn outbound(config: &Config, demo: bool) -> OutboundConfig {
    let mut outbound = config.outbound.clone();
    if demo {
        outbound.allowed.extend(["127.0.0.0/8", "::1/128"].map(str::to_owned));
    }
    OutboundConfig::of(&outbound)
}

async fn told_to_stop(signals: Signals) {
    let signal = signals.first().await;
    tracing::info!(signal, "stopping");
}

fn gauge(admission: &Arc<Admission>) -> Box<dyn Fn() + Send + Sync> {
    let admission = Arc::clone(admission);
    Box::new(move || admission.gauge())
}

fn open_data_dir(config: &Config, demo: bool) -> Result<DataDir, DataDirError> {
    DataDir::open(&config.storage.data_dir, if demo { Stamp::Demo } else { Stamp::Plain })
}

/// Where the data is.
fn mode(config: &Config, roles: &Roles) -> &'static str {
    match (roles.keeps(), config.storage.is_shared()) {
        (false, _) => "remote",
        (true, true) => "postgres",
        (true, false) => "embedded",
    }
}

/// The rooms' routes under both prefixes, and those that older guides call at the root, for callers with a token; under
/// `--demo` those without one are the demo user. The others need no token. All of them count against the limits, and wait
/// for a place to be worked on.
fn guarded(
    routes: Routes,
    (limits, admission): (Option<&Arc<Limits>>, &Arc<Admission>),
    gate: Gate,
    demo: bool,
) -> Router {
    let bounded = |router| limited(admitted(router, admission), limits);
    let services = Router::new().nest("/v1", routes.v1.clone()).nest("/api/v1", routes.v1).merge(routes.guarded);
    let services = access::authenticate(bounded(services), gate, demo.then(Principal::demo));
    services.merge(bounded(routes.root))
}

/// Every five seconds: drains the histograms, sets the request rate, and releases idle connections.
async fn beat(
    metrics: platform::telemetry::Metrics,
    edge: Arc<Edge>,
    budget: Budget,
    gauges: Vec<Box<dyn Fn() + Send + Sync>>,
) {
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
        budget.rest();
    }
}
