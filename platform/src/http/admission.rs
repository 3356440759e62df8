//! Admission of requests: so many are worked on at the same time, others wait in a queue of their class, and what cannot be
//! done before its deadline is refused at once.
//!
//! A request that asks for priority, of a caller who may, waits in a queue that is served first, though never so that the
//! others starve. Invariants: neither queue is longer than its bound; no request waits past its deadline; a request that is
//! refused did nothing. Without overload a request passes without waiting.

mod queue;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue};
use kernel::{Clock, Principal};

use super::problem::{Problem, refusals};
use super::scope::Scope;
use crate::config;

pub(crate) use queue::Class;
use queue::{Queue, Refused};

const PRIORITY: &str = "priority";
const HIGH: HeaderValue = HeaderValue::from_static("high");

/// The admission of one edge.
pub struct Admission {
    queue: Arc<Queue>,
    /// Roles and clients that may ask for priority.
    first: Vec<String>,
}

impl Admission {
    pub fn new(edge: &config::Edge, clock: Arc<dyn Clock>) -> Arc<Admission> {
        let queue = Queue::new(edge.requests_max, edge.waiting_max, clock);
        Arc::new(Admission { queue, first: edge.priority_for.clone() })
    }

    /// Requests that are worked on now, and those that wait.
    pub fn gauge(&self) {
        let (running, [high, usual]) = self.queue.counts();
        metrics::gauge!("http_requests_running").set(running as f64);
        metrics::gauge!("http_requests_waiting", "class" => Class::High.name()).set(high as f64);
        metrics::gauge!("http_requests_waiting", "class" => Class::Usual.name()).set(usual as f64);
    }

    fn class(&self, headers: &HeaderMap, principal: Option<&Principal>) -> Class {
        let asked = headers.get(PRIORITY) == Some(&HIGH);
        let is_first = |name: &str| self.first.iter().any(|first| first == name);
        let may = |principal: &Principal| {
            principal.roles.iter().any(|role| is_first(role)) || principal.client.as_deref().is_some_and(is_first)
        };
        if asked && principal.is_some_and(may) { Class::High } else { Class::Usual }
    }
}

/// Admits requests to `router`; authentication is outside of it.
pub fn admitted(router: Router, admission: &Arc<Admission>) -> Router {
    router.layer(middleware::from_fn_with_state(Arc::clone(admission), admit))
}

async fn admit(State(admission): State<Arc<Admission>>, request: Request, next: Next) -> Response {
    let class = admission.class(request.headers(), request.extensions().get());
    let deadline = match Scope::of(request.extensions()) {
        Ok(scope) => scope.deadline,
        Err(problem) => return problem.into_response(),
    };
    match admission.queue.enter(class, deadline).await {
        Ok(_place) => next.run(request).await,
        Err(refused) => refusal(class, refused).into_response(),
    }
}

fn refusal(class: Class, refused: Refused) -> Problem {
    let (why, detail) = match refused {
        Refused::Full => ("full", "as many requests wait as may"),
        Refused::TooLate => ("too_late", "it could not be done before its deadline"),
    };
    metrics::counter!("http_requests_shed_total", "class" => class.name(), "why" => why).increment(1);
    refusals::OVERLOADED.because(detail).retry_after_s(1)
}

#[cfg(test)]
mod tests;
