//! Calls between services, in one process or several: JSON over HTTP/2 through one generic call.
//!
//! A service's interface is a trait; its remote half calls [`RpcClient::call`], three lines per method, and its serving
//! half is a table of [`Methods`] that [`routes`] mounts on an internal listener. A call carries the command, the
//! caller, the remaining time and the idempotency key; the reply is the service's own answer or refusal, equal to a
//! local one.
//!
//! Invariants: a caller never waits past its deadline; a command that may have been executed is retried only if a
//! repeat is safe, and is never answered "nothing happened"; retries have a budget, so that they do not overwhelm a
//! service that is down; without the credential a call is not even parsed, and with certificates a caller without one
//! is not even heard; the caller is authenticated where the call arrives ([`Trust`]), and never taken on trust.

mod breaker;
mod budget;
mod client;
mod connect;
mod credential;
mod http2;
mod methods;
mod outcome;
mod own;
mod routes;
mod transport;
mod trust;

pub use breaker::{Breaker, BreakerConfig, BreakerState};
pub use budget::Budget;
pub use client::{Repeat, RpcClient};
pub use connect::{Connect, Io, TcpConnect, TlsConnect};
pub use credential::{Credential, CredentialError};
pub use http2::Http2;
pub use methods::{Answered, Methods, MethodsOf, SameName, Served};
pub use outcome::{CallError, Outcome};
pub use own::OwnTokens;
pub use routes::{BODY_BYTES_MAX, routes};
pub use transport::{Transport, TransportError};
pub use trust::{Caller, Trust};

use kernel::IdempotencyKey;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A call as it is sent. The deadline is sent as remaining time, because the clocks of two machines differ.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Call<C> {
    ctx: CallerCtx,
    command: C,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CallerCtx {
    caller: Caller,
    deadline_ms: u64,
    request_id: Arc<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    idempotency_key: Option<IdempotencyKey>,
    /// For a service that calls on a user's behalf: the user's subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    on_behalf_of: Option<Arc<str>>,
    /// The call's position in its trace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    traceparent: Option<String>,
}

/// A reply as it is sent: a refusal is a reply too.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reply<R, E> {
    Ok(R),
    Refused(E),
}

fn path(service: &str, method: &str) -> String {
    format!("/rpc/{service}/{method}")
}
