//! What the settings put around the edge, where other deployments have a gateway in front of it.

use axum::Router;

use super::bounds::RouteBounds;
use super::{cors, rules};
use crate::config;

/// Wraps the settings' changes of paths and headers, and the permissions of other origins' pages, around a guarded router.
///
/// # Errors
/// The key of a malformed setting, and a sentence; none if the configuration was checked.
pub fn gateway(router: Router, edge: &config::Edge) -> Result<Router, (&'static str, String)> {
    Ok(rules::ruled(cors::shared(router, cors::layer(edge)?), rules::Rules::of(edge)?))
}

/// Reads all of these settings, as a start will.
pub(crate) fn check(server: &config::Server, edge: &config::Edge) -> Result<(), (&'static str, String)> {
    RouteBounds::of(server, edge).map_err(|sentence| ("edge.routes", sentence))?;
    rules::Rules::of(edge)?;
    cors::layer(edge).map(drop)
}
