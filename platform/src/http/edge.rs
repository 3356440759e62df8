//! The story of one request: id, checks, deadline, response, metrics.
//!
//! It is one layer and not a stack of eight, because each layer costs allocations on every request, and because the
//! order matters: here a reader sees it at a glance.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use http::{HeaderValue, StatusCode, Uri};
use kernel::{Clock, Deadline, IdMaker};
use metrics::SharedString;
use tracing::Instrument;

use super::bounds::{Bounds, RouteBounds};
use super::deadline::{GRACE, deadline_ms};
use super::host::Hosts;
use super::names::Names;
use super::observe::{Answered, Observed};
use super::origin::{Origin, Proxies};
use super::problem::{Problem, refusals};
use super::scope::{Limits, Scope};
use super::{headers, observe, request_id};
use crate::config::Config;
use crate::deadline;
use crate::limits::Limits as RateLimits;
use crate::telemetry::{self, TRACEPARENT};

/// State shared by all requests.
#[derive(Debug)]
pub struct Edge {
    clock: Arc<dyn Clock>,
    ids: IdMaker,
    hosts: Hosts,
    proxies: Proxies,
    bounds: RouteBounds,
    json_depth_max: usize,
    /// The name of what no room answers.
    service: SharedString,
    names: Names,
    log_every: u64,
    answered: Answered,
    unmatched: Arc<str>,
    rate: Option<Arc<RateLimits>>,
}

/// What an edge has besides its settings.
#[derive(Debug, Default)]
pub struct EdgeParts {
    /// Refuses addresses that fail to authenticate too often.
    pub rate: Option<Arc<RateLimits>>,
    pub names: Names,
}

impl Edge {
    /// An edge without limits, and without names of rooms.
    pub fn new(config: &Config, clock: Arc<dyn Clock>) -> Arc<Edge> {
        Edge::with(config, clock, EdgeParts::default())
    }

    pub fn with(config: &Config, clock: Arc<dyn Clock>, parts: EdgeParts) -> Arc<Edge> {
        let (server, EdgeParts { rate, names }) = (&config.server, parts);
        Arc::new(Edge {
            ids: IdMaker::new(clock.clone()),
            clock,
            hosts: Hosts::new(&server.hosts),
            proxies: Proxies::new(&server.trusted_proxies),
            bounds: RouteBounds::of(server, &config.edge).expect("the configuration was checked"),
            json_depth_max: server.json_depth_max,
            service: SharedString::from(config.telemetry.service_name.clone()),
            names,
            log_every: config.telemetry.access_log_every,
            answered: Answered::default(),
            unmatched: "unmatched".into(),
            rate,
        })
    }

    /// Requests answered since the start.
    pub fn answered(&self) -> u64 {
        self.answered.count()
    }
}

/// Wraps the edge around a finished router. Routes that are added afterwards are outside of it.
pub fn guard(router: Router, edge: Arc<Edge>) -> Router {
    router
        .fallback(async || Problem::from(refusals::ROUTE_UNKNOWN))
        .method_not_allowed_fallback(async || Problem::from(refusals::METHOD_NOT_ALLOWED))
        .layer(middleware::from_fn_with_state(edge, handle))
}

async fn handle(State(edge): State<Arc<Edge>>, mut request: Request, next: Next) -> Response {
    let started = edge.clock.monotonic();
    let request_id = request_id::request_id(request.headers(), &edge.ids);
    let origin = edge.proxies.origin(request.extensions().get(), request.headers());
    let what = observed(&edge, &request);
    let span = tracing::info_span!("request", request_id = &*request_id, method = what.method, route = &*what.endpoint);
    let came = telemetry::came(request.headers().get(TRACEPARENT));
    telemetry::follow(&span, came.as_deref());
    let answer = async {
        let response = match admit(&edge, &mut request, &request_id, origin) {
            Ok((deadline, allowed)) => {
                let running = deadline::known(deadline, &edge.clock, next.run(request));
                answer(running, allowed).await
            }
            Err(problem) => problem.into_response(),
        };
        let seconds = edge.clock.monotonic().micros_since(started) as f64 / 1e6;
        let service = edge.names.service(&what.endpoint).unwrap_or(&edge.service);
        observe::log(&response, seconds, service, edge.answered.is_sampled(edge.log_every));
        if let (StatusCode::UNAUTHORIZED, Some(rate)) = (response.status(), &edge.rate) {
            rate.failed(origin.from);
        }
        edge.answered.record(service, &what, response.status(), seconds);
        response
    };
    finished(telemetry::passing_on(came, answer.instrument(span)).await, &request_id, origin.secure)
}

fn observed(edge: &Edge, request: &Request) -> Observed {
    let matched = request.extensions().get::<MatchedPath>();
    Observed {
        method: observe::method_label(request.method()),
        endpoint: matched.map_or_else(|| edge.unmatched.clone(), |path| path.as_str().into()),
    }
}

/// Checks before a handler is called; returns the request's time limit.
fn admit(
    edge: &Edge,
    request: &mut Request,
    request_id: &Arc<str>,
    origin: Origin,
) -> Result<(Deadline, Duration), Problem> {
    let (mut parts, body) = std::mem::take(request).into_parts();
    edge.hosts.check(&parts)?;
    if let Some(refusal) = edge.rate.as_ref().and_then(|rate| rate.barred(origin.from)?.refusal()) {
        return Err(refusal);
    }
    sane_uri(&parts.uri)?;
    let Bounds { body_bytes_max, deadline_ms: longest_ms } = edge.bounds.at(parts.uri.path());
    let millis = deadline_ms(&parts.headers, longest_ms)?;
    let deadline = Deadline::after_millis(&*edge.clock, millis);
    let limits = Limits { body_bytes_max, json_depth_max: edge.json_depth_max };
    let (request_id, Origin { from, secure }) = (request_id.clone(), origin);
    parts.extensions.insert(Scope { request_id, deadline, limits, from, secure });
    *request = Request::from_parts(parts, body);
    Ok((deadline, Duration::from_millis(millis)))
}

/// Percent-encoding can smuggle in characters that none of our texts may contain.
fn sane_uri(uri: &Uri) -> Result<(), Problem> {
    for (name, part) in [("path", uri.path()), ("query", uri.query().unwrap_or_default())] {
        if !part.contains('%') {
            continue;
        }
        let Ok(decoded) = percent_encoding::percent_decode_str(part).decode_utf8() else {
            return Err(Problem::from(refusals::BAD_UTF8).and_field(name, "expected UTF-8 after percent-decoding"));
        };
        if decoded.contains('\0') {
            return Err(Problem::from(refusals::NUL_CHARACTER).and_field(name, "holds %00"));
        }
    }
    Ok(())
}

/// A handler that panics or outlives the deadline affects only its own request.
async fn answer(running: impl Future<Output = Response>, allowed: Duration) -> Response {
    let running = AssertUnwindSafe(running).catch_unwind();
    match tokio::time::timeout(allowed + GRACE, running).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => Problem::internal("a handler panicked; the line before says where").into_response(),
        Err(_) => Problem::from(refusals::DEADLINE_PASSED).into_response(),
    }
}

/// Writes the problem that may be attached to the response, keeping headers such as `Allow`, and adds the request id.
fn finished(mut response: Response, request_id: &str, secure: bool) -> Response {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let (parts, body) = problem.render(request_id).into_parts();
        *response.body_mut() = body;
        response.headers_mut().remove(http::header::CONTENT_LENGTH);
        response.headers_mut().extend(parts.headers);
    }
    if let Ok(value) = HeaderValue::from_str(request_id) {
        response.headers_mut().insert(request_id::HEADER, value);
    }
    headers::protect(response.headers_mut(), secure);
    response
}
