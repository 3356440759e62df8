//! Calls to rooms in other processes.

use std::collections::HashMap;
use std::sync::Arc;

use platform::config;
use platform::room::Room;
use platform::rpc::{Breaker, BreakerConfig, Http2, OwnTokens, RpcClient, Transport};

use super::Opening;
use crate::failure::Failure;

/// A room that this process calls.
#[derive(Clone)]
pub(super) struct Called {
    pub(super) rpc: RpcClient,
    /// If this process is the edge. Between rooms there is none: they notice within a second that a room is back.
    pub(super) breaker: Option<Arc<Breaker>>,
}

/// All rooms that this process calls. Nothing is connected yet.
pub(super) fn all(
    opening: &Opening<'_>,
    own: Option<Arc<dyn OwnTokens>>,
) -> Result<HashMap<&'static str, Called>, Failure> {
    let called = |room: &'static Room| Ok((room.name, one(opening, room.name, own.clone())?));
    opening.rooms.iter().filter(|room| opening.roles.calls(room.name)).map(called).collect()
}

fn one(opening: &Opening<'_>, room: &'static str, own: Option<Arc<dyn OwnTokens>>) -> Result<Called, Failure> {
    let Opening { config, inside, .. } = *opening;
    let credential = inside.credential.as_ref();
    let credential = credential.ok_or_else(|| Failure::new("calling another process needs rpc.secret_file"))?;
    let (addresses, connections) = (config.service(room).addresses, config.rpc.connections);
    let clock = || Arc::clone(&opening.clock);
    let http2 = Http2::new(addresses, connections, credential, inside.connect(), clock());
    let http2: Arc<dyn Transport> = Arc::new(http2);
    let with_breaker = || Breaker::new(room, Arc::clone(&http2), breaker_config(&config.edge), clock());
    let breaker = (opening.roles.is_edge() && config.edge.circuit_failures > 0).then(with_breaker);
    let transport = breaker.clone().map_or(Arc::clone(&http2), |breaker| breaker);
    Ok(Called { rpc: RpcClient::new(room, transport, clock()).with_own(own), breaker })
}

fn breaker_config(edge: &config::Edge) -> BreakerConfig {
    BreakerConfig {
        failures_max: edge.circuit_failures,
        open_ms: edge.circuit_open_ms,
        successes_wanted: edge.circuit_successes,
        probe_ms: edge.circuit_probe_ms,
    }
}
