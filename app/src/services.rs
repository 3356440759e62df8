//! Where services are opened: the one list of them, and what each hands to the process that runs it.

use std::sync::Arc;

use axum::Router;
use kernel::Clock;
use platform::config::Config;
use platform::data_dir::DataDir;
use platform::health::Part;
use platform::shutdown::Step;
use utoipa::openapi::{InfoBuilder, License, OpenApi, OpenApiBuilder};

use crate::failure::Failure;

/// Every service that this binary can run.
pub(crate) const KNOWN: [&str; 1] = ["ledger"];

/// What a service is opened with.
pub(crate) struct Opening<'a> {
    pub(crate) config: &'a Config,
    pub(crate) data_dir: &'a DataDir,
    pub(crate) clock: Arc<dyn Clock>,
    /// Names from [`KNOWN`]; empty means all.
    pub(crate) wanted: &'a [String],
}

impl Opening<'_> {
    pub(crate) fn wants(&self, service: &str) -> bool {
        self.wanted.is_empty() || self.wanted.iter().any(|wanted| wanted == service)
    }
}

/// What the services hand back.
pub(crate) struct Started {
    /// Their routes, without prefix; mounted under `/v1` and `/api/v1`.
    pub(crate) router: Router,
    /// For readiness and `/status`.
    pub(crate) parts: Vec<Arc<dyn Part>>,
    /// To empty after the last request, in this order.
    pub(crate) steps: Vec<Step>,
    /// Their operations, with paths as mounted under `/v1`.
    pub(crate) api: OpenApi,
}

pub(crate) async fn start(opening: &Opening<'_>) -> Result<Started, Failure> {
    let started = Started { router: Router::new(), parts: Vec::new(), steps: Vec::new(), api: document() };
    let (at, data_dir) = (opening.clock.now(), opening.data_dir.path().display());
    for service in KNOWN.iter().filter(|service| opening.wants(service)) {
        let mode = opening.config.services.ledger.mode;
        tracing::info!(service, ?mode, %data_dir, %at, "service opened");
    }
    Ok(started)
}

/// The frame of the API's document; services merge theirs into it.
fn document() -> OpenApi {
    let mut license = License::new("Apache-2.0");
    license.identifier = Some("Apache-2.0".to_owned());
    let info = InfoBuilder::new()
        .title("Florin")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Money is a decimal text with its currency, every refusal is an RFC 9457 problem with a code.",
        ))
        .license(Some(license))
        .build();
    OpenApiBuilder::new().info(info).build()
}
