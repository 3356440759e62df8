//! The serving half: a service's methods by name, each a function from a command to a reply.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use kernel::{Clock, Ctx, Deadline};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing::Instrument;

use crate::{deadline, telemetry};

use super::trust::for_somebody;
use super::{Call, CallError, Reply, TransportError, Trust};

/// The result of a call that reached its service.
pub type Answered = Result<Bytes, TransportError>;

type Answering = Pin<Box<dyn Future<Output = Answered> + Send>>;
type Method = Box<dyn Fn(Desk, Bytes) -> Answering + Send + Sync>;

/// What every method needs before it begins.
#[derive(Clone)]
struct Desk {
    clock: Arc<dyn Clock>,
    trust: Arc<dyn Trust>,
}

/// A service's table of methods.
pub struct Methods {
    service: &'static str,
    table: HashMap<&'static str, Method>,
}

impl Methods {
    pub fn new(service: &'static str) -> Methods {
        Methods { service, table: HashMap::new() }
    }

    /// Adds a method. Its context has the caller's principal and remaining time; the call ends at that deadline.
    pub fn on<C, R, E, F, W>(mut self, method: &'static str, work: W) -> Methods
    where
        C: DeserializeOwned + Send + 'static,
        R: Serialize + Send + 'static,
        E: Serialize + From<CallError> + Send + 'static,
        F: Future<Output = Result<R, E>> + Send + 'static,
        W: Fn(Ctx, C) -> F + Send + Sync + Clone + 'static,
    {
        let service = self.service;
        let answering = move |desk: Desk, call: Bytes| -> Answering {
            let work = work.clone();
            Box::pin(async move {
                let Call { ctx, command } = serde_json::from_slice::<Call<C>>(&call).map_err(not_understood)?;
                let principal = for_somebody(desk.trust.principal(ctx.caller, service)?, ctx.on_behalf_of);
                let (caller, on_behalf_of) = (&*principal.subject, principal.on_behalf_of.as_deref());
                let span =
                    tracing::info_span!("call", request_id = &*ctx.request_id, service, method, caller, on_behalf_of);
                telemetry::follow(&span, ctx.traceparent.as_deref());
                let came = ctx.traceparent.map(Arc::from);
                let ctx = Ctx {
                    principal,
                    deadline: Deadline::after_millis(&*desk.clock, ctx.deadline_ms),
                    request_id: ctx.request_id,
                    idempotency_key: ctx.idempotency_key,
                };
                let answering = deadline::ended(ctx.deadline, &desk.clock, work(ctx, command).instrument(span));
                let reply = match telemetry::passing_on(came, answering).await {
                    Ok(Ok(reply)) => Reply::Ok(reply),
                    Ok(Err(refused)) => Reply::Refused(refused),
                    Err(late) => Reply::Refused(E::from(CallError::from(late))),
                };
                // It may have been executed, so "not understood" would claim too much.
                serde_json::to_vec(&reply).map(Bytes::from).map_err(|error| TransportError::Lost(error.to_string()))
            })
        };
        self.table.insert(method, Box::new(answering));
        self
    }
}

impl Methods {
    /// By name, in order: for tests that check that each of them is guarded.
    pub fn names(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.table.keys().copied().collect();
        names.sort_unstable();
        names
    }
}

/// The methods that a service answers by its trait, one row each:
/// `.on("put", |at, ctx, it| async move { at.put(&ctx, it).await })`.
pub struct MethodsOf<S: ?Sized> {
    methods: Methods,
    face: Arc<S>,
}

impl<S: ?Sized + Send + Sync + 'static> MethodsOf<S> {
    pub fn new(service: &'static str, face: Arc<S>) -> MethodsOf<S> {
        MethodsOf::added_to(Methods::new(service), face)
    }

    /// In addition to others.
    pub fn added_to(methods: Methods, face: Arc<S>) -> MethodsOf<S> {
        MethodsOf { methods, face }
    }

    /// Adds a method, as [`Methods::on`].
    #[must_use]
    pub fn on<C, R, E, F>(self, method: &'static str, work: fn(Arc<S>, Ctx, C) -> F) -> MethodsOf<S>
    where
        C: DeserializeOwned + Send + 'static,
        R: Serialize + Send + 'static,
        E: Serialize + From<CallError> + Send + 'static,
        F: Future<Output = Result<R, E>> + Send + 'static,
    {
        let face = Arc::clone(&self.face);
        let methods = self.methods.on(method, move |ctx, command| work(Arc::clone(&face), ctx, command));
        MethodsOf { methods, face: self.face }
    }
}

impl<S: ?Sized> From<MethodsOf<S>> for Methods {
    fn from(all: MethodsOf<S>) -> Methods {
        all.methods
    }
}

/// All services that this process answers for.
pub struct Served {
    services: HashMap<&'static str, Methods>,
    desk: Desk,
}

/// Two services of one process under one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("two services of this process answer calls to {0}; a name belongs to one of them")]
pub struct SameName(pub &'static str);

impl Served {
    /// # Errors
    /// Two of them have one name, so that calls would reach either.
    pub fn new(
        services: impl IntoIterator<Item = Methods>,
        trust: Arc<dyn Trust>,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Served>, SameName> {
        let mut by_name = HashMap::new();
        for methods in services {
            let name = methods.service;
            if by_name.insert(name, methods).is_some() {
                return Err(SameName(name));
            }
        }
        Ok(Arc::new(Served { services: by_name, desk: Desk { clock, trust } }))
    }

    /// Executes one call. One that panics affects nothing else.
    pub async fn answer(&self, service: &str, method: &str, call: Bytes) -> Answered {
        let found =
            self.services.get(service).and_then(|methods| Some((methods, methods.table.get_key_value(method)?)));
        let Some((methods, (method, work))) = found else {
            return Err(TransportError::NotUnderstood(format!("{service} has no method {method} here")));
        };
        let started = self.desk.clock.monotonic();
        let answering = work(self.desk.clone(), call);
        let answered = AssertUnwindSafe(answering).catch_unwind().await;
        let answered = answered.unwrap_or_else(|_| {
            tracing::error!(service, method, "a call panicked; the previous line says where");
            Err(TransportError::Lost("the call panicked".to_owned()))
        });
        let seconds = self.desk.clock.monotonic().micros_since(started) as f64 / 1e6;
        metrics::histogram!("rpc_served_seconds", "service" => methods.service, "method" => *method).record(seconds);
        answered
    }
}

/// What the text says about the call stays between the two processes.
fn not_understood(error: serde_json::Error) -> TransportError {
    TransportError::NotUnderstood(error.to_string())
}
