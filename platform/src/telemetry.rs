//! Telemetry: logs on standard error, metrics for Prometheus, traces over OTLP if enabled.
//!
//! Invariant: a label or log field never contains a body, a token or an unbounded value.

mod category;
mod context;
mod metric;
mod metrics;
mod otlp;

use std::io::IsTerminal;
use std::time::Duration;

use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{self, LogFormat};

pub use self::category::amount_category;
pub(crate) use self::context::{TRACEPARENT, came, follow, passing_on, traceparent};
pub use self::metric::{METRICS, Metric, MetricKind};
pub use self::metrics::Metrics;
pub use self::otlp::tracer_provider;

/// Longest wait for a collector of traces at the end of the process.
const FINISH_MAX: Duration = Duration::from_millis(1_500);

#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error("the log level \"{0}\" is not valid")]
    Level(String),
    #[error("telemetry was started twice in one process")]
    Twice,
    #[error("traces cannot be sent to {endpoint}: {cause}")]
    Otlp { endpoint: String, cause: String },
}

/// Keep it until the end of the process, then [`finish`](Telemetry::finish) it.
#[derive(Debug)]
pub struct Telemetry {
    pub metrics: Metrics,
    traces: Option<SdkTracerProvider>,
}

impl Telemetry {
    /// Starts logs, metrics and traces. Needs a running tokio runtime; once per process.
    pub fn start(config: &config::Telemetry) -> Result<Telemetry, TelemetryError> {
        let traces = config.otlp_endpoint.as_deref().map(|to| tracer_provider(to, &config.service_name)).transpose()?;
        let spans = traces.as_ref().map(|provider| otlp::layer(provider, &config.service_name));
        tracing_subscriber::registry()
            .with(spans)
            .with(log_layer(config)?)
            .try_init()
            .map_err(|_| TelemetryError::Twice)?;
        log_panics();
        Ok(Telemetry { metrics: Metrics::install()?, traces })
    }

    /// Sends what has not been sent yet. The exporter blocks its caller, so it gets a thread if that is allowed.
    pub async fn finish(self) {
        let Some(provider) = self.traces else { return };
        let ending = tokio::task::spawn_blocking(move || provider.shutdown());
        let ended = tokio::time::timeout(FINISH_MAX, ending).await;
        if !matches!(ended, Ok(Ok(Ok(())))) {
            tracing::warn!("the last traces could not be sent");
        }
    }
}

type Logs<S> = Box<dyn Layer<S> + Send + Sync>;

fn log_layer<S>(config: &config::Telemetry) -> Result<Logs<S>, TelemetryError>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a> + Send + Sync,
{
    let filter =
        EnvFilter::builder().parse(&config.log_level).map_err(|_| TelemetryError::Level(config.log_level.clone()))?;
    let terminal = std::io::stderr().is_terminal();
    let text = match config.log_format {
        LogFormat::Auto => terminal,
        LogFormat::Text => true,
        LogFormat::Json => false,
    };
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    Ok(if text {
        lines.with_ansi(terminal).with_filter(filter).boxed()
    } else {
        lines.json().flatten_event(true).with_span_list(false).with_filter(filter).boxed()
    })
}

/// A panic that is caught must still be found: once, with its location, in the same log as everything else.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let message = panic.payload_as_str().unwrap_or("no message");
        tracing::error!(place, message, "panicked");
    }));
}

/// The rate that autoscalers use.
pub fn requests_per_second(rate: f64) {
    ::metrics::gauge!("http_requests_per_second").set(rate);
}

/// How many of its database connections a service uses.
pub fn database_connections(service: &'static str, active: usize, max: usize) {
    ::metrics::gauge!("database_connections_active", "service" => service).set(active as f64);
    ::metrics::gauge!("database_connections_max", "service" => service).set(max as f64);
}
