//! What every room has without writing it: its events, the events of others that it has parked, and the outcomes of
//! commands sent with an idempotency key. In process and between processes, under the room's own name.
//!
//! A room declares which parts it uses (`outbox`, `consumes`, `once`). [`Here`] answers in the process that has the
//! store, and [`serve`] adds it to the room's methods; [`There`] calls another process; [`RemoteFeed`] lets a consumer
//! pull from one. [`routes`] mounts it under `/v1/ROOM`, and [`document()`] describes it.
//!
//! Invariant: permissions are checked where the store is, on a principal that was authenticated there. Start reading at
//! [`Frame`].

mod document;
mod here;
mod http;
mod pull;
mod there;

use async_trait::async_trait;
use kernel::{Ctx, IdempotencyKey, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::Failure;
use crate::feed::{ConsumerName, Event, ParkedEvent, Pull, RegisteredConsumer};
use crate::room::{Resource, Room};

pub use document::{Operation, document, operations};
pub use here::{Here, Parts};
pub use http::routes;
pub use pull::{ActsAs, RemoteFeed};
pub use there::{There, serve};

/// The permissions that the frame's operations need.
pub const WORDS: &[Resource] = &[("events", &["read", "change"])];

/// The frame's part of a room, in this process or another.
#[async_trait]
pub trait Frame: Send + Sync {
    /// Everything after a cursor, in order, at least once.
    async fn events_after(&self, ctx: &Ctx, pull: Pull) -> Result<Vec<Event>, Failure>;

    /// The highest cursor so far.
    async fn end(&self, ctx: &Ctx) -> Result<u64, Failure>;

    /// The registered readers of the events, and how far each is: rows stay until all of them have passed.
    async fn consumers(&self, ctx: &Ctx) -> Result<Vec<RegisteredConsumer>, Failure>;

    /// Stops keeping events for this consumer.
    async fn deregister(&self, ctx: &Ctx, name: ConsumerName) -> Result<(), Failure>;

    /// Events of other services that could not be applied here.
    async fn parked(&self, ctx: &Ctx, query: ParkedQuery) -> Result<Vec<ParkedEvent>, Failure>;

    /// Retries a parked event; it stays parked if that fails.
    async fn retry(&self, ctx: &Ctx, at: ParkedAt) -> Result<Retried, Failure>;

    /// Discards a parked event: it is never applied.
    async fn give_up(&self, ctx: &Ctx, at: ParkedAt) -> Result<ParkedEvent, Failure>;

    /// The outcome of the caller's own command with that name.
    async fn outcome(&self, ctx: &Ctx, of: OutcomeOf) -> Result<OutcomeFound, Failure>;
}

/// The parts of the frame that a room has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offers {
    pub room: &'static str,
    pub outbox: bool,
    pub consumes: bool,
    pub once: bool,
}

impl Offers {
    pub const fn of(room: &Room) -> Offers {
        Offers { room: room.name, outbox: room.outbox, consumes: !room.consumes.is_empty(), once: room.once }
    }

    pub fn anything(self) -> bool {
        self.outbox || self.consumes || self.once
    }
}

/// Parked events after a feed and a cursor; without those, from the start.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParkedQuery {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<ParkedAt>,
    pub limit: usize,
}

/// One parked event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParkedAt {
    pub feed: String,
    pub cursor: u64,
}

/// The result of a retry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Retried {
    /// The event was applied and is no longer parked.
    pub happened: bool,
    /// Why it failed again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "account acct_01kppyy0k0f4g8n1vpdkpr5g3a does not exist")]
    pub reason: Option<String>,
}

/// A command, by its operation and its idempotency key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutcomeOf {
    pub operation: String,
    pub key: IdempotencyKey,
}

/// The outcome of a command; it has one of the two.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OutcomeFound {
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The id of what was created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Value, required = false, example = json!("usr_01kppyy0k0f4g8n1vpdkpr5g3a"))]
    pub made: Option<serde_json::Value>,
    /// The refusal, with its code and fields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub refused: Option<serde_json::Value>,
}
