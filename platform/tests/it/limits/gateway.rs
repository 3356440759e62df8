//! An edge with limits, under a clock of the test.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use kernel::SystemClock;
use platform::config::Config;
use platform::health::Facts;
use platform::http::{Edge, EdgeParts, Listener, Problem, Settings, guard, refusals};
use platform::limits::{Limits, limited};
use testkit::FakeClock;

use crate::common::{Answer, config, routes, send};

pub(crate) struct Gateway {
    pub(crate) at: SocketAddr,
    limits: Arc<Limits>,
    _listener: Listener,
}

/// `minute` requests a minute.
pub(crate) fn settings(minute: u32, more: &[(&str, &str)]) -> Config {
    let minute = minute.to_string();
    let own = [("RATE_LIMIT_ENABLED", "true"), ("FLORIN__LIMITS__MINUTE", &*minute)];
    config(&own.iter().chain(more).copied().collect::<Vec<_>>())
}

impl Gateway {
    pub(crate) async fn open(config: &Config, clock: &FakeClock) -> Gateway {
        let limits = Limits::start(&config.limits, Arc::new(clock.clone())).unwrap().unwrap();
        let denied = get(async || Problem::from(refusals::UNAUTHENTICATED));
        // Like a route whose authentication is outside of the layer.
        let router = limited(routes(), Some(&limits)).merge(Router::new().route("/denied", denied));
        let edge = Edge::with(
            config,
            Arc::new(SystemClock),
            EdgeParts { rate: Some(Arc::clone(&limits)), ..EdgeParts::default() },
        );
        let settings = Settings::new("test", &config.server);
        let at = "127.0.0.1:0".parse().unwrap();
        let listener = Listener::open(at, "server.listen", guard(router, edge), settings).await.unwrap();
        Gateway { at: listener.address(), limits, _listener: listener }
    }

    pub(crate) async fn ask(&self, path: &str) -> Answer {
        send(self.at, "GET", path, "", b"").await
    }

    /// How many of `count` requests pass; the others have no room.
    pub(crate) async fn passed(&self, count: usize) -> usize {
        let mut passed = 0;
        for _ in 0..count {
            match self.ask("/orders").await.status {
                200 => passed += 1,
                status => assert_eq!(status, 429),
            }
        }
        passed
    }

    pub(crate) async fn status(&self) -> Facts {
        self.limits.part().status().await
    }

    pub(crate) async fn is_shared(&self) -> bool {
        self.status().await["counted"] == "shared"
    }
}
