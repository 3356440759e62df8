//! The ports for callers and health checks.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use kernel::{Clock, SystemClock};
use platform::config::{Config, Server};
use platform::health::Health;
use platform::http::{Bound, Edge, Listener, Settings, gateway, guard};
use platform::tls::{Tls, TlsFiles};

use crate::failure::Failure;

/// A demo answers everybody.
pub(super) fn check(config: &Config, demo: bool) -> Result<(), Failure> {
    let server = &config.server;
    let open = [Some(server.listen), server.management_listen, Some(config.rpc.listen)];
    match open.into_iter().flatten().find(|address| demo && !address.ip().is_loopback()) {
        Some(address) => Err(Failure::new(format!(
            "--demo answers on this machine only, and {address} can be reached from others; listen on 127.0.0.1"
        ))),
        None => Ok(()),
    }
}

/// Settings that are allowed, but usually a mistake.
pub(super) fn warn(config: &Config) {
    if !config.known_not_used().is_empty() {
        tracing::warn!(variables = config.known_not_used().join(" "), "set, but not used yet");
    }
    if hides_callers(&config.server) {
        tracing::warn!(
            "server.plain_behind_mesh is set but server.trusted_proxies is empty: all callers behind the proxy or mesh share \
             one address, so waits and limits of one caller affect all; name the proxy's addresses"
        );
    }
}

/// Something is in front of us, and what it says about callers is ignored.
fn hides_callers(server: &Server) -> bool {
    server.plain_behind_mesh && server.trusted_proxies.is_empty()
}

/// Bound ports and their certificate. Nobody is answered yet.
pub(super) struct Taken {
    public: Bound,
    management: Option<Bound>,
    tls: Option<Arc<Tls>>,
}

impl Taken {
    /// Everything that can fail about them fails here, before anything is created or written that a start creates only
    /// once.
    pub(super) async fn take(config: &Config) -> Result<Taken, Failure> {
        let server = &config.server;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let public = Bound::bind(server.listen, "server.listen").await?;
        let management = match server.management_listen {
            Some(address) => Some(Bound::bind(address, "server.management_listen").await?),
            None => None,
        };
        let files = TlsFiles::of_server(&server.tls);
        let tls = files.map(|files| Tls::open("public", files, clock)).transpose()?;
        Ok(Taken { public, management, tls })
    }

    /// Where outside callers are answered.
    pub(super) fn address(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.public.address())
    }

    /// Answers on the public port and, if there is one, on the management port. Management first: health checks may use
    /// it before anybody else is answered.
    pub(super) fn serve(
        self,
        config: &Config,
        health: &Arc<Health>,
        edge: &Arc<Edge>,
        router: Router,
    ) -> Result<(Listener, Option<Listener>), Failure> {
        let server = &config.server;
        let management = self.management.map(|bound| {
            let router = guard(health.routes(), edge.clone());
            let tls = self.tls.clone().filter(|_| management_by_tls(server, bound.address()));
            let bound = bound.always_answering(Health::is_always_answered);
            bound.serve_over(tls, router, Settings::new("management", server))
        });
        let own = if tells_all(server) { health.routes() } else { health.routes_for_strangers() };
        let router = gateway(guard(router.merge(own), edge.clone()), &config.edge)
            .map_err(|(key, sentence)| Failure::new(format!("{key}: {sentence}")))?;
        let public = self.public.trusting(&server.trusted_proxies).always_answering(Health::is_always_answered);
        Ok((public.serve_over(self.tls, router, Settings::new("public", server)), management))
    }
}

/// Health checks and scrapers on this machine need no certificate.
fn management_by_tls(server: &Server, address: SocketAddr) -> bool {
    !address.ip().is_loopback() && !server.management_plain_behind_mesh
}

/// Metrics are not for everybody who can reach the port.
fn tells_all(server: &Server) -> bool {
    server.listen.ip().is_loopback() || server.metrics_public
}

#[cfg(test)]
mod tests {
    use platform::config::Sources;

    use super::*;

    fn config(variables: &[(&str, &str)]) -> Config {
        let plain = ["SERVER__PLAIN_BEHIND_MESH", "SERVER__MANAGEMENT_PLAIN_BEHIND_MESH", "RPC__PLAIN_BEHIND_MESH"];
        let plain = plain.iter().map(|name| (*name, "true"));
        let variables = plain.chain(variables.iter().copied());
        let variables = variables.map(|(name, value)| (format!("FLORIN__{name}"), value.to_owned())).collect();
        Config::load(&Sources { variables, ..Sources::default() }).unwrap()
    }

    #[test]
    fn a_demo_listens_on_loopback_only() {
        for listener in ["SERVER__LISTEN", "SERVER__MANAGEMENT_LISTEN", "RPC__LISTEN"] {
            let open = config(&[(listener, "192.0.2.1:9000")]);
            assert!(check(&open, false).is_ok());
            let refused = check(&open, true).unwrap_err().to_string();
            assert!(refused.contains("192.0.2.1:9000 can be reached from others"), "{refused}");
        }
        assert!(check(&config(&[]), true).is_ok());
    }

    #[test]
    fn a_proxy_that_hides_callers_is_warned_about() {
        assert!(hides_callers(&config(&[]).server));
        assert!(!hides_callers(&config(&[("SERVER__TRUSTED_PROXIES", "192.0.2.1")]).server));
        assert!(!hides_callers(&Config::defaults().unwrap().server));
    }

    #[test]
    fn metrics_are_public_on_loopback_or_by_setting() {
        assert!(tells_all(&config(&[]).server));
        let open = [("SERVER__LISTEN", "0.0.0.0:8080")];
        assert!(!tells_all(&config(&open).server));
        assert!(tells_all(&config(&[open[0], ("SERVER__METRICS_PUBLIC", "true")]).server));
    }
}
