//! Traces over OTLP/HTTP with protobuf bodies, without TLS: a collector runs on the same machine or in its network.
//!
//! The exporter runs on a thread without a tokio runtime, and the lean client (hyper, which we already use) needs one.
//! So each request is handed to the runtime that started telemetry. The ready-made workaround is an experimental
//! feature of the SDK; the other clients bring reqwest and another TLS stack.

use std::time::Duration;

use async_trait::async_trait;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::Handle;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;

use super::TelemetryError;

const SEND_TIMEOUT: Duration = Duration::from_secs(5);

/// Spans go to `endpoint`/v1/traces in batches.
pub fn tracer_provider(endpoint: &str, service_name: &str) -> Result<SdkTracerProvider, TelemetryError> {
    let refuse = |cause: String| TelemetryError::Otlp { endpoint: endpoint.to_owned(), cause };
    let runtime = Handle::try_current().map_err(|error| refuse(error.to_string()))?;
    let client = OnRuntime { runtime, client: HyperClient::with_default_connector(SEND_TIMEOUT, None) };
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(client)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
        .with_timeout(SEND_TIMEOUT)
        .build()
        .map_err(|error| refuse(error.to_string()))?;
    let resource = Resource::builder().with_service_name(service_name.to_owned()).build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}

pub(super) fn layer<S>(provider: &SdkTracerProvider, service_name: &str) -> impl Layer<S> + use<S>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a> + Send + Sync,
{
    tracing_opentelemetry::layer().with_tracer(provider.tracer(service_name.to_owned())).with_filter(LevelFilter::INFO)
}

#[derive(Debug)]
struct OnRuntime {
    runtime: Handle,
    client: HyperClient,
}

#[async_trait]
impl HttpClient for OnRuntime {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        self.runtime.spawn(async move { client.send_bytes(request).await }).await?
    }
}
