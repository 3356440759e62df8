//! The HTTP kit: what every route shares, so that a handler only parses, calls and maps.
//!
//! Malformed requests are refused before a domain sees them, always as an RFC 9457 problem that names the field.
//! Invariants: a response never shows an internal cause; a label is a route, never a raw path; every wait and body has
//! a bound. Start reading at `edge`, the story of one request, then `json`.

mod admission;
mod bounds;
mod connection;
mod cors;
mod cursor;
mod deadline;
pub mod document;
mod edge;
mod feed;
mod gateway;
mod handshake;
mod headers;
mod host;
mod json;
mod listener;
mod names;
mod objects;
mod observe;
mod origin;
mod params;
mod patience;
mod places;
pub(crate) mod prefix;
mod problem;
mod request_id;
mod rules;
mod scan;
mod scope;
mod shed;

pub use admission::{Admission, admitted};
pub use cursor::{PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX, Page, decode_cursor, encode_cursor, page_limit};
pub use edge::{Edge, EdgeParts, guard};
pub use feed::{After, EventPage};
pub(crate) use gateway::check as check_gateway;
pub use gateway::gateway;
pub use host::Hosts;
pub use json::{Json, Nothing};
pub use listener::{Bound, Drained, ListenError, Listener, Settings};
pub use names::Names;
pub use origin::Peer;
pub use params::{Path, Query, take_parameter};
pub use problem::{FieldError, Problem, ProblemBody, Refusal, members_of, refusals};
pub use scope::{CallCtx, Limits, Repeatable, Scope};
