//! Calls between services, whether they share a process or not: JSON over HTTP/2 through one generic call.
//!
//! A service's face is a trait; its remote half calls [`RpcClient::call`], three lines a method, and its serving half is a
//! table of [`Methods`] that [`routes`] puts behind an internal listener. What travels is the command, who asks, how long
//! they wait and their idempotency key; what comes back is the service's own answer or its own refusal, equal to a local one.
//!
//! Invariants: a caller never waits past its deadline; a command that may have been carried out is sent again only where a
//! repeat is harmless, and is never answered "nothing happened"; repeats have a budget, so that a service that is down is not
//! drowned by them; without the credential no call is even parsed, and with certificates nobody without one is even heard; whom a call comes from is established where it arrives
//! ([`Trust`]), and never believed.

mod budget;
mod client;
mod connect;
mod credential;
mod http2;
mod methods;
mod outcome;
mod routes;
mod transport;
mod trust;

pub use budget::Budget;
pub use client::{Repeat, RpcClient};
pub use connect::{Connect, Io, TcpConnect, TlsConnect};
pub use credential::{Credential, CredentialError};
pub use http2::Http2;
pub use methods::{Answered, Methods, Served};
pub use outcome::{CallError, Outcome};
pub use routes::{BODY_BYTES_MAX, routes};
pub use transport::{Transport, TransportError};
pub use trust::{Caller, Trust};

use kernel::IdempotencyKey;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A call as it travels. The deadline goes as the time that is left, because clocks of two machines differ.
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
    /// Where the call stands in its trace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    traceparent: Option<String>,
}

/// An answer as it travels: a refusal is an answer too.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reply<R, E> {
    Ok(R),
    Refused(E),
}

fn path(service: &str, method: &str) -> String {
    format!("/rpc/{service}/{method}")
}
