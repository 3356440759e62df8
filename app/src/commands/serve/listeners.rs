//! The ports that people and probes ask.

use std::sync::Arc;

use axum::Router;
use platform::config::Config;
use platform::health::Health;
use platform::http::{Edge, Listener, Settings, guard};

use crate::failure::Failure;

/// The public port and, where there is one, that of management. Management first: a probe may ask it before the public
/// port is there.
pub(super) async fn open(
    config: &Config,
    health: &Arc<Health>,
    edge: &Arc<Edge>,
    router: Router,
) -> Result<(Listener, Option<Listener>), Failure> {
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
    Ok((public, management))
}
