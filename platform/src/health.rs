//! Liveness, readiness, status and metrics, on paths that operators' probes already call.
//!
//! Invariant: liveness never asks a dependency. A database that is down must not get the process killed and restarted:
//! that would not help, and would lose what is in memory.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use kernel::{Clock, Deadline, Monotonic};
use serde::Serialize;
use serde_json::{Value, json};

use crate::deadline;
use crate::http::{Json, Problem, refusals};
use crate::telemetry::Metrics;

/// A probe asks every few seconds; a part that has not answered by then is not ready.
const ASK_MAX_MS: u64 = 1_000;

const LIVENESS: [&str; 6] =
    ["/health", "/healthz", "/api/v1/health", "/v1/health", "/actuator/health", "/actuator/health/liveness"];
const READINESS: [&str; 4] = ["/ready", "/readyz", "/health/ready", "/actuator/health/readiness"];
const METRICS: [&str; 2] = ["/metrics", "/actuator/prometheus"];
const ELSEWHERE: &str = "metrics and status are on the management listener (server.management_listen); here too with \
                         server.metrics_public = true";

/// A part of the process that can report its state.
#[async_trait]
pub trait Part: Send + Sync {
    /// Shown in `/ready` and `/status`; unique in a process.
    fn name(&self) -> &str;

    /// The error goes to the log, not into the answer.
    async fn ready(&self) -> Result<(), String>;

    /// Facts for people, shown under `/status`.
    async fn status(&self) -> Facts {
        Facts::new()
    }
}

/// What a part reports, by name.
pub type Facts = BTreeMap<String, Value>;

pub fn facts<const N: usize>(known: [(&str, Value); N]) -> Facts {
    known.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The description of the process in `/status`.
#[derive(Debug, Clone, Serialize)]
pub struct About {
    pub version: &'static str,
    /// `embedded`, `postgres`, or `remote` where this process stores nothing.
    pub mode: &'static str,
    /// The parts that it runs.
    pub roles: Vec<&'static str>,
    pub demo: bool,
}

pub struct Health {
    about: About,
    clock: Arc<dyn Clock>,
    started: Monotonic,
    open: AtomicBool,
    parts: Vec<Arc<dyn Part>>,
    metrics: Metrics,
}

impl Health {
    /// Ready from the start, if its parts are.
    pub fn new(about: About, clock: Arc<dyn Clock>, metrics: Metrics, parts: Vec<Arc<dyn Part>>) -> Arc<Health> {
        let started = clock.monotonic();
        Arc::new(Health { about, clock, started, open: AtomicBool::new(true), parts, metrics })
    }

    /// Probes and metrics, which are answered even when all connections are in use.
    pub fn is_always_answered(path: &str) -> bool {
        LIVENESS.contains(&path) || READINESS.contains(&path) || METRICS.contains(&path)
    }

    /// Turns readiness off for good: the process is about to end.
    pub fn close(&self) {
        self.open.store(false, Ordering::Release);
    }

    /// All routes of this module; mount them at the root.
    pub fn routes(self: &Arc<Health>) -> Router {
        let mut router = Router::new().route("/status", get(status));
        for path in METRICS {
            router = router.route(path, get(metrics));
        }
        router.with_state(self.clone()).merge(self.probes())
    }

    /// For a listener that strangers reach: the probes only, and a hint where the rest is.
    pub fn routes_for_strangers(self: &Arc<Health>) -> Router {
        let elsewhere = async || Problem::from(refusals::ROUTE_UNKNOWN).detail(ELSEWHERE);
        let router = METRICS.iter().fold(Router::new(), |router, path| router.route(path, get(elsewhere)));
        router.route("/status", get(elsewhere)).merge(self.probes())
    }

    fn probes(self: &Arc<Health>) -> Router {
        let mut router = Router::new();
        for path in LIVENESS {
            router = router.route(path, get(live));
        }
        for path in READINESS {
            router = router.route(path, get(ready));
        }
        router.with_state(self.clone())
    }

    /// Asks all parts at the same time.
    async fn parts_ready(&self) -> BTreeMap<&str, bool> {
        let asked = self.parts.iter().map(|part| async move { (part.name(), self.part_ready(part.as_ref()).await) });
        futures_util::future::join_all(asked).await.into_iter().collect()
    }

    async fn part_ready(&self, part: &dyn Part) -> bool {
        let refused = match self.in_time(part.ready()).await {
            Some(Ok(())) => return true,
            Some(Err(sentence)) => sentence,
            None => "did not answer in time".to_owned(),
        };
        tracing::warn!(part = part.name(), why = refused, "not ready");
        false
    }

    async fn in_time<T>(&self, asking: impl Future<Output = T>) -> Option<T> {
        deadline::ended(Deadline::after_millis(&*self.clock, ASK_MAX_MS), &self.clock, asking).await.ok()
    }
}

async fn live() -> Response {
    Json(json!({ "status": "UP" })).into_response()
}

async fn ready(State(health): State<Arc<Health>>) -> Response {
    if !health.open.load(Ordering::Acquire) {
        return (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "status": "OUT_OF_SERVICE" }))).into_response();
    }
    let parts = health.parts_ready().await;
    let up = |ready: bool| if ready { "UP" } else { "DOWN" };
    let all = parts.values().all(|ready| *ready);
    let components: BTreeMap<_, _> =
        parts.into_iter().map(|(name, ready)| (name, json!({ "status": up(ready) }))).collect();
    let code = if all { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, Json(json!({ "status": up(all), "components": components }))).into_response()
}

async fn status(State(health): State<Arc<Health>>) -> Response {
    let asked = &health;
    let rows = asked.parts.iter().map(|part| async move {
        let facts = asked.in_time(part.status()).await.unwrap_or_default();
        (part.name(), facts)
    });
    let services: BTreeMap<_, _> = futures_util::future::join_all(rows).await.into_iter().collect();
    let uptime_s = health.clock.monotonic().micros_since(health.started) / 1_000_000;
    Json(json!({
        "name": "florin",
        "version": health.about.version,
        "mode": health.about.mode,
        "roles": health.about.roles,
        "demo": health.about.demo,
        "ready": health.open.load(Ordering::Acquire),
        "uptime_s": uptime_s,
        "services": services,
    }))
    .into_response()
}

async fn metrics(State(health): State<Arc<Health>>) -> Response {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], health.metrics.render()).into_response()
}
