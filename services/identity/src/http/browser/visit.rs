//! One request of a browser or client, before authentication.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::header::USER_AGENT;
use http::request::Parts;
use identity_api::Origin;
use kernel::{Ctx, Principal};
use platform::http::{Problem, Scope};

use super::Jar;
use crate::http::Site;

/// The user agent is stored so that its owner recognises it; more than this is of no use for that.
const AGENT_LETTERS_MAX: usize = 200;

pub(in crate::http) struct Visit {
    /// No principal: the command itself proves who the caller is.
    pub(in crate::http) ctx: Ctx,
    pub(in crate::http) origin: Origin,
    pub(in crate::http) jar: Jar,
}

impl Visit {
    pub(in crate::http) fn of(parts: &Parts, site: &Site) -> Result<Visit, Problem> {
        let scope = parts.extensions.get::<Scope>();
        let scope = scope.ok_or_else(|| Problem::internal("a route of identity is mounted without the edge"))?;
        let (deadline, request_id) = (scope.deadline, scope.request_id.clone());
        let ctx = Ctx { principal: Principal::nobody(), deadline, request_id, idempotency_key: None };
        let jar = Jar::read(&parts.headers, scope.secure || site.is_https());
        Ok(Visit { ctx, origin: origin(scope, parts), jar })
    }
}

fn origin(scope: &Scope, parts: &Parts) -> Origin {
    let agent = parts.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok());
    let agent = agent.map(|agent| agent.chars().take(AGENT_LETTERS_MAX).collect());
    Origin { address: scope.from, agent }
}

impl FromRequestParts<Arc<Site>> for Visit {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Visit, Problem> {
        Visit::of(parts, site)
    }
}
