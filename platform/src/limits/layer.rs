//! The layer that counts requests, after authentication.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use kernel::Principal;

use super::Limits;
use crate::http::Scope;

/// Counts each request to `router`, and refuses what has no room. Authentication is outside of it.
pub fn limited(router: Router, limits: Option<&Arc<Limits>>) -> Router {
    match limits {
        Some(limits) => router.layer(middleware::from_fn_with_state(Arc::clone(limits), count)),
        None => router,
    }
}

async fn count(State(limits): State<Arc<Limits>>, request: Request, next: Next) -> Response {
    let from = request.extensions().get::<Scope>().and_then(|scope| scope.from);
    let principal = request.extensions().get::<Principal>();
    let Some(verdict) = limits.take(request.uri().path(), principal, from).await else {
        return next.run(request).await;
    };
    let mut response = match verdict.refusal() {
        Some(refusal) => refusal.into_response(),
        None => next.run(request).await,
    };
    verdict.state(response.headers_mut());
    response
}
