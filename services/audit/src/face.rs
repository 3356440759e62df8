//! The interface of audit: its trait, queries and replies. Nothing here writes: entries come from the events of other rooms
//! alone.

mod refusal;
mod remote;

use async_trait::async_trait;
use kernel::{Ctx, Timestamp};
use platform::error::ServiceError;
use platform::feed::{Event, Pull};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use utoipa::ToSchema;

pub use crate::catalogue::{Class, Control, Framework, Risk};
pub use crate::entry::{Body, Outcome};
pub use crate::seal::Sealed;
pub use refusal::Refusal;
pub use remote::{FACE, RemoteAudit};

/// The name of the room.
pub const SERVICE: &str = "audit";

/// Why a call to audit has no result.
pub type AuditError = ServiceError<Refusal>;

/// Bounds of one call; each has its refusal.
pub mod limits {
    /// Items of one page.
    pub const PAGE_MAX: usize = 500;
}

#[async_trait]
pub trait Audit: Send + Sync {
    /// The newest entries first.
    async fn entries(&self, ctx: &Ctx, query: EntryQuery) -> Result<EntryPage, AuditError>;

    async fn entry(&self, ctx: &Ctx, index: u64) -> Result<Entry, AuditError>;

    /// That an entry is in the tree of a signed head.
    async fn proof(&self, ctx: &Ctx, query: ProofQuery) -> Result<Proof, AuditError>;

    /// The newest signed head, or that of a size.
    async fn checkpoint(&self, ctx: &Ctx, size: Option<u64>) -> Result<SignedHead, AuditError>;

    /// That one tree is the beginning of another.
    async fn consistency(&self, ctx: &Ctx, query: ConsistencyQuery) -> Result<Consistency, AuditError>;

    /// A tile of the tree, or the entries below one.
    async fn tile(&self, ctx: &Ctx, path: String) -> Result<TileBytes, AuditError>;

    async fn keys(&self, ctx: &Ctx) -> Result<KeyList, AuditError>;

    /// Who had to do with the data of a person; people see their own.
    async fn accesses(&self, ctx: &Ctx, query: AccessQuery) -> Result<EntryPage, AuditError>;

    async fn log(&self, ctx: &Ctx) -> Result<LogStatus, AuditError>;

    /// The log as a feed: each entry is an event, and its cursor is its index plus one.
    async fn events_after(&self, ctx: &Ctx, pull: Pull) -> Result<Vec<Event>, AuditError>;
}

/// All conditions that are given hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryQuery {
    pub class: Option<Class>,
    pub kind: Option<String>,
    pub actor: Option<String>,
    pub object: Option<String>,
    pub subject: Option<String>,
    pub transaction: Option<String>,
    pub risk: Option<Risk>,
    pub framework: Option<Framework>,
    /// Recorded at this time or later.
    pub from: Option<Timestamp>,
    /// Recorded before this time.
    pub to: Option<Timestamp>,
    /// Only entries before this index.
    pub before: Option<u64>,
    pub limit: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessQuery {
    pub subject: String,
    pub before: Option<u64>,
    pub limit: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofQuery {
    pub index: u64,
    /// Of the tree of this size; of the newest signed head otherwise.
    pub size: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsistencyQuery {
    pub from: u64,
    pub to: u64,
}

/// An entry for a reader.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Entry {
    pub index: u64,
    /// Absent after the time for which entries are kept; the entry's hash stays in the tree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Body>,
    /// What was sealed of it, for a reader of all entries, while its keys exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub personal: Option<Json>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EntryPage {
    pub items: Vec<Entry>,
    /// For the next page, if there is one: entries before this index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
}

/// A proof that needs no server: the entry's bytes, the hashes beside its way to the root, and the signed root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Proof {
    pub index: u64,
    pub size: u64,
    /// The bytes of the entry in base64, as they were hashed; absent after the time for which entries are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// In base64.
    pub leaf: String,
    /// From the leaf's neighbour up, in base64.
    pub hashes: Vec<String>,
    /// A signed note.
    pub checkpoint: String,
    /// The same in one text: `c2sp.org/tlog-proof@v1`.
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignedHead {
    pub origin: String,
    pub size: u64,
    /// In base64.
    pub root: String,
    /// The signed note: three lines, an empty line, the signatures.
    pub checkpoint: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Consistency {
    pub from: u64,
    pub to: u64,
    /// In base64, as RFC 9162 orders them.
    pub hashes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TileBytes {
    /// In base64.
    pub bytes: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeyList {
    /// The newest first.
    pub items: Vec<LogKey>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogKey {
    /// `NAME+HEXID+BASE64`.
    pub key: String,
    /// It signs new heads.
    pub signs: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LogStatus {
    pub origin: String,
    pub size: u64,
    /// Entries below the newest signed head.
    pub signed: u64,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub signed_at: Option<Timestamp>,
    pub sources: Vec<Source>,
}

/// A feed that the log reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Source {
    pub name: String,
    /// The last event that is in the log.
    pub cursor: u64,
    /// Events that were published and are not in the log yet, where the feed knows.
    #[serde(default)]
    pub lag: Option<u64>,
    /// Events that could not be added.
    pub parked: u64,
}
