//! The one HTTP client for calls to outside services: banks, gateways, mail and message providers, webhooks.
//!
//! A room names a destination and sends a [`Call`]; it gets the whole answer, bounded in time and size, or an error
//! that says whether the call may have been executed. Addresses in our own network are refused after the name is
//! resolved and again at each redirect, so that a URL from a customer cannot reach a metadata service or an internal
//! host.
//!
//! Invariants: no call outlives its deadline; no answer is larger than its bound; a call that may have been executed is
//! retried only if a repeat is harmless; a host that fails is not called for a while; URLs, headers and bodies are in
//! no log and no metric.

mod address;
mod call;
mod circuit;
mod connect;
mod resolve;
mod trust;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use kernel::{Clock, Deadline};
use url::Url;

use crate::config::{self, network::network};
use crate::rpc::{Budget, Repeat};
use crate::telemetry::{self, TRACEPARENT};

pub use address::AddressRules;
pub use call::{Answer, Call, OutboundError, Redirects};
pub use circuit::State as CircuitState;
pub use resolve::{Resolve, SystemResolver};
pub use trust::{TrustError, TrustFiles};

use circuit::Circuits;
use connect::Connector;

/// Bounds of all calls. A single call may set lower ones.
#[derive(Debug, Clone)]
pub struct OutboundConfig {
    /// Private networks that may be called all the same: a local mail relay, a bank on a private line.
    pub allowed: Vec<ipnet::IpNet>,
    pub trust: TrustFiles,
    pub connect_ms: u64,
    pub head_bytes_max: usize,
    pub body_bytes_max: usize,
    /// Maximum idle connections per host.
    pub idle_connections_max: usize,
}

impl Default for OutboundConfig {
    fn default() -> OutboundConfig {
        OutboundConfig {
            allowed: Vec::new(),
            trust: TrustFiles::default(),
            connect_ms: 3_000,
            head_bytes_max: 64 << 10,
            body_bytes_max: 8 << 20,
            idle_connections_max: 16,
        }
    }
}

impl OutboundConfig {
    pub fn of(config: &config::Outbound) -> OutboundConfig {
        let client = config.certificate_file.clone().zip(config.key_file.clone());
        OutboundConfig {
            allowed: config.allowed.iter().filter_map(|text| network(text)).collect(),
            trust: TrustFiles { ca: config.ca_file.clone(), client },
            connect_ms: config.connect_timeout_ms,
            head_bytes_max: config.head_bytes_max,
            body_bytes_max: config.body_bytes_max,
            idle_connections_max: config.idle_connections_max,
        }
    }
}

const REDIRECTS_MAX: u32 = 5;
/// Maximum retries of one call.
const REPEATS_MAX: u32 = 3;
/// Maximum retries in progress at once, for all destinations.
const BUDGET_REPEATS: u32 = 64;
const PAUSE_FIRST: Duration = Duration::from_millis(100);
const IDLE_MAX: Duration = Duration::from_secs(60);

/// A handle that is cheap to clone.
#[derive(Clone)]
pub struct Outbound {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client<Connector, Full<Bytes>>,
    circuits: Circuits,
    budget: Budget,
    clock: Arc<dyn Clock>,
    body_bytes_max: usize,
}

impl Outbound {
    /// # Errors
    /// The files of `config.trust` cannot be used.
    pub fn new(config: &OutboundConfig, clock: Arc<dyn Clock>) -> Result<Outbound, TrustError> {
        Outbound::resolving(config, clock, Arc::new(SystemResolver))
    }

    /// The same with another resolver, for tests.
    ///
    /// # Errors
    /// As [`Outbound::new`].
    pub fn resolving(
        config: &OutboundConfig,
        clock: Arc<dyn Clock>,
        resolver: Arc<dyn Resolve>,
    ) -> Result<Outbound, TrustError> {
        let rules = AddressRules::new(config.allowed.clone());
        let connect_max = Duration::from_millis(config.connect_ms);
        let connector = Connector::new(rules, resolver, trust::client(&config.trust)?, connect_max);
        let client = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_MAX)
            .pool_max_idle_per_host(config.idle_connections_max)
            .http1_max_buf_size(config.head_bytes_max.max(8 << 10))
            .http2_max_header_list_size(u32::try_from(config.head_bytes_max).unwrap_or(u32::MAX))
            // Whether a request that the pool accepted but did not send is retried, is decided by our own rules.
            .retry_canceled_requests(false)
            .build(connector);
        let (circuits, budget) = (Circuits::new(Arc::clone(&clock)), Budget::new(BUDGET_REPEATS));
        let body_bytes_max = config.body_bytes_max;
        Ok(Outbound { inner: Arc::new(Inner { client, circuits, budget, clock, body_bytes_max }) })
    }

    /// Sends a call and returns the whole answer, whatever its status. `destination` is our own name for it in metrics
    /// and logs.
    ///
    /// # Errors
    /// There is no answer; the error says whether the call may have been executed.
    pub async fn send(&self, destination: &'static str, call: &Call) -> Result<Answer, OutboundError> {
        let started = self.inner.clock.monotonic();
        let outcome = self.inner.attempts(call).await;
        let seconds = self.inner.clock.monotonic().micros_since(started) as f64 / 1e6;
        let word = outcome.as_ref().map_or_else(OutboundError::code, |answer| answer.class());
        metrics::histogram!("outbound_request_duration_seconds", "destination" => destination).record(seconds);
        metrics::counter!("outbound_requests_total", "destination" => destination, "outcome" => word).increment(1);
        if let Err(error) = &outcome {
            tracing::warn!(destination, %error, "an outbound call got no answer");
        }
        outcome
    }

    /// Whether the host of `url` may be called at the moment.
    pub fn circuit(&self, url: &Url) -> CircuitState {
        self.inner.circuits.state(&call::host(url))
    }
}

impl Inner {
    async fn attempts(&self, call: &Call) -> Result<Answer, OutboundError> {
        self.budget.earn();
        let (mut tried, mut lost) = (0, false);
        loop {
            let outcome = self.attempt(call).await;
            lost |= outcome.as_ref().is_err_and(OutboundError::may_have_been_carried_out);
            let again = match &outcome {
                Ok(answer) => answer.is_passing_trouble() && call.repeat != Repeat::Never,
                Err(error) => error.is_passing() && (!lost || call.repeat != Repeat::Never),
            };
            let pause = PAUSE_FIRST * 2_u32.pow(tried);
            let left = left(&*self.clock, call.deadline);
            if !again || tried >= REPEATS_MAX || pause >= left || !self.budget.spend() {
                // "Nothing happened" would be wrong after an earlier attempt without an answer.
                return outcome.map_err(|error| if lost { error.after_a_lost_one() } else { error });
            }
            tokio::time::sleep(pause).await;
            tried += 1;
        }
    }

    /// One attempt, including redirects.
    async fn attempt(&self, call: &Call) -> Result<Answer, OutboundError> {
        let (mut url, mut method, mut body) = (call.url.clone(), call.method.clone(), call.body.clone());
        for _ in 0..=REDIRECTS_MAX {
            let host = call::host(&url);
            let turn = self.circuits.enter(&host)?;
            let outcome = self.exchange(call, &url, method.clone(), body.clone()).await;
            let healthy = match &outcome {
                Ok((response, _)) => !call::is_of_a_gateway(response.status),
                Err(error) => !error.speaks_against_the_host(),
            };
            turn.ended(healthy);
            let (answer, next) = outcome?;
            let Some(next) = next.filter(|_| call.redirects != Redirects::Never) else { return Ok(answer) };
            call.redirects.allow(&url, &next)?;
            if answer.status == StatusCode::SEE_OTHER || (method == Method::POST && is_old_redirect(answer.status)) {
                (method, body) = (Method::GET, Bytes::new());
            }
            url = next;
        }
        Err(OutboundError::TooManyRedirects { max: REDIRECTS_MAX })
    }

    /// One request and its answer; for a redirect, also where to.
    async fn exchange(
        &self,
        call: &Call,
        url: &Url,
        method: Method,
        body: Bytes,
    ) -> Result<(Answer, Option<Url>), OutboundError> {
        let left = left(&*self.clock, call.deadline);
        if left.is_zero() {
            return Err(OutboundError::DeadlineExceeded { sent: false });
        }
        let request = self.request(call, url, method, body)?;
        let whole = async {
            let response = self.client.request(request).await.map_err(|error| OutboundError::of_client(&error))?;
            self.read(call, response).await
        };
        let answer = tokio::time::timeout(left, whole).await;
        let answer = answer.unwrap_or(Err(OutboundError::DeadlineExceeded { sent: true }))?;
        let next = call::location(url, &answer)?;
        Ok((answer, next))
    }

    fn request(
        &self,
        call: &Call,
        url: &Url,
        method: Method,
        body: Bytes,
    ) -> Result<Request<Full<Bytes>>, OutboundError> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = url.as_str().parse().map_err(|_| OutboundError::UrlInvalid)?;
        *request.headers_mut() = call.headers.clone();
        if let Some(position) = telemetry::traceparent().and_then(|text| text.parse::<HeaderValue>().ok()) {
            request.headers_mut().entry(TRACEPARENT).or_insert(position);
        }
        if call::host(url) != call::host(&call.url) {
            call::without_credentials(request.headers_mut());
        }
        Ok(request)
    }

    async fn read(&self, call: &Call, response: Response<Incoming>) -> Result<Answer, OutboundError> {
        let max = call.body_bytes_max.unwrap_or(self.body_bytes_max).min(self.body_bytes_max);
        let (head, body) = response.into_parts();
        let body = match Limited::new(body, max).collect().await {
            Ok(whole) => whole.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => return Err(OutboundError::BodyTooLarge { max }),
            Err(_) => return Err(OutboundError::Lost),
        };
        Ok(Answer { status: head.status, headers: head.headers, body })
    }
}

fn left(clock: &dyn Clock, deadline: Deadline) -> Duration {
    Duration::from_micros(deadline.micros_left(clock.monotonic()))
}

fn is_old_redirect(status: StatusCode) -> bool {
    matches!(status, StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND)
}
